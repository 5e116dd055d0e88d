"""Examples that members dispute: what was shown to them, what is true, and what each member answered."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from modescape.core.errors import ArgumentError, Quoted

MISSING: Final = -1
"""A class that is not known."""
MOST_NAMED: Final = 12
"""Most members of one answer that are named; more are counted."""


class Votes(NamedTuple):
    """The members that gave one answer to one example.

    Args:
        name: Name of the class.
        members: Who gave this answer, in words.
        confidence: Which probabilities they gave it, in words; empty where they are not known.
        is_true: Whether the answer is right.
    """

    name: str
    members: str
    confidence: str
    is_true: bool


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples with the answers of members. A page holds what they look like once, whatever shows them.

    Args:
        name: What the page keeps them under; examples of one name are the same.
        titles: What each example is called.
        members: Labels of the members.
        word: What stands before the label of a member; empty where it is a name.
        classes: Names of the classes.
        votes: The class that each member answered; `MISSING` where it is not known.
        confidence: The probability that each member gave its answer; NaN where it is not known.
        labels: The true class of each example; `MISSING` where it is not known.
        images: What the examples look like; with a number of channels other than 1 and 3 their mean is shown.
        features: The numbers of examples that are no images.
        feature_names: What these numbers are.
    """

    name: str
    titles: tuple[str, ...]
    members: tuple[str, ...]
    word: str
    classes: tuple[str, ...]
    votes: Int[np.ndarray, "example member"]
    confidence: Float[np.ndarray, "example member"]
    labels: Int[np.ndarray, "example"]
    images: UInt8[np.ndarray, "example height width channel"] | None = None
    features: Float[np.ndarray, "example feature"] | None = None
    feature_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that everything is given once an example."""
        number, members = len(self.titles), len(self.members)
        shapes = {"votes": (number, members), "confidence": (number, members), "labels": (number,)}
        for argument, shape in shapes.items():
            got = getattr(self, argument).shape
            if got != shape:
                raise ArgumentError(argument, f"have the shape {shape}", Quoted(f"{got}"), "Give one entry an example")
        for argument, array in (("images", self.images), ("features", self.features)):
            if array is not None and len(array) != number:
                rule = f"hold one entry for each of {number} examples"
                raise ArgumentError(argument, rule, Quoted(f"{len(array)}"), "Give one entry an example")

    def class_name(self, number: int) -> str:
        """Return the name of a class.

        >>> none = np.zeros((0, 0))
        >>> examples = Examples("", (), (), "", ("cat", "dog"), none, none, np.zeros(0))
        >>> examples.class_name(1), examples.class_name(-1)
        ('dog', 'not known')
        """
        return self.classes[number] if 0 <= number < len(self.classes) else "not known"

    def answers(self, example: int) -> tuple[Votes, ...]:
        """Return the answers to one example, the most frequent first."""
        votes, label = self.votes[example], int(self.labels[example])
        found, counts = np.unique(votes[votes != MISSING], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return tuple(self._answer(example, int(found[place]), label) for place in order)

    def _answer(self, example: int, answer: int, label: int) -> Votes:
        """Return who gave one answer, and with which confidence."""
        who = np.flatnonzero(self.votes[example] == answer)
        names = ", ".join(self.members[member] for member in who)
        if len(who) > MOST_NAMED:
            names = f"{len(who):,} members"
        return Votes(self.class_name(answer), names, _told(self.confidence[example, who]), answer == label)

    @cached_property
    def pixels(self) -> UInt8[np.ndarray, "example height width channel"] | None:
        """The images as they are shown, with 1 or 3 channels."""
        if self.images is None or self.images.shape[-1] in (1, 3):
            return self.images
        return self.images.mean(axis=-1, keepdims=True).round().astype(np.uint8)


def _told(confidence: Float[np.ndarray, "member"]) -> str:
    """Say where probabilities lie.

    >>> _told(np.array([0.5, 0.75])), _told(np.array([0.5])), _told(np.array([np.nan]))
    ('0.50 to 0.75', '0.50', '')
    """
    known = confidence[np.isfinite(confidence)]
    if not known.size:
        return ""
    low, high = f"{known.min():.2f}", f"{known.max():.2f}"
    return low if low == high else f"{low} to {high}"
