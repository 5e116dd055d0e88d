"""Drawings as plotly specifications: plain dictionaries that the page hands to plotly.js.

A colour is `{"theme": ROLE}` and the page replaces it by the colour of its light or dark theme. plotly reads a few
HTML tags and `%{...}` in texts, so every text goes through `plain` first. Each kind of panel has a file here.
"""

from modescape.report.interactive.examples import examples_spec
from modescape.report.interactive.panels import panel_spec
from modescape.report.interactive.parts import color_stops, numbers, plain, theme

__all__ = ["color_stops", "examples_spec", "numbers", "panel_spec", "plain", "theme"]
