"""What an ensemble gains with its size: accuracy, NLL, Brier score and ECE over subsets of the members."""

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from modescape.core.axes import MEMBER, METRIC, SIZE
from modescape.evaluate import ensemble_curve
from modescape.studies.context import StudyContext
from modescape.studies.step import LeftOutError, Step

NEEDED = {"probability": "probabilities of all members", "label": "the true classes"}
MAX_MEMBERS = 100
"""Members of which ensembles of every size are made: the work grows with the square of their number."""


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Evaluate ensembles of every size on the test examples."""
    predicted = context.run.arrays("predictions/test")
    for name in ("probability", "label"):
        if name not in predicted:
            raise LeftOutError(f"It needs {NEEDED[name]}.")
    if predicted.sizes[MEMBER] > MAX_MEMBERS:
        raise LeftOutError(
            f"It is for at most {MAX_MEMBERS} members, of which there are {predicted.sizes[MEMBER]}: compare some."
        )
    return {"results/ensemble": size_curve(context, predicted["probability"].to_numpy(), predicted["label"].to_numpy())}


def size_curve(
    context: StudyContext, members: Float[np.ndarray, "member example class"], labels: Int[np.ndarray, "example"]
) -> xr.Dataset:
    """Return the metrics of ensembles of every size, made of the predictions of members."""
    compare = context.settings.compare
    curve = ensemble_curve(
        members,
        labels,
        max_subsets=compare.max_subsets,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
        progress=context.progress,
    )
    names = ("value", "low", "high", "gain", "gain_low", "gain_high")
    return xr.Dataset(
        {
            **{name: ([METRIC, SIZE], getattr(curve, name)) for name in names},
            "num_subsets": ([SIZE], np.asarray(curve.num_subsets)),
            "sampled": ([SIZE], np.asarray(curve.sampled)),
        },
        coords={METRIC: list(curve.metrics), SIZE: np.asarray(curve.sizes)},
        attrs={"confidence": curve.confidence, "num_resamples": curve.num_resamples, "num_examples": len(labels)},
    )


ensemble = Step(
    "ensemble",
    "accuracy and calibration against ensemble size",
    ("results/ensemble",),
    _work,
    needs=("predictions",),
    options=("confidence", "num_resamples", "max_subsets"),
)
