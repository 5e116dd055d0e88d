"""Folds of validation examples, for choices that must not be made on the examples that a fit has seen."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed, numpy_generator

NUM_FOLDS = 5


def stratified_folds(
    labels: Int[np.ndarray, "example"], *, num_folds: int = NUM_FOLDS, seed: int
) -> Iterator[tuple[Int[np.ndarray, "rest"], Int[np.ndarray, "fold"]]]:
    """Yield, for each fold, the examples outside it and those in it; classes are spread evenly.

    Examples are drawn in random order within each class, and dealt out to the folds in turn.

    Args:
        labels: The true classes.
        num_folds: Number of folds, at least 2; with fewer examples each is a fold of its own.
        seed: Seed of the run.

    Raises:
        ArgumentError: If there are fewer than two folds or two examples.

    >>> [fold.tolist() for _, fold in stratified_folds(np.array([0, 1, 0, 1]), num_folds=2, seed=0)]
    [[1, 2], [0, 3]]
    """
    check_at_least(num_folds, 2, "num_folds", f"Pass {NUM_FOLDS}")
    if len(labels) < 2:
        got = Quoted(f"{len(labels)} example")
        raise ArgumentError("validation", "hold at least two examples to choose by", got, "Pass more examples")
    shuffled = numpy_generator(derived_seed(seed, Stream.COMBINATION, 0)).permutation(len(labels))
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold_of = np.empty(len(labels), dtype=np.int64)
    fold_of[ordered] = np.arange(len(labels)) % min(num_folds, len(labels))
    for fold in range(min(num_folds, len(labels))):
        yield np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
