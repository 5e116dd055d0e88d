"""Cohen's kappa of all pairs of members, with intervals."""

from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtri

from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import proportion_interval
from modescape.functions import PairCounts, joint_counts

KappaInterval = Literal["exact", "fixed-chance"]
MOST_PRODUCTS = 2**38
"""Multiplications up to which joint tables are counted: a few seconds on a core. Ten classes and 10,000 examples allow
500 members."""
MOST_CELLS = 2**26
"""Cells of the joint tables up to which they are: 256 MiB."""

Matrix = Float[np.ndarray, "member member_other"]


def kappa_interval(
    counts: PairCounts, decisions: Int[np.ndarray, "member example"], *, confidence: float = 0.95
) -> tuple[tuple[Matrix, Matrix, Matrix], KappaInterval]:
    """Return Cohen's kappa of the decisions of every pair, with its interval.

    k = (po - pe) / (1 - pe), with agreement po and agreement by chance pe = sum_c p_c q_c. NaN where pe is 1: both
    always decide for one class.

    Interval: the influence of an example with decisions a and b is
    ([a = b] - po) / (1 - pe) - (1 - po) (q_a + p_b - 2 pe) / (1 - pe)^2, of which the mean square over N is the
    variance (`exact`). This needs the joint table of each pair; for so many members and classes that these are too
    many, chance is held fixed, and Wilson's interval of the disagreement d gives 1 - d / (1 - pe) (`fixed-chance`).
    Where two members never differ it is so too, for the variance is 0.

    Source: Fleiss, Cohen, Everitt (1969), https://doi.org/10.1037/h0028106; with chance held fixed: Cohen (1960),
    https://doi.org/10.1177/001316446002000104. Differs from the latter in Wilson's interval.

    Args:
        counts: Result of `modescape.functions.pair_counts`.
        decisions: The same decisions.
        confidence: The probability with which such intervals hold the true kappa.

    Returns:
        Value, lower and upper end; and how the interval was made.

    Raises:
        ArgumentError: If the confidence lies outside (0, 1), or counts and decisions do not belong together.

    >>> from modescape.functions import pair_counts
    >>> answers = np.array([[0, 1, 1, 0], [0, 1, 0, 0]])
    >>> (value, low, high), how = kappa_interval(pair_counts(answers, None, num_classes=2), answers)
    >>> float(value[0, 1]), how
    (0.5, 'exact')
    """
    check_confidence(confidence)
    number = counts.num_examples
    if np.shape(decisions) != (len(counts.agree), number):
        rule, got = f"have the shape ({len(counts.agree)}, {number}), as counts has", Quoted(f"{np.shape(decisions)}")
        raise ArgumentError("decisions", rule, got, "Pass the decisions that were counted")
    shares = counts.decided / number
    agreement, chance = counts.agree / number, shares @ shares.T
    safe = np.where(chance < 1, 1 - chance, np.nan)
    value = (agreement - chance) / safe
    least, most = proportion_interval(number - counts.agree, number, confidence=confidence)
    low, high = 1 - most / safe, 1 - least / safe
    if not _is_countable(counts):
        return (value, low, high), "fixed-chance"
    half = ndtri((1 + confidence) / 2) * _standard_error(counts, decisions, value, safe)
    differs = counts.agree < number
    low, high = np.where(differs, value - half, low), np.where(differs, value + half, high)
    return (value, np.maximum(low, -1.0), np.minimum(high, 1.0)), "exact"


def _is_countable(counts: PairCounts) -> bool:
    """Say whether the joint tables of all pairs can be counted in seconds."""
    cells = counts.decided.size**2
    return cells <= MOST_CELLS and cells * counts.num_examples <= MOST_PRODUCTS


def _standard_error(
    counts: PairCounts, decisions: Int[np.ndarray, "member example"], value: Matrix, safe: Matrix
) -> Matrix:
    """Return the standard error of kappa from the joint tables.

    With x = [a = b] and y = q_a + p_b, the influence is (x - (1 - k) y) / (1 - pe) up to its mean.
    """
    number, num_classes = counts.num_examples, counts.decided.shape[1]
    shares = counts.decided / number
    joint = joint_counts(decisions, num_classes=num_classes)
    alike = np.diagonal(joint, axis1=1, axis2=3).astype(np.float64) / number
    alike_y = np.einsum("ijc,ic->ij", alike, shares)
    alike_y += np.einsum("ijc,jc->ij", alike, shares)
    cross = np.stack([np.einsum("ajb,ja,b->j", joint[i], shares, shares[i], optimize=True) for i in range(len(shares))])
    squares = shares @ (shares**2).T
    mean_square = squares + squares.T + 2 * cross / number
    x_mean, y_mean, ratio = counts.agree / number, 2 * shares @ shares.T, 1 - value
    variance = x_mean - x_mean**2 - 2 * ratio * (alike_y - x_mean * y_mean) + ratio**2 * (mean_square - y_mean**2)
    return np.sqrt(np.maximum(variance, 0.0) / number) / safe
