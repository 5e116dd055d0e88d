"""Writing a report: the page, and each figure as PNG, SVG and CSV beside it."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from modescape.core.errors import StoreError
from modescape.report.contents import ReportContents
from modescape.report.drawables import Drawing
from modescape.report.figures import FIGURES, drawn
from modescape.report.page import page
from modescape.report.static import pictures
from modescape.report.summary import summarise

PAGE = "report.html"
FOLDER = "figures"


def write_report(contents: ReportContents, directory: Path) -> Path:
    """Write `report.html` and `figures/<name>.png`, `.svg` and `.csv` into a directory.

    Each file is written whole or not at all, the page last. Figures of an older report that can't be drawn any more
    are removed.

    Args:
        contents: What the report is made of.
        directory: Where to write; made if it does not exist.

    Returns:
        The path of the page.

    Raises:
        ArgumentError: If a result does not have the dimensions it must have.
        StoreError: If the directory can't be written.
    """
    summary = summarise(contents)
    drawings, left_out = drawn(FIGURES, contents.results)
    images = {drawing.name: pictures(drawing) for drawing in drawings}
    text = page(contents, summary, drawings, left_out, images)
    try:
        (directory / FOLDER).mkdir(parents=True, exist_ok=True)
        for drawing in drawings:
            _write_figure(directory / FOLDER, drawing, images[drawing.name])
        for missing in left_out:
            for ending in ("png", "svg", "csv"):
                (directory / FOLDER / f"{missing.name}.{ending}").unlink(missing_ok=True)
        write_whole(directory / PAGE, text.encode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"the report can't be written to {directory}: {reason}. Choose another directory.") from error
    return directory / PAGE


def _write_figure(folder: Path, drawing: Drawing, images: Mapping[str, bytes]) -> None:
    """Write one figure in its three forms."""
    for ending, content in {**images, "csv": drawing.table.as_csv().encode()}.items():
        write_whole(folder / f"{drawing.name}.{ending}", content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name first, so that a reader never meets half of it."""
    with unfinished(path) as beside:
        beside.write_bytes(content)
        beside.replace(path)


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Give a path beside another under which it can be written; what is left of it in the end is removed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
    finally:
        if beside.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
        else:
            beside.unlink(missing_ok=True)
