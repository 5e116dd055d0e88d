"""Planes as animations: members walk over the surface; where none does, it turns around once."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import xarray as xr
from jaxtyping import UInt8
from matplotlib.colors import to_rgb
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
FFMPEG: Final = "ffmpeg"
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
    program = shutil.which(FFMPEG)
    if program is None:
        raise MissingDependencyError(
            "MP4 needs the program `ffmpeg`, which is not on the PATH. Install it, or write .gif or .html instead."
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "landscape.mp4"
        _encode(program, _frames(dataset, loss_unit), path)
        return {".mp4": path.read_bytes()}


def _frames(dataset: xr.Dataset, loss_unit: str) -> Iterator[Frame]:
    """Make the pictures of the first surface, which is the loss where there is one."""
    return frames(plane_surfaces(dataset, loss_unit=loss_unit)[0], title=TITLE)


def _encode(program: str, pictures: Iterator[Frame], path: Path) -> None:
    """Hand pictures to ffmpeg one by one.

    Raises:
        StoreError: If it does not make the file.
    """
    first = next(pictures)
    size, rate = f"{first.shape[1]}x{first.shape[0]}", f"{1000 / FRAME_MILLISECONDS:g}"
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", rate, "-i", "-"]
    # Players other than ffmpeg's own only know this way to store colours; faststart lets a page begin to play at once.
    made = ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", "-movflags", "+faststart", str(path)]
    command = [program, "-loglevel", "error", "-y", *given, *made]
    with (
        (path.parent / "errors").open("w+b") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors) as process,  # noqa: S603
    ):
        _feed(process, chain([first], pictures))
        failed = process.wait() != 0 or not path.exists()
        errors.seek(0)
        reason = " ".join(errors.read().decode(errors="replace").split())
    if failed:
        raise StoreError(
            f"ffmpeg could not make an MP4 ({reason[:LONGEST_REASON] or 'it gave no reason'}). "
            "Install an ffmpeg with libx264, or write .gif instead."
        )


def _feed(process: "subprocess.Popen[bytes]", pictures: Iterator[Frame]) -> None:
    """Write pictures to a program until it wants no more."""
    if process.stdin is None:
        return
    try:
        for picture in pictures:
            process.stdin.write(np.ascontiguousarray(picture).tobytes())
        process.stdin.close()
    except BrokenPipeError:
        # It has ended early; what it says of that is in its errors.
        return
