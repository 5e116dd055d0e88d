"""Drawings as pictures: PNG and SVG by matplotlib, the same bytes for the same drawing.

Each kind of panel has a file here; `pictures` puts panels together.
"""

from modescape.report.static.pictures import pictures

__all__ = ["pictures"]
