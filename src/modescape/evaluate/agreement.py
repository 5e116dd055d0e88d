"""How differently pairs of members answer: measures that are comparable across accuracies, each with an interval."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike
from scipy.special import ndtri

from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import proportion_interval
from modescape.evaluate.kappa import KappaInterval, kappa_interval
from modescape.functions import PairCounts, RightCounts

Matrix = Float[np.ndarray, "member member_other"]


@dataclass(frozen=True, eq=False)
class PairMeasure:
    """A number for each pair of members, with its interval; NaN where it is not defined.

    Attributes:
        value: The number itself.
        low: Lower end of its interval.
        high: Upper end. Of a member with itself, both ends are the value.
    """

    value: Matrix
    low: Matrix
    high: Matrix


@dataclass(frozen=True, eq=False)
class PairMeasures:
    """All measures of how pairs of members differ.

    Attributes:
        measures: By name, see `pair_measures`.
        kappa_interval: How the interval of kappa was made: `exact` or `fixed-chance`.
    """

    measures: Mapping[str, PairMeasure]
    kappa_interval: KappaInterval


def pair_measures(
    counts: PairCounts, decisions: Int[np.ndarray, "member example"], *, confidence: float = 0.95
) -> PairMeasures:
    """Return measures of how every pair of members differs.

    With N examples, n11 of which both decide right, n10 and n01 only one, n00 none, and n00s of these alike:

    - `disagreement` (N - agree) / N, the sum of `one_right` (n10 + n01) / N and `both_wrong` (n00 - n00s) / N;
    - `same_error` n00s / N; `double_fault` n00 / N; `oracle_accuracy` 1 - n00 / N, at least one is right;
    - `error_overlap` n00 / (n00 + n10 + n01), the errors in common among the errors of either;
    - `conditional_disagreement` (N - agree) / (N - n11), among examples that at least one decides wrong;
    - `same_error_share` n00s / n00, equal answers among errors in common;
    - `error_correlation` (n11 n00 - n10 n01) / sqrt((n11 + n10) (n01 + n00) (n11 + n01) (n10 + n00));
    - `q_statistic` (n11 n00 - n10 n01) / (n11 n00 + n10 n01);
    - `kappa` (po - pe) / (1 - pe), agreement po = agree / N beyond that of chance, pe = sum_c p_c q_c;
    - `diversity` disagreement / (1 - accuracy of the second);
    - `accuracy_difference` (n10 - n01) / N, first minus second.

    Without the truth there are `disagreement` and `kappa` only. Intervals are over examples, for these members:
    Wilson's where a measure is a share of a count; the delta method on the cells of the table for the others, on the
    scale of atanh for `error_correlation` and `q_statistic` (with 1/2 added to each cell where one is empty), of the
    logarithm for `diversity`; see `kappa_interval` for `kappa`; `accuracy_difference` with 1/2 added to each cell.

    Source: Kuncheva, Whitaker (2003), section 2, https://doi.org/10.1023/A:1022859003006; kappa: Cohen (1960),
    https://doi.org/10.1177/001316446002000104; diversity: Fort, Hu, Lakshminarayanan (2019), section 4,
    https://arxiv.org/abs/1912.02757; the difference: Agresti, Min (2005), https://doi.org/10.1002/sim.1781. Differs
    from Kuncheva and Whitaker in kappa, which here is of decisions and not of being right.

    Args:
        counts: Result of `modescape.functions.pair_counts`.
        decisions: The same decisions, for the interval of kappa.
        confidence: The probability with which such intervals hold the true number.

    Raises:
        ArgumentError: If the confidence lies outside (0, 1), or counts and decisions do not belong together.

    >>> from modescape.functions import pair_counts
    >>> answers, truth = np.array([[0, 1, 1, 0], [0, 1, 0, 1]]), np.array([0, 1, 1, 1])
    >>> found = pair_measures(pair_counts(answers, truth, num_classes=2), answers).measures
    >>> [float(found[name].value[0, 1]) for name in ("disagreement", "q_statistic", "kappa", "diversity")]
    [0.5, -1.0, 0.0, 2.0]
    """
    check_confidence(confidence)
    differ = counts.num_examples - counts.agree
    shares = {"disagreement": _shared(differ, counts.num_examples, confidence)}
    others = {}
    if counts.right is not None:
        shares |= {name: _shared(*cells, confidence) for name, cells in _shares(counts, counts.right).items()}
        others = _others(counts, counts.right, confidence)
    kappa, how = kappa_interval(counts, decisions, confidence=confidence)
    found = {**shares, **others, "kappa": kappa}
    return PairMeasures({name: PairMeasure(*_settled(*parts)) for name, parts in found.items()}, how)


def _shares(counts: PairCounts, right: RightCounts) -> dict[str, tuple[ArrayLike, ArrayLike]]:
    """Return the counts and totals of the measures that are shares."""
    number = counts.num_examples
    one, none = right.first_right_only + right.first_right_only.T, right.both_wrong_same + right.both_wrong_different
    return {
        "one_right": (one, number),
        "both_wrong": (right.both_wrong_different, number),
        "same_error": (right.both_wrong_same, number),
        "double_fault": (none, number),
        "oracle_accuracy": (number - none, number),
        "error_overlap": (none, none + one),
        "conditional_disagreement": (number - counts.agree, number - right.both_right),
        "same_error_share": (right.both_wrong_same, none),
    }


def _others(counts: PairCounts, right: RightCounts, confidence: float) -> dict[str, tuple[Matrix, Matrix, Matrix]]:
    """Return the measures of a table of right and wrong that are no shares."""
    none = right.both_wrong_same + right.both_wrong_different
    table = np.stack([right.both_right, right.first_right_only, right.first_right_only.T, none]).astype(np.float64)
    z = float(ndtri((1 + confidence) / 2))
    return {
        "error_correlation": _correlation(table, z),
        "q_statistic": _q_statistic(table, z),
        "diversity": _diversity(counts, right, confidence),
        "accuracy_difference": _difference(table, z),
    }


def _shared(count: ArrayLike, total: ArrayLike, confidence: float) -> tuple[Matrix, Matrix, Matrix]:
    """Return shares with Wilson's interval, NaN where the total is 0."""
    part, whole = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64))
    known = whole > 0
    safe = np.where(known, whole, 1.0)
    low, high = proportion_interval(np.where(known, part, 0.0), safe, confidence=confidence)
    value, low, high = (np.where(known, number, np.nan) for number in (part / safe, low, high))
    return value, low, high


def _filled(table: Float[np.ndarray, "cell member member_other"]) -> Float[np.ndarray, "cell member member_other"]:
    """Return tables with 1/2 added to every cell where one is empty, without which intervals would have no width."""
    return table + 0.5 * (table == 0).any(axis=0)


def _correlation(table: Float[np.ndarray, "cell member member_other"], z: float) -> tuple[Matrix, Matrix, Matrix]:
    """Return the correlation of being right, with the delta method's interval on the scale of atanh.

    With standardised indicators u and v, the influence of an example on phi is u v - phi (u^2 + v^2) / 2.
    """
    value, _ = _phi(table)
    filled = _filled(table)
    phi, cells = _phi(filled)
    with np.errstate(divide="ignore", invalid="ignore"):
        influences = [u * v - phi * (u**2 + v**2) / 2 for u, v in cells]
        total = filled.sum(axis=0)
        variance = sum(cell * influence**2 for cell, influence in zip(filled, influences, strict=True)) / total**2
        half = z * np.sqrt(variance) / (1 - phi**2)
        low, high = np.tanh(np.arctanh(phi) - half), np.tanh(np.arctanh(phi) + half)
    unknown = np.isnan(value)
    return value, np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def _phi(table: Float[np.ndarray, "cell member member_other"]) -> tuple[Matrix, list[tuple[Matrix, Matrix]]]:
    """Return the correlation, and both standardised indicators in each of the four cells."""
    both, first, second, none = table
    total = table.sum(axis=0)
    p, q = (both + first) / total, (both + second) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        # Differences of large numbers would lose digits that the product of shares does not.
        value = (both * none - first * second) / total**2 / np.sqrt(p * (1 - p) * q * (1 - q))
        right = [(1 - share) / np.sqrt(share * (1 - share)) for share in (p, q)]
        wrong = [-share / np.sqrt(share * (1 - share)) for share in (p, q)]
    cells = [(right[0], right[1]), (right[0], wrong[1]), (wrong[0], right[1]), (wrong[0], wrong[1])]
    return np.where(np.isfinite(value), np.clip(value, -1.0, 1.0), np.nan), cells


def _q_statistic(table: Float[np.ndarray, "cell member member_other"], z: float) -> tuple[Matrix, Matrix, Matrix]:
    """Return Yule's Q, whose atanh is half the logarithm of the odds ratio: variance sum over cells of 1 / n."""
    both, first, second, none = table
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (both * none - first * second) / (both * none + first * second)
    filled = _filled(table)
    centre = 0.5 * (np.log(filled[0]) + np.log(filled[3]) - np.log(filled[1]) - np.log(filled[2]))
    half = 0.5 * z * np.sqrt((1 / filled).sum(axis=0))
    unknown = np.isnan(value)
    low, high = (np.where(unknown, np.nan, np.tanh(centre + side)) for side in (-half, half))
    return value, low, high


def _diversity(counts: PairCounts, right: RightCounts, confidence: float) -> tuple[Matrix, Matrix, Matrix]:
    """Return disagreement over the error of the second, on the scale of the logarithm.

    With x = [a != b] / d and y = [b wrong] / e, the influence on ln(d / e) is x - y, of which the mean square is
    1 / d + 1 / e - 2 P(a != b, b wrong) / (d e).
    """
    number = counts.num_examples
    differ = (number - counts.agree) / number
    error = np.broadcast_to(1 - np.diagonal(right.both_right) / number, differ.shape)
    together = (right.first_right_only + right.both_wrong_different) / number
    _, _, most = _shared(number - counts.agree, number, confidence)
    z = float(ndtri((1 + confidence) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(error > 0, differ / error, np.nan)
        square = 1 / differ + 1 / error - 2 * together / (differ * error)
        spread = np.exp(z * np.sqrt(np.maximum(square, 0.0) / number))
        low, high = value / spread, np.where(differ > 0, value * spread, most / error)
    low = np.where((differ == 0) & (error > 0), 0.0, low)
    return value, low, np.where(error > 0, high, np.nan)


def _difference(table: Float[np.ndarray, "cell member member_other"], z: float) -> tuple[Matrix, Matrix, Matrix]:
    """Return the accuracy of the first minus that of the second, paired over examples."""
    value = (table[1] - table[2]) / table.sum(axis=0)
    _, first, second, _ = filled = table + 0.5
    total = filled.sum(axis=0)
    centre = (first - second) / total
    half = z * np.sqrt((first + second) / total - centre**2) / np.sqrt(total)
    return value, np.maximum(centre - half, -1.0), np.minimum(centre + half, 1.0)


def _settled(value: Matrix, low: Matrix, high: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Return intervals that hold their value, without width on the diagonal: a member with itself is no sample."""
    same: Bool[np.ndarray, "member member_other"] = np.eye(len(value), dtype=bool)
    return value, np.where(same, value, np.minimum(low, value)), np.where(same, value, np.maximum(high, value))
