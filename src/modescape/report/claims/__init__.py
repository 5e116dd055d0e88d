"""Claims of the paper, and common beliefs about landscapes, each held against a mark by its interval, one topic a file.

Source: Fort, Hu and Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757, for the claims of the paper. The marks
are ours: the paper states none.

To add a claim: write a function from results to evidence and a `ClaimKind`, and name it in `CLAIMS` or `BELIEFS`.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby

import xarray as xr

from modescape.report.claims import curves, diversity, ensembles, shapes, shift
from modescape.report.claims.kind import OF_PAPER, Claim, ClaimKind, Evidence, held_against

CLAIMS: tuple[ClaimKind, ...] = (
    diversity.INDEPENDENT,
    diversity.AROUND_ONE_RUN_LOW,
    curves.LOW_LOSS,
    curves.FUNCTION_CHANGES,
    ensembles.ORDER,
    ensembles.SAMPLES_ADD_LITTLE,
    shift.GAIN_GROWS,
)
"""The claims of the paper in the order of the page."""

BELIEFS: tuple[ClaimKind, ...] = (shapes.SETTINGS_SHOW_EARLY, shapes.RUNS_SHOW_EARLY, shapes.SKIPS_WIDEN)
"""Common beliefs about landscapes, after them."""

HELD = (
    "Each number is held against a mark by its interval: a claim holds where the interval lies wholly on the right "
    "side of the mark, does not hold where it lies wholly on the other, and is undecided where it holds the mark. "
)
CAPTIONS = {
    OF_PAPER: f"{HELD}The claims are those of Fort et al. (2019); the marks are ours, not the paper's.",
    shapes.HEADING: f"{HELD}{shapes.CAPTION}",
}
"""What a reader must know about the claims under each heading."""


def judged(results: Mapping[str, xr.Dataset]) -> tuple[Claim, ...]:
    """Return every claim with what the results say of it; those of a heading none of whose steps is there are left out.

    >>> judged({})
    ()
    """
    kinds = (*CLAIMS, *BELIEFS)
    asked = {kind.heading for kind in kinds if kind.step in results}
    return tuple(kind.judged(results) for kind in kinds if kind.heading in asked)


def by_heading(claims: Iterable[Claim]) -> list[tuple[str, list[Claim]]]:
    """Return claims with the question that they stand under, in their order.

    >>> by_heading([Claim("a", "A holds.")])[0][0]
    'Do the claims of the paper hold here?'
    """
    return [(heading, list(group)) for heading, group in groupby(claims, key=lambda claim: claim.heading)]


__all__ = ["BELIEFS", "CAPTIONS", "CLAIMS", "Claim", "ClaimKind", "Evidence", "by_heading", "held_against", "judged"]
