"""What a claim is: a plain sentence, the numbers held against marks, and what they say."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import xarray as xr

from modescape.report.verdicts import Number, Verdict, side

WORDS: Final = {
    Verdict.YES: "holds",
    Verdict.NO: "does not hold",
    Verdict.UNCLEAR: "undecided",
    Verdict.UNKNOWN: "not measured",
}
"""How the verdict on a claim is written."""
OF_PAPER: Final = "Do the claims of the paper hold here?"
"""The question that claims stand under unless they say otherwise."""


@dataclass(frozen=True)
class Evidence:
    """One number held against a mark.

    Args:
        statistic: What the number is, in words.
        number: The number with its interval; None where there is none.
        mark: What it is held against, in the unit of the number.
        right_side: Where the number must lie for the claim to hold.
        verdict: Whether it lies there.
        decides: Whether the claim rests on it; False for a number that is shown beside it.

    >>> held_against("share", Number("share", 0.1, 0.05, 0.2), 0.25, "below").verdict
    <Verdict.YES: 'yes'>
    """

    statistic: str
    number: Number | None
    mark: float
    right_side: Literal["above", "below"]
    verdict: Verdict
    decides: bool = True

    @property
    def shown_mark(self) -> str:
        """The mark as text, with the side that the claim needs."""
        return f"{self.right_side} {self.mark:g}"

    @property
    def words(self) -> str:
        """The verdict in words."""
        return WORDS[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        """Return the evidence in types that JSON knows; a number that is not there is null."""
        return {
            "statistic": self.statistic,
            "number": None if self.number is None else self.number.as_dict(),
            "mark": self.mark,
            "right_side": self.right_side,
            "verdict": self.words,
            "decides": self.decides,
        }


def held_against(statistic: str, number: Number | None, mark: float, right_side: Literal["above", "below"]) -> Evidence:
    """Hold a number against a mark by its interval.

    `yes` where the interval lies wholly on the right side, `no` where wholly on the other, `unclear` where it holds the
    mark or there is no interval (a bare number decides nothing), `unknown` without a number.

    >>> held_against("gain", Number("gain", 1.0, -1.0, 3.0), 0.0, "above").words
    'undecided'
    """
    if number is None or not math.isfinite(number.value):
        return Evidence(statistic, None, mark, right_side, Verdict.UNKNOWN)
    if number.low is None or number.high is None:
        return Evidence(statistic, number, mark, right_side, Verdict.UNCLEAR)
    above = side(number.low, number.high, mark)
    verdict = above if right_side == "above" else _OPPOSITE[above]
    return Evidence(statistic, number, mark, right_side, verdict)


_OPPOSITE: Final = {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES, Verdict.UNCLEAR: Verdict.UNCLEAR}


def beside(evidence: Evidence) -> Evidence:
    """Return evidence that is shown and decides nothing."""
    return replace(evidence, decides=False)


@dataclass(frozen=True)
class Claim:
    """A claim and what the results say of it.

    Args:
        name: Its name for other programs: lower case and hyphens.
        sentence: The claim in one plain sentence.
        evidence: The numbers it is held to; it holds when all that decide say so.
        reason: Why it was not measured, or empty.
        heading: The question that it stands under.
    """

    name: str
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
    heading: str = OF_PAPER

    @property
    def verdict(self) -> Verdict:
        """No where any number says no, else unknown or unclear where any does, yes where all say yes."""
        found = {one.verdict for one in self.evidence if one.decides}
        for verdict in (Verdict.NO, Verdict.UNKNOWN, Verdict.UNCLEAR, Verdict.YES):
            if verdict in found:
                return verdict
        return Verdict.UNKNOWN

    @property
    def words(self) -> str:
        """The verdict in words: `holds`, `does not hold`, `undecided` or `not measured`."""
        return WORDS[self.verdict]

    @property
    def told(self) -> str:
        """The verdict and the numbers behind it as one sentence.

        >>> Claim("a", "A holds.", reason="no `plane` results").told
        'Not measured: no `plane` results.'
        """
        return f"{self.words[0].upper()}{self.words[1:]}: {self.shown_numbers or self.reason}."

    @property
    def shown_numbers(self) -> str:
        """The numbers that decide, with their marks; where there is none, why."""
        return "; ".join(
            one.statistic if one.number is None else f"{one.number}, mark: {one.shown_mark}"
            for one in self.evidence
            if one.decides
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the claim in types that JSON knows.

        >>> Claim("a", "A holds.", reason="no `plane` results").as_dict()["verdict"]
        'not measured'
        """
        return {
            "name": self.name,
            "claim": self.sentence,
            "verdict": self.words,
            "evidence": [one.as_dict() for one in self.evidence],
            "reason": self.reason,
        }


@dataclass(frozen=True)
class ClaimKind:
    """An entry of the catalogue of claims.

    Args:
        name: Its name for other programs.
        sentence: The claim in one plain sentence.
        step: The step whose results it is held to.
        compute: Turns results into evidence; it is only called where the step is there.
        heading: The question that it stands under.
    """

    name: str
    sentence: str
    step: str
    compute: Callable[[Mapping[str, xr.Dataset]], tuple[Evidence, ...]]
    heading: str = OF_PAPER

    def judged(self, results: Mapping[str, xr.Dataset]) -> Claim:
        """Return the claim with what the results say of it."""
        if self.step not in results:
            return Claim(self.name, self.sentence, reason=f"no `{self.step}` results", heading=self.heading)
        evidence = self.compute(results)
        measured = any(one.verdict is not Verdict.UNKNOWN for one in evidence)
        reason = "" if measured else f"the `{self.step}` results have no numbers for it"
        return Claim(self.name, self.sentence, evidence if measured else (), reason, self.heading)
