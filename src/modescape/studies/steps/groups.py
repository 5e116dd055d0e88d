"""Members across groups, such as architectures: how much they differ within a group and between two, and how good."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int
from scipy.special import stdtrit

from modescape.core.axes import GROUP, GROUP_OTHER, MEMBER, POINT
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.evaluate import (
    bootstrap_weights,
    mean_interval,
    pair_mean_interval,
    percentile_interval,
    proportion_interval,
)
from modescape.functions import pair_counts
from modescape.store import Run
from modescape.studies.context import StudyContext
from modescape.studies.members import NAMES
from modescape.studies.step import Step
from modescape.studies.steps.answers import Answers, answers_of

MAX_POINTS = 2000
"""Pairs that are kept one by one, for a picture; of more, a seeded sample that has pairs of all groups alike."""
LEAST_FOR_JACKKNIFE = 3
"""Members of a group from which an interval is over members; with fewer it is over examples."""
MEMBERS, EXAMPLES, NOTHING = "members", "examples", ""
DIFFERENCE = "accuracy_difference"
SEPARATE = "predictions/group-"
"""Predictions of groups that were tested on different examples, by number."""

Estimate = tuple[float, float, float]
UNKNOWN: Estimate = (np.nan, np.nan, np.nan)


@dataclass(frozen=True, eq=False)
class _Members:
    """All members of all groups: numbers of one, and of two.

    Args:
        names: The groups.
        group: The group of each member, by number.
        decisions: What members decide for, one array a group.
        labels: The truth of each group, where known.
        is_shared: Whether all groups have the same examples.
        differ: Disagreement; NaN between members with different examples.
        conditional: Disagreement where at least one is wrong.
        accuracy: Of each member; NaN where the truth is not known.
    """

    names: list[str]
    group: Int[np.ndarray, "member"]
    decisions: list[Int[np.ndarray, "member example"]]
    labels: list[Int[np.ndarray, "example"] | None]
    is_shared: bool
    differ: Float[np.ndarray, "member member_other"]
    conditional: Float[np.ndarray, "member member_other"]
    accuracy: Float[np.ndarray, "member"]

    @property
    def pairs(self) -> tuple[Int[np.ndarray, "pair"], Int[np.ndarray, "pair"]]:
        """Both members of each pair with the same examples, each pair once."""
        rows, columns = np.nonzero(np.triu(np.isfinite(self.differ), 1))
        return rows, columns


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare groups; one group alone has nothing to be compared with."""
    groups, is_shared = _groups(context.run)
    if len(groups) < 2:
        return {}
    members = _members(groups, is_shared=is_shared)
    compare = context.settings.compare
    first = next(iter(groups.values()))
    columns = {**_single(members, context), **_between(members, context), **_differences(members, compare.confidence)}
    points = _points(members, context.settings.seed)
    dataset = xr.Dataset({**columns, **points}, coords={GROUP: members.names, GROUP_OTHER: members.names})
    dataset.attrs = {
        "confidence": compare.confidence,
        "num_resamples": compare.num_resamples,
        "num_examples": first.num_examples,
        "num_classes": first.num_classes,
        "same_examples": is_shared,
        "num_pairs": len(members.pairs[0]),
        "shown_pairs": len(points["pair_disagreement"][1]),
    }
    return {"results/groups": dataset}


def _groups(run: Run) -> tuple[dict[str, Answers], bool]:
    """Return the answers of each group, and whether all are to the same examples."""
    separate = sorted(name for name in run.array_names() if name.startswith(SEPARATE))
    if separate:
        found = [_separate(run.arrays(name)) for name in separate]
        return {str(np.asarray(answers.member[NAMES[1]])[0]): answers for answers in found}, False
    answers = answers_of(run)
    if NAMES[1] not in answers.member:
        return {}, True
    group = np.asarray(answers.member[NAMES[1]]).astype(str)
    return {str(name): _part(answers, group == name) for name in dict.fromkeys(group.tolist())}, True


def _separate(stored: xr.Dataset) -> Answers:
    """Return the answers of a group that was tested on examples of its own."""
    labels = stored["label"].to_numpy() if "label" in stored else None
    member = {name: stored[name].to_numpy() for name in (MEMBER, *NAMES)}
    return Answers(stored["decision"].to_numpy(), labels, None, tuple(stored.attrs["classes"]), member)


def _part(answers: Answers, chosen: Bool[np.ndarray, "member"]) -> Answers:
    """Return some of the members."""
    member = {name: np.asarray(values)[chosen] for name, values in answers.member.items()}
    return Answers(answers.decisions[chosen], answers.labels, None, answers.classes, member)


def _members(groups: Mapping[str, Answers], *, is_shared: bool) -> _Members:
    """Return the numbers of all members and pairs."""
    found = list(groups.values())
    sizes = [len(answers.decisions) for answers in found]
    together = [_whole(found)] if is_shared else found
    squares = [_squares(answers) for answers in together]
    return _Members(
        names=list(groups),
        group=np.repeat(np.arange(len(found)), sizes),
        decisions=[answers.decisions for answers in found],
        labels=[answers.labels for answers in found],
        is_shared=is_shared,
        differ=_diagonal([square[0] for square in squares]),
        conditional=_diagonal([square[1] for square in squares]),
        accuracy=np.concatenate([square[2] for square in squares]),
    )


def _whole(found: list[Answers]) -> Answers:
    """Return the members of all groups in one."""
    first = found[0]
    return Answers(np.concatenate([one.decisions for one in found]), first.labels, None, first.classes, {})


def _squares(answers: Answers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return disagreement, disagreement where one is wrong, and accuracies."""
    counts = pair_counts(answers.decisions, answers.labels, num_classes=answers.num_classes)
    number = counts.num_examples
    differ = number - counts.agree
    if counts.right is None:
        unknown = np.full(differ.shape, np.nan)
        return differ / number, unknown, unknown[:, 0]
    wrong = number - counts.right.both_right
    conditional = np.divide(differ, wrong, out=np.full(differ.shape, np.nan), where=wrong > 0)
    return differ / number, conditional, np.diagonal(counts.right.both_right) / number


def _diagonal(squares: list[np.ndarray]) -> Float[np.ndarray, "member member_other"]:
    """Return squares along a diagonal, and NaN beside them."""
    size = sum(len(square) for square in squares)
    whole, start = np.full((size, size), np.nan), 0
    for square in squares:
        end = start + len(square)
        whole[start:end, start:end] = square
        start = end
    return whole


def _single(members: _Members, context: StudyContext) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return how good the members of each group are, and how many there are."""
    confidence = context.settings.compare.confidence
    found = []
    for index, (decisions, labels) in enumerate(zip(members.decisions, members.labels, strict=True)):
        own = members.accuracy[members.group == index]
        if labels is None:
            found.append(UNKNOWN)
        elif len(own) == 1:
            low, high = proportion_interval((decisions[0] == labels).sum(), len(labels), confidence=confidence)
            found.append((float(own[0]), float(low), float(high)))
        else:
            values = own if len(own) >= LEAST_FOR_JACKKNIFE else (decisions == labels).mean(axis=0)
            found.append(tuple(float(number) for number in mean_interval(values, confidence=confidence)))
    sizes = np.array([len(decisions) for decisions in members.decisions])
    over = np.where(sizes >= LEAST_FOR_JACKKNIFE, MEMBERS, EXAMPLES)
    return {
        **_columns("accuracy", [GROUP], np.array(found)),
        "num_members": ([GROUP], sizes),
        "accuracy_over": ([GROUP], over),
    }


def _between(members: _Members, context: StudyContext) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return the mean disagreement of pairs within each group (on the diagonal) and between two groups."""
    number = len(members.names)
    shape = (number, number)
    measures = {"disagreement": members.differ, "conditional_disagreement": members.conditional}
    estimates = {name: np.full((*shape, 3), np.nan) for name in measures}
    over = np.full(shape, NOTHING, dtype=object)
    for first, second in combinations_with_replacement(range(number), 2):
        if first != second and not members.is_shared:
            continue
        for name, square in measures.items():
            found, word = _pair_estimate(members, context, square, (first, second), is_conditional="cond" in name)
            estimates[name][first, second] = estimates[name][second, first] = found
            over[first, second] = over[second, first] = word
    pair = [GROUP, GROUP_OTHER]
    columns: dict[str, tuple[list[str], np.ndarray]] = {"disagreement_over": (pair, over.astype(str))}
    for name, values in estimates.items():
        within = values[np.arange(number), np.arange(number)]
        columns |= _columns(f"{name}_between", pair, values) | _columns(name, [GROUP], within)
    return columns


def _pair_estimate(
    members: _Members, context: StudyContext, square: np.ndarray, pair: tuple[int, int], *, is_conditional: bool
) -> tuple[Estimate, str]:
    """Return the mean over pairs with its interval, and what the interval is over."""
    confidence = context.settings.compare.confidence
    rows, columns = (np.flatnonzero(members.group == index) for index in pair)
    block = square[np.ix_(rows, columns)]
    is_within = pair[0] == pair[1]
    if not np.isfinite(block).any() or (is_within and len(rows) < 2):
        return UNKNOWN, NOTHING
    if min(len(rows), len(columns)) >= LEAST_FOR_JACKKNIFE:
        found = pair_mean_interval(block, confidence=confidence) if is_within else _two_samples(block, confidence)
        return found, MEMBERS
    return _over_examples(members, context, pair, is_conditional=is_conditional), EXAMPLES


def _two_samples(block: Float[np.ndarray, "member member_other"], confidence: float) -> Estimate:
    """Return the mean over pairs between two groups, with the jackknife's interval over the members of both.

    With m the mean, m_(-i) that without member i of the first group of a, and m_(-j) without member j of the second of
    b: the variance is (a - 1) / a sum_i (m_(-i) - m)^2 + (b - 1) / b sum_j (m_(-j) - m)^2, with a + b - 2 degrees of
    freedom.

    Source: Arvesen (1969), section 4, https://doi.org/10.1214/aoms/1177697287
    """
    mean = float(block.mean())
    # Pseudo-values about 0 of both groups: their Student interval is scaled to the variance of the sum.
    parts = [block.mean(axis=1 - axis) - mean for axis in (0, 1)]
    variance = sum(float((part**2).sum()) / (len(part) * (len(part) - 1)) for part in parts)
    freedom = sum(len(part) for part in parts) - 2
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * variance**0.5
    return mean, mean - half, mean + half


def _over_examples(
    members: _Members, context: StudyContext, pair: tuple[int, int], *, is_conditional: bool
) -> Estimate:
    """Return the mean over pairs with a bootstrap interval over examples."""
    compare = context.settings.compare
    first, second = (members.decisions[index] for index in pair)
    places = [
        (row, column)
        for row in range(len(first))
        for column in range(len(second))
        if pair[0] != pair[1] or row < column
    ]
    rows, columns = (np.array(side) for side in zip(*places, strict=True))
    differ = (first[rows] != second[columns]).astype(np.float32)
    labels = members.labels[pair[0]]
    counted = np.ones_like(differ)
    if is_conditional:
        counted = ((first[rows] != labels) | (second[columns] != labels)).astype(np.float32)
    weights = bootstrap_weights(
        differ.shape[1], num_resamples=compare.num_resamples, seed=context.settings.seed
    ).astype(np.float32)
    with np.errstate(invalid="ignore"):
        drawn = np.nanmean((differ @ weights.T) / (counted @ weights.T), axis=0)
        value = float(np.nanmean(differ.sum(axis=1) / counted.sum(axis=1)))
    low, high = percentile_interval(drawn, compare.confidence)
    return value, float(low), float(high)


def _differences(members: _Members, confidence: float) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return how much more accurate the other group is, paired over examples."""
    number = len(members.names)
    found = np.full((number, number, 3), np.nan)
    labels = members.labels[0]
    if members.is_shared and labels is not None:
        right = [(decisions == labels).mean(axis=0) for decisions in members.decisions]
        for first in range(number):
            for second in range(number):
                found[first, second] = mean_interval(right[second] - right[first], confidence=confidence)
    return _columns(DIFFERENCE, [GROUP, GROUP_OTHER], found)


def _points(members: _Members, seed: int) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return single pairs: where they lie in the plane of accuracy and disagreement, and of which groups they are."""
    rows, columns = members.pairs
    kinds = members.group[rows] * len(members.names) + members.group[columns]
    each = max(1, MAX_POINTS // len(np.unique(kinds)))
    generator = numpy_generator(derived_seed(seed, Stream.STATISTICS))
    kept = np.zeros(len(rows), dtype=bool)
    for kind in np.unique(kinds):
        places = np.flatnonzero(kinds == kind)
        kept[places if len(places) <= each else generator.choice(places, each, replace=False)] = True
    rows, columns, kinds = rows[kept], columns[kept], kinds[kept]
    return {
        "pair_accuracy": ([POINT], (members.accuracy[rows] + members.accuracy[columns]) / 2),
        "pair_disagreement": ([POINT], members.differ[rows, columns]),
        "pair_group": ([POINT], _kind_names(members.names, kinds)),
        "pair_first": ([POINT], rows),
        "pair_second": ([POINT], columns),
    }


def _kind_names(names: list[str], kinds: Int[np.ndarray, "pair"]) -> np.ndarray:
    """Return of which groups pairs are: `a` within a group, `a and b` between two."""
    both = [divmod(int(kind), len(names)) for kind in kinds]
    words = [names[one] if one == other else f"{names[one]} and {names[other]}" for one, other in both]
    return np.array(words, dtype=object)


def _columns(name: str, dims: list[str], values: np.ndarray) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return an estimate and the ends of its interval under their names; shares of examples end at 0 and 1."""
    lowest = -1.0 if name == DIFFERENCE else 0.0
    return {
        f"{name}{end}": (dims, values[..., place].clip(lowest, 1.0)) for place, end in enumerate(("", "_low", "_high"))
    }


groups = Step(
    "groups",
    "groups of members, such as architectures",
    ("results/groups",),
    _work,
    needs=("predictions",),
    options=("confidence", "num_resamples"),
)
