"""What the gallery's pages use to show a picture that their script has made."""

from base64 import b64encode


def image(svg: bytes, alt: str) -> str:
    """Return a picture as HTML that needs no other file."""
    address = f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
    return f'<p class="modescape-figure"><img alt="{alt}" src="{address}"></p>'
