"""What an ensemble gains with its size: accuracy, NLL, Brier score and ECE over subsets of the members."""

import numpy as np
import xarray as xr

from modescape.core.axes import METRIC, SIZE
from modescape.evaluate import EnsembleCurve, ensemble_curve
from modescape.studies.context import StudyContext
from modescape.studies.step import Step


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Evaluate ensembles of every size on the test examples."""
    predicted = context.run.arrays("predictions/test")
    compare = context.settings.compare
    curve = ensemble_curve(
        predicted["probability"].to_numpy(),
        predicted["label"].to_numpy(),
        max_subsets=compare.max_subsets,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
        progress=context.progress,
    )
    return {"results/ensemble": named_curve(curve, num_examples=predicted.sizes["example"])}


def named_curve(curve: EnsembleCurve, *, num_examples: int) -> xr.Dataset:
    """Name the dimensions of a curve."""
    names = ("value", "low", "high", "gain", "gain_low", "gain_high")
    return xr.Dataset(
        {
            **{name: ([METRIC, SIZE], getattr(curve, name)) for name in names},
            "num_subsets": ([SIZE], np.asarray(curve.num_subsets)),
            "sampled": ([SIZE], np.asarray(curve.sampled)),
        },
        coords={METRIC: list(curve.metrics), SIZE: np.asarray(curve.sizes)},
        attrs={"confidence": curve.confidence, "num_resamples": curve.num_resamples, "num_examples": num_examples},
    )


ensemble = Step(
    "ensemble",
    "accuracy and calibration against ensemble size",
    ("results/ensemble",),
    _work,
    needs=("predictions",),
    options=("confidence", "num_resamples", "max_subsets"),
)
