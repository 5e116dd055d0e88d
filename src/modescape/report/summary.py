"""The top of a report: are the members different, is the ensemble worth it, which one is, and do claims hold?"""

from dataclasses import dataclass
from typing import Any

from modescape.report.claims import Claim, judged
from modescape.report.contents import ReportContents
from modescape.report.difference import difference
from modescape.report.verdicts import Answer
from modescape.report.which import which
from modescape.report.worth import worth


@dataclass(frozen=True)
class Summary:
    """The questions of every report, answered from its results.

    Args:
        different: Are my members different?
        worth_it: Is the ensemble worth it?
        notes: What a reader must know before trusting the numbers.
        claims: Claims of the paper and beliefs about landscapes with what the results say of them; none under a
            heading where no step they rest on is there.
        which: Which ensemble is worth its compute? None where methods were not compared by their budget.
    """

    different: Answer
    worth_it: Answer
    notes: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    which: Answer | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers in the order of reading."""
        return (self.different, self.worth_it, *([self.which] if self.which else []))

    @property
    def sentences(self) -> tuple[str, ...]:
        """The whole summary as plain sentences, for a terminal."""
        answers = [
            sentence
            for answer in self.answers
            for sentence in (f"{answer.question} {answer.headline}", *answer.sentences)
        ]
        return (*answers, *(f"{claim.sentence} {claim.told}" for claim in self.claims))

    def as_dict(self) -> dict[str, Any]:
        """Return the summary in types that JSON knows.

        >>> summarise(ReportContents(title="digits")).as_dict()["worth_it"]["verdict"]
        'unknown'
        """
        return {
            "different": self.different.as_dict(),
            "worth_it": self.worth_it.as_dict(),
            **({"which": self.which.as_dict()} if self.which else {}),
            "notes": list(self.notes),
            "claims": [claim.as_dict() for claim in self.claims],
        }


def summarise(contents: ReportContents) -> Summary:
    """Answer from the results whether members are different, whether the ensemble is worth it, and which one is.

    Args:
        contents: What the report is made of; a question whose step is missing is answered `unknown`.

    Raises:
        ArgumentError: If a result does not have the dimensions it must have.

    >>> print(summarise(ReportContents(title="digits")).different.headline)
    Not measured: this run has no `solutions` results.
    """
    results = contents.results
    return Summary(difference(results), worth(results), tuple(contents.notes), judged(results), which(results))
