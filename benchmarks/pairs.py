"""Measure all measures of pairs of members against a loop over scikit-learn, and their memory."""

import resource
from collections.abc import Callable

import numpy as np
from sklearn.metrics import cohen_kappa_score, jaccard_score, matthews_corrcoef

from common import alternate, machine, parsed_options, publish, ratios, spread, table
from modescape.evaluate import holm, mcnemar, pair_measures
from modescape.functions import pair_counts

CLASSES = 10
OWN, PEER = "modescape, all pairs", "scikit-learn, pair by pair"
INTRODUCTION = """Timed are the disagreement of every pair of members and all measures made of it: parts by who is
right, error overlap, conditional disagreement, kappa, Q statistic, error correlation, diversity, all with intervals,
and McNemar's test, adjusted for the number of pairs.

- modescape: `pair_counts`, `pair_measures`, `mcnemar` and `holm`.
- scikit-learn: `cohen_kappa_score`, `matthews_corrcoef` and `jaccard_score` of the first pairs, without intervals."""


def main() -> None:
    """Time both ways and publish the section."""
    options = parsed_options(__doc__, rounds=5)
    members, examples, sample = (30, 500, 20) if options.quick else (1_000, 10_000, 100)
    answers, truth = made_answers(members, examples)
    runs: dict[str, Callable[[], int]] = {
        OWN: own_run(answers, truth),
        PEER: peer_run(answers, truth, sample),
    }
    seconds, pairs = alternate(runs, options.rounds, warm_up=not options.quick)
    each = {name: [taken / pairs[name] for taken in own] for name, own in seconds.items()}
    rows = [
        [
            name,
            f"{pairs[name]:,}",
            spread(own),
            spread([1e6 * taken for taken in each[name]], 1),
            spread(ratios(each[PEER], each[name]), 0),
        ]
        for name, own in seconds.items()
    ]
    header = ["", "pairs a round", "seconds a round", "microseconds a pair", "ratio to scikit-learn"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    size = (
        f"{members:,} members, {examples:,} examples, {CLASSES} classes. The process took {peak:.1f} GiB at most, the "
        "answers themselves included."
    )
    publish("pairs", ["## All pairs of members", machine(), INTRODUCTION, table(header, rows), size], options.output)


def made_answers(members: int, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return answers of members that are right on about 7 examples in 10, and the truth."""
    generator = np.random.default_rng(0)
    truth = generator.integers(CLASSES, size=examples)
    guesses = generator.integers(CLASSES, size=(members, examples))
    return np.where(generator.random((members, examples)) < 0.7, truth, guesses), truth


def own_run(answers: np.ndarray, truth: np.ndarray) -> Callable[[], int]:
    """Return a run over all pairs."""

    def run() -> int:
        counts = pair_counts(answers, truth, num_classes=CLASSES)
        pair_measures(counts, answers)
        if counts.right is not None:
            only = counts.right.first_right_only
            holm(mcnemar(only, only.T)[np.triu_indices(len(answers), 1)])
        return len(answers) * (len(answers) - 1) // 2

    return run


def peer_run(answers: np.ndarray, truth: np.ndarray, sample: int) -> Callable[[], int]:
    """Return a run over the first pairs."""
    right = answers == truth
    first, second = (places[:sample] for places in np.triu_indices(len(answers), 1))

    def run() -> int:
        for i, j in zip(first, second, strict=True):
            cohen_kappa_score(answers[i], answers[j])
            matthews_corrcoef(right[i], right[j])
            jaccard_score(~right[i], ~right[j])
        return len(first)

    return run


if __name__ == "__main__":
    main()
