"""A gallery of examples with all answers to each."""

from dataclasses import dataclass

from modescape.core.errors import ArgumentError
from modescape.report.drawables.examples import Examples


@dataclass(frozen=True, eq=False)
class Gallery:
    """Examples side by side, each with the answers to it; those that are no images are rows of a table.

    Args:
        title: Heading of the panel; may be empty.
        alt: The panel in words, with its main numbers.
        examples: What is shown, and more.
        shown: Which of them are shown, in their order.
        in_picture: How many of these a picture has room for.
    """

    title: str
    alt: str
    examples: Examples
    shown: tuple[int, ...]
    in_picture: int = 12

    def __post_init__(self) -> None:
        """Check that what is shown is there."""
        number = len(self.examples.titles)
        wrong = [one for one in self.shown if not 0 <= one < number]
        if wrong:
            raise ArgumentError("shown", f"be numbers of {number} examples", wrong[0], "Count them from 0")
