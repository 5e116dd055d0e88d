"""What pages use that show many figures of one report, beside `image` of `image.py`."""

from collections.abc import Callable
from pathlib import Path

from modescape import Run
from modescape.report import FIGURES, drawn
from modescape.studies.report import report_contents


def figures_of(run: Run, folder: Path, image: Callable[[bytes, str], str]) -> Callable[[str], str]:
    """Return a function that takes the name of a figure, and returns it with what was found in it, as HTML."""
    drawings = {drawing.name: drawing for drawing in drawn(FIGURES, report_contents(run).results)[0]}

    def shown(name: str) -> str:
        pictures = [folder / f"{name}.{ending}" for ending in ("png", "svg")]
        smallest = min(pictures, key=lambda picture: picture.stat().st_size)
        sentences = "".join(f"<li>{sentence}</li>" for sentence in drawings[name].found)
        picture = image(smallest.read_bytes(), drawings[name].alt)
        return f"{picture}<ul>{sentences}</ul>" if sentences else picture

    return shown
