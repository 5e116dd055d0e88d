"""Budgets: what methods may spend on an ensemble of a size."""

from collections.abc import Callable, Sequence

from modescape.core.errors import ArgumentError, TrainingError
from modescape.methods.ensemble import Ensemble
from modescape.train import TrainingTask


def epoch_passes(task: TrainingTask) -> int:
    """Return how many examples an epoch passes through the network."""
    return task.steps_per_epoch * task.batch_size


def each_size(sizes: Sequence[int], make: Callable[[int], Ensemble | None]) -> dict[int, Ensemble]:
    """Make an ensemble of each size; sizes that the method does not have, or whose training diverges, are left out.

    Args:
        sizes: Training budgets in members.
        make: Makes one, or nothing where the method has none of that size.

    Raises:
        TrainingError: If all diverge.

    >>> each_size((1, 2), lambda size: None)
    {}
    """
    found: dict[int, Ensemble] = {}
    failed: TrainingError | None = None
    for size in sizes:
        try:
            ensemble = make(size)
        except TrainingError as error:
            failed = error
            continue
        if ensemble is not None:
            found[size] = ensemble
    if failed is not None and not found:
        raise failed
    return found


def lost_notes(size: int, kept: int) -> tuple[str, ...]:
    """Return what a user must know of members that diverged, in a sentence.

    >>> lost_notes(5, 4)
    ('1 of 5 members diverged and are left out.',)
    """
    return (f"{size - kept} of {size} members diverged and are left out.",) if kept < size else ()


def check_share(value: float, argument: str, advice: str) -> None:
    """Raise unless a number is a share, above 0 and below 1.

    >>> check_share(0.5, "pretraining", "Pass 0.75")
    """
    if not 0.0 < value < 1.0:
        raise ArgumentError(argument, "be above 0 and below 1", value, advice)
