"""The vote: the share of the members that decide for each class."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from modescape.core.checks import check_at_least, check_choice, checked_probabilities

Ties = Literal["mean", "split"]
TIES: tuple[Ties, ...] = ("mean", "split")


def vote_shares(
    probabilities: Float[np.ndarray, "member example class"], *, ties: Ties = "mean", pseudo_votes: float = 0.0
) -> Float[np.ndarray, "example class"]:
    """Return the share of votes that each class has among members.

    p_nc = (v_nc + a) / (M + a C) with v_nc the members whose most probable class is c, and a pseudo-votes a class. A
    member with several most probable classes gives each an equal part of its vote. Classes that have the most votes
    together divide these votes in proportion to their mean probability (`ties="mean"`, so that the decision between
    them is that of the mean), or have them as they are (`ties="split"`).

    A share of 0 has an NLL of 87 nats where it is the true class; pseudo-votes prevent that.

    Source: Hansen, Salamon (1990), section II, https://doi.org/10.1109/34.58871; pseudo-votes are Laplace's rule.

    Args:
        probabilities: Class probabilities of each member on the same examples; votes are one-hot.
        ties: What becomes of a tie: `mean` or `split`.
        pseudo_votes: Votes added to each class, at least 0.

    Raises:
        ArgumentError: If the members' predictions are not probabilities, or an option is out of range.

    >>> vote_shares(np.array([[[0.9, 0.1]], [[0.4, 0.6]]]), ties="split").tolist()
    [[0.5, 0.5]]
    >>> vote_shares(np.array([[[0.9, 0.1]], [[0.4, 0.6]]])).round(3).tolist()
    [[0.65, 0.35]]
    """
    return Mode(ties, pseudo_votes)(checked_probabilities(probabilities))


@dataclass(frozen=True)
class Mode:
    """The way `mode`: see `vote_shares`; it needs no fit.

    Args:
        ties: What becomes of a tie: `mean` or `split`.
        pseudo_votes: Votes added to each class.

    >>> Mode(pseudo_votes=1.0)(np.array([[[0.9, 0.1]], [[0.8, 0.2]]])).tolist()
    [[0.75, 0.25]]
    """

    name: ClassVar[str] = "mode"
    title: ClassVar[str] = "vote shares"

    ties: Ties = "mean"
    pseudo_votes: float = 0.0

    def __post_init__(self) -> None:
        """Raise unless options are in range."""
        check_choice(self.ties, TIES, "ties")
        check_at_least(self.pseudo_votes, 0, "pseudo_votes", "Pass 0 for plain shares")

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the shares of votes."""
        del inputs
        votes, total = np.zeros(members.shape[1:]), np.zeros(members.shape[1:])
        for member in members:
            best = member == member.max(axis=1, keepdims=True)
            votes += best / best.sum(axis=1, keepdims=True)
            total += member
        if self.ties == "mean":
            votes = _settled(votes, total)
        votes += self.pseudo_votes
        return votes / votes.sum(axis=1, keepdims=True)


def _settled(
    votes: Float[np.ndarray, "example class"], total: Float[np.ndarray, "example class"]
) -> Float[np.ndarray, "example class"]:
    """Return votes, those of tied winners divided among them as their probabilities are."""
    # Parts of votes such as three thirds do not sum to a whole one exactly.
    winners = votes >= votes.max(axis=1, keepdims=True) - 1e-9
    weight = np.where(winners, total, 0.0)
    pool = np.where(winners, votes, 0.0).sum(axis=1, keepdims=True)
    return np.where(winners, pool * weight / weight.sum(axis=1, keepdims=True), votes)
