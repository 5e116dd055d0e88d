"""Training curves: loss and validation accuracy of every member after each epoch."""

import numpy as np
import xarray as xr

from modescape.core.axes import MEMBER, STEP
from modescape.studies.context import StudyContext
from modescape.studies.step import Step


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Lay the members' histories side by side; epochs after a divergence are NaN, and checkpoints have none."""
    outcomes = context.outcomes
    if not any(outcome.losses for outcome in outcomes.values()):
        return {}
    steps = range(1, context.settings.train.epochs + 1)
    loss = np.full((len(outcomes), len(steps)), np.nan)
    accuracy = loss.copy()
    for index, outcome in enumerate(outcomes.values()):
        loss[index, : len(outcome.losses)] = outcome.losses
        accuracy[index, : len(outcome.accuracies)] = outcome.accuracies
    curves = xr.Dataset(
        {"loss": ([MEMBER, STEP], loss), "validation_accuracy": ([MEMBER, STEP], accuracy)},
        coords={MEMBER: list(outcomes), STEP: list(steps)},
    )
    curves["loss"].attrs["units"] = "nats"
    return {"results/training": curves}


training = Step("training", "training curves", ("results/training",), _work)
