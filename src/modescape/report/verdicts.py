"""Answers to a yes-or-no question about a run: a verdict, the sentences that carry it, and the numbers behind it."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What the numbers say."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"
    """Measured, but the numbers allow both answers."""
    UNKNOWN = "unknown"
    """Not measured."""


@dataclass(frozen=True)
class Number:
    """A number with its interval, in the unit it is shown in.

    Args:
        name: What it is.
        value: The estimate.
        low: Lower end of the interval; None where there is no interval.
        high: Upper end.
        unit: The unit, or empty.
        decimals: Digits after the point when shown.
        signed: Whether a plus is written, as for a change.

    >>> print(Number("gain", 2.5, 1.0, 4.0, "points", decimals=1, signed=True))
    +2.5 points [+1.0, +4.0]
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    decimals: int = 2
    signed: bool = False

    def __str__(self) -> str:
        """Write the number, its unit and its interval."""
        return " ".join(part for part in (self.shown, self.unit, self.interval) if part)

    @property
    def shown(self) -> str:
        """The estimate as text."""
        return self._text(self.value)

    @property
    def interval(self) -> str:
        """The interval as text, or an empty text where there is none."""
        if self.low is None or self.high is None:
            return ""
        return f"[{self._text(self.low)}, {self._text(self.high)}]"

    def as_dict(self) -> dict[str, Any]:
        """Return the number in types that JSON knows; what is not finite is null."""
        return {name: _finite(value) for name, value in asdict(self).items()}

    def _text(self, value: float) -> str:
        """Write one number."""
        text = f"{value:{'+' if self.signed else ''}.{self.decimals}f}"
        return text.lstrip("+-") if float(text) == 0 else text


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Args:
        question: The question, as a reader would ask it.
        verdict: What the numbers say.
        headline: The verdict in a few words.
        sentences: What it rests on.
        numbers: The numbers behind it.
    """

    question: str
    verdict: Verdict
    headline: str
    sentences: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the answer in types that JSON knows; a number that is not finite is null."""
        return {
            "question": self.question,
            "verdict": str(self.verdict),
            "headline": self.headline,
            "sentences": list(self.sentences),
            "numbers": [number.as_dict() for number in self.numbers],
        }


def side(low: float, high: float, mark: float) -> Verdict:
    """Say whether an interval lies above a mark (yes), below it (no), or holds it (unclear).

    >>> side(0.1, 0.2, 0.0), side(-0.1, 0.2, 0.0), side(-0.2, -0.1, 0.0)
    (<Verdict.YES: 'yes'>, <Verdict.UNCLEAR: 'unclear'>, <Verdict.NO: 'no'>)
    """
    if low > mark:
        return Verdict.YES
    return Verdict.NO if high < mark else Verdict.UNCLEAR


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """Join verdicts on one question: yes or no where all clear ones agree, unclear where none is clear or they differ.

    >>> together([Verdict.YES, Verdict.UNCLEAR]), together([Verdict.YES, Verdict.NO]), together([])
    (<Verdict.YES: 'yes'>, <Verdict.UNCLEAR: 'unclear'>, <Verdict.UNKNOWN: 'unknown'>)
    """
    if not verdicts:
        return Verdict.UNKNOWN
    clear = {verdict for verdict in verdicts if verdict in (Verdict.YES, Verdict.NO)}
    return clear.pop() if len(clear) == 1 else Verdict.UNCLEAR


def _finite(value: object) -> object:
    """Return a number as a plain float where finite, None where not, and anything else as it is."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
