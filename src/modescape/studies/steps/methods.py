"""Ways to spend the members: solutions, weight averages and subspaces, and ensembles of each, compared in pairs."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import METHOD, METHOD_OTHER, METRIC, SCALING, SIZE
from modescape.evaluate import MethodCurves, method_curves
from modescape.store import Run
from modescape.studies.context import StudyContext
from modescape.studies.step import Step

INDEPENDENT = "independent"


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Evaluate ensembles of every method and size on the test examples."""
    compare, run = context.settings.compare, context.run
    test, labels = members_by_method(run, "test")
    known = run.has_arrays("predictions/validation")
    validation, validation_labels = members_by_method(run, "validation") if known else (None, None)
    curves = method_curves(
        test,
        labels,
        validation,
        validation_labels,
        max_subsets=compare.max_subsets,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
        progress=context.progress,
    )
    return {"results/methods": _dataset(context, curves)}


def members_by_method(run: Run, split: str) -> tuple[dict[str, Float[np.ndarray, "member example class"]], np.ndarray]:
    """Return the predictors of each method, one a member, and the labels; members without one are left out."""
    solutions, others = run.arrays(f"predictions/{split}"), run.arrays(f"predictions/methods-{split}")
    found = {INDEPENDENT: solutions["probability"].to_numpy()}
    for method in others[METHOD].to_numpy().tolist():
        predicted = others["probability"].sel({METHOD: method}).to_numpy()
        present = np.isfinite(predicted).all(axis=(1, 2))
        if present.any():
            found[method] = predicted[present]
    return found, solutions["label"].to_numpy()


def _dataset(context: StudyContext, curves: MethodCurves) -> xr.Dataset:
    """Name the dimensions."""
    by_size, by_pair = [SCALING, METHOD, METRIC, SIZE], [SCALING, METRIC, METHOD, METHOD_OTHER, SIZE]
    names: Mapping[str, list[str]] = {
        **dict.fromkeys(("value", "low", "high", "gain", "gain_low", "gain_high"), by_size),
        **dict.fromkeys(("difference", "difference_low", "difference_high"), by_pair),
        **dict.fromkeys(("versus_one", "versus_one_low", "versus_one_high"), by_pair),
        "temperature": [METHOD, SIZE],
    }
    validation = context.dataset.validation
    return xr.Dataset(
        {name: (dims, getattr(curves, name)) for name, dims in names.items()},
        coords={
            SCALING: list(curves.scalings),
            METHOD: list(curves.methods),
            METHOD_OTHER: list(curves.methods),
            METRIC: list(curves.metrics),
            SIZE: np.asarray(curves.sizes),
        },
        attrs={
            "confidence": context.settings.compare.confidence,
            "num_resamples": context.settings.compare.num_resamples,
            "num_examples": len(context.dataset.test),
            "num_validation": len(validation),
            "samples": context.settings.subspaces.samples,
        },
    )


methods = Step(
    "methods",
    "ensembles of solutions, weight averages and subspaces",
    ("results/methods",),
    _work,
    needs=("predictions", "subspaces"),
    options=("confidence", "num_resamples", "max_subsets"),
)
