"""Planes as animations: members walk over the surface; where none does, it turns around once."""

import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import UInt8
from matplotlib.animation import FFMpegWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from scipy.spatial import KDTree

from modescape.core.errors import MissingDependencyError, StoreError
from modescape.report.colors import LIGHT
from modescape.report.exports.parts import TITLE, Files, check_plane
from modescape.report.figures.planes import plane_surfaces
from modescape.report.static.frames import frames

FRAME_MILLISECONDS: Final = 80
"""Time that each picture stands; GIF counts in hundredths of a second."""
MOST_COLORS: Final = 256
"""Colours that GIF has room for."""
COMMONEST: Final = 60
"""Colours of large even parts, which would be seen to change."""
SERIES: Final = "series-"
TEXTS: Final = ("ink", "muted")
DOTS: Final = 100
"""Pixels of an inch, of which there are none in a picture: matplotlib counts in inches."""
LONGEST_REASON: Final = 200

Frame = UInt8[np.ndarray, "height width 3"]
Colors = UInt8[np.ndarray, "color 3"]


def as_gif(dataset: xr.Dataset, loss_unit: str) -> Files:
    """Return an animation as GIF, in 256 colours for all its pictures, so that what stands still does not flicker."""
    check_plane(dataset, ".gif")
    pictures = _frames(dataset, loss_unit)
    first = next(pictures)
    palette = _palette(first)
    images = (_in_colors(picture, palette) for picture in chain([first], pictures))
    content = io.BytesIO()
    next(images).save(
        content, "gif", save_all=True, append_images=images, duration=FRAME_MILLISECONDS, loop=0, optimize=False
    )
    return {".gif": content.getvalue()}


def _palette(picture: Frame) -> Colors:
    """Return the colours of a picture, its commonest as they are, and those of members that are yet to walk over it."""
    drawn = [np.array(to_rgb(color)) for role, color in LIGHT.items() if role.startswith(SERIES) or role in TEXTS]
    ways = np.array([255 * shade for color in drawn for shade in (color, (color + 1) / 2)])
    colors, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    kept = np.concatenate([colors[np.argsort(-counts)[:COMMONEST]], ways]).astype(np.uint8)
    others = Image.fromarray(picture).quantize(MOST_COLORS - len(kept), dither=Image.Dither.NONE).getpalette() or []
    return np.concatenate([kept, np.array(others, np.uint8).reshape(-1, 3)])


def _in_colors(picture: Frame, palette: Colors) -> Image.Image:
    """Return a picture in the colours of a palette, the nearest one for each pixel.

    Pillow looks for the nearest by the highest bits alone, which turns white grey.
    """
    packed = picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, places = np.unique(packed, return_inverse=True)
    nearest = KDTree(palette).query(np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1))[1]
    image = Image.fromarray(np.asarray(nearest, np.uint8)[places].reshape(packed.shape))
    image.putpalette(palette.ravel().tolist())
    return image


def as_mp4(dataset: xr.Dataset, loss_unit: str) -> Files:
    """Return an animation as MP4 (H.264), which ffmpeg makes.

    Raises:
        MissingDependencyError: If there is no ffmpeg.
        StoreError: If it fails.
    """
    check_plane(dataset, ".mp4")
    if not FFMpegWriter.isAvailable():
        raise MissingDependencyError(
            "MP4 needs the program `ffmpeg`, which is not on the PATH. Install it, or write .gif or .html instead."
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "landscape.mp4"
        try:
            _encode(_frames(dataset, loss_unit), path)
        except CalledProcessError as error:
            reason = " ".join((error.stderr or "").split())
            raise StoreError(
                f"ffmpeg could not make an MP4 ({reason[:LONGEST_REASON] or 'it gave no reason'}). "
                "Install an ffmpeg with libx264, or write .gif instead."
            ) from error
        return {".mp4": path.read_bytes()}


def _frames(dataset: xr.Dataset, loss_unit: str) -> Iterator[Frame]:
    """Make the pictures of the first surface, which is the loss where there is one."""
    return frames(plane_surfaces(dataset, loss_unit=loss_unit)[0], title=TITLE)


def _encode(pictures: Iterator[Frame], path: Path) -> None:
    """Hand pictures to ffmpeg one by one, each pixel as it is.

    Raises:
        CalledProcessError: If it fails.
    """
    first = next(pictures)
    figure = Figure(figsize=(first.shape[1] / DOTS, first.shape[0] / DOTS), dpi=DOTS)
    FigureCanvasAgg(figure)
    shown = figure.figimage(first)
    # Players other than ffmpeg's own only know this way to store colours; faststart lets a page begin to play at once.
    made = ["-pix_fmt", "yuv420p", "-crf", "18", "-movflags", "+faststart"]
    writer = FFMpegWriter(fps=1000 / FRAME_MILLISECONDS, codec="libx264", extra_args=made)  # pyright: ignore[reportArgumentType]
    # A program that has ended early wants no more pictures; what it says of that comes at the end.
    with writer.saving(figure, str(path), DOTS), suppress(BrokenPipeError):
        for picture in chain([first], pictures):
            shown.set_data(picture)
            writer.grab_frame()
