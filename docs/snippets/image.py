"""What the gallery's pages use to show a picture that their script has made."""

import io
from base64 import b64encode

from PIL import Image, ImageSequence

PICTURE_PIXELS, MOVIE_PIXELS = 1200, 760
"""Widths of pictures that are made of pixels."""


def image(picture: bytes, alt: str) -> str:
    """Return a picture (SVG, PNG or GIF) as HTML that needs no other file."""
    kind = "svg+xml"
    if picture.startswith((b"\x89PNG", b"GIF8")):
        kind, picture = "webp", as_webp(picture)
    address = f"data:image/{kind};base64,{b64encode(picture).decode()}"
    return f'<p class="modescape-figure"><img alt="{alt}" src="{address}"></p>'


def as_webp(picture: bytes) -> bytes:
    """Return a picture of pixels, or a movie, in a small file and no wider than a page has room for."""
    source, content = Image.open(io.BytesIO(picture)), io.BytesIO()
    width = MOVIE_PIXELS if getattr(source, "is_animated", False) else PICTURE_PIXELS
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(source)]
    for frame in frames:
        frame.thumbnail((width, 4 * width))
    duration = source.info.get("duration", 0)
    frames[0].save(content, "webp", save_all=True, append_images=frames[1:], duration=duration, loop=0, quality=80)
    return content.getvalue()
