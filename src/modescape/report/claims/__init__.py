"""Claims of the paper, each held against a mark by its interval, one topic a file.

Source: Fort, Hu and Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757, for the claims. The marks are ours: the
paper states none.

To add a claim: write a function from results to evidence and a `ClaimKind`, and name it in `CLAIMS`.
"""

from collections.abc import Mapping

import xarray as xr

from modescape.report.claims import curves, diversity, ensembles, shift
from modescape.report.claims.kind import Claim, ClaimKind, Evidence, held_against

CLAIMS: tuple[ClaimKind, ...] = (
    diversity.INDEPENDENT,
    diversity.AROUND_ONE_RUN_LOW,
    curves.LOW_LOSS,
    curves.FUNCTION_CHANGES,
    ensembles.ORDER,
    ensembles.SAMPLES_ADD_LITTLE,
    shift.GAIN_GROWS,
)
"""All claims in the order of the page."""

CAPTION = (
    "Each number is held against a mark by its interval: a claim holds where the interval lies wholly on the right "
    "side of the mark, does not hold where it lies wholly on the other, and is undecided where it holds the mark. "
    "The claims are those of Fort et al. (2019); the marks are ours, not the paper's."
)
"""What a reader must know about the table."""


def judged(results: Mapping[str, xr.Dataset]) -> tuple[Claim, ...]:
    """Return every claim with what the results say of it; none where no step that they rest on is there.

    >>> judged({})
    ()
    """
    if not any(kind.step in results for kind in CLAIMS):
        return ()
    return tuple(kind.judged(results) for kind in CLAIMS)


__all__ = ["CAPTION", "CLAIMS", "Claim", "ClaimKind", "Evidence", "held_against", "judged"]
