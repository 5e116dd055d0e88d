"""The frontier: every way to get an ensemble against its budget, what another member would bring, and a choice."""

import json
from typing import Any

import numpy as np
import xarray as xr

from modescape.core.axes import CLASS, EXAMPLE, MEMBER, METHOD, METRIC, SCALING, SIZE
from modescape.data import load_foreign
from modescape.evaluate import Frontier, MemberWorth, Price, Recommendation, member_worth, recommended, returns
from modescape.evaluate import frontier as measured_frontier
from modescape.methods import METHODS
from modescape.studies.context import StudyContext
from modescape.studies.ensembles.gathered import NUMBERS, Gathered, Key, examples_of, gathered
from modescape.studies.ensembles.ways import chosen_methods
from modescape.studies.pieces import Pieces
from modescape.studies.settings import StudySettings
from modescape.studies.step import Step
from modescape.train import TrainingTask

OF_METRICS = (
    *("value", "low", "high", "difference", "difference_low", "difference_high"),
    *("versus_one", "versus_one_low", "versus_one_high"),
)
OF_SIZES = ("value", "low", "high", "fit", "fit_low", "fit_high", "step", "step_low", "step_high")
OF_CURVES = ("gain", "gain_low", "gain_high", "limit", "limit_low", "limit_high", "rate")
NO_EXAMPLES = "Nothing is recommended: there are no validation examples to choose on. Give the Dataset some."


def _check(settings: StudySettings, task: TrainingTask) -> None:
    """Raise, before anything is trained, if methods, sizes or foreign data are not to be had."""
    chosen_methods(settings.frontier.methods, settings.frontier.method_options)
    settings.frontier.chosen_sizes(settings.train.members)
    load_foreign(settings.foreign.foreign, task.dataset, limit=1, seed=settings.seed)


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Make the ensembles of every method and size, and hold them against independent members."""
    chosen, shown = context.settings.frontier, context.settings.foreign
    methods = chosen_methods(chosen.methods, chosen.method_options)
    sizes = chosen.chosen_sizes(context.settings.train.members)
    foreign = load_foreign(shown.foreign, context.dataset, limit=shown.foreign_examples, seed=context.settings.seed)
    found = gathered(context, methods, sizes, examples_of(context, foreign.inputs), Pieces(context, frontier))
    curves = _measured(context, found)
    dataset = _dataset(context, found, curves)
    dataset.attrs |= {"foreign": foreign.name, "num_foreign": len(foreign.inputs), "foreign_note": foreign.note}
    return {
        "results/frontier": dataset,
        "results/returns": _returns(context),
        "predictions/frontier-test": _predictions(context, found, "test"),
        "predictions/frontier-validation": _predictions(context, found, "validation"),
    }


def _measured(context: StudyContext, found: Gathered) -> Frontier:
    """Return all metrics with intervals."""
    compare, data = context.settings.compare, context.dataset
    validation = found.predictions["validation"]
    return measured_frontier(
        found.predictions["test"],
        data.test.labels.numpy(),
        validation=validation or None,
        validation_labels=data.validation.labels.numpy() if validation else None,
        foreign=found.predictions["foreign"],
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
        progress=context.progress,
    )


def _dataset(context: StudyContext, found: Gathered, curves: Frontier) -> xr.Dataset:
    """Name the dimensions, and add costs and the recommendation."""
    shape = (len(curves.methods), len(curves.sizes))
    epochs = context.settings.train.epochs
    numbers = {name: np.full(shape, np.nan) for name in NUMBERS}
    for (method, size), values in found.numbers.items():
        place = curves.methods.index(method), curves.sizes.tolist().index(size)
        for name, value in values.items():
            numbers[name][place] = value
    numbers["training"] = (numbers["forward"] + 2 * numbers["backward"]) / 3
    titles = {name: METHODS[name].title for name in curves.methods}
    dataset = xr.Dataset(
        {
            **{name: ([SCALING, METHOD, SIZE, METRIC], getattr(curves, name)) for name in OF_METRICS},
            **{name: ([METHOD, SIZE], values) for name, values in numbers.items()},
            "temperature": ([METHOD, SIZE], curves.temperature),
        },
        coords={
            SCALING: list(curves.scalings),
            METHOD: list(curves.methods),
            SIZE: curves.sizes,
            METRIC: list(curves.metrics),
        },
        attrs={
            "confidence": curves.confidence,
            "num_resamples": curves.num_resamples,
            "num_examples": curves.num_examples,
            "num_validation": curves.num_validation,
            "epochs": epochs,
            "titles": json.dumps(titles),
        },
    )
    missing = _missing_choice(context, found)
    choice = None if missing else _recommended(context, found, curves, titles)
    dataset.attrs["notes"] = json.dumps([*found.notes, *missing])
    return dataset.assign_attrs(_choice_attributes(choice))


def _missing_choice(context: StudyContext, found: Gathered) -> list[str]:
    """Return why nothing can be recommended, if so."""
    if not found.predictions["validation"]:
        return [NO_EXAMPLES]
    most = context.settings.frontier.most_passes
    least = min(numbers["prediction"] for numbers in found.numbers.values())
    if most is None or least <= most:
        return []
    return [f"Nothing is recommended: --most-passes is {most:g}, and the least that an ensemble takes is {least:g}."]


def _recommended(context: StudyContext, found: Gathered, curves: Frontier, titles: dict[str, str]) -> Recommendation:
    """Choose one ensemble on the validation examples."""
    settings, compare = context.settings.frontier, context.settings.compare
    epochs = context.settings.train.epochs
    prices: dict[Key, Price] = {
        key: Price(
            training=(numbers["forward"] + 2 * numbers["backward"]) / 3 / epochs,
            prediction=numbers["prediction"],
            parameters=int(numbers["parameters"]),
        )
        for key, numbers in found.numbers.items()
    }
    return recommended(
        curves,
        found.predictions["validation"],
        context.dataset.validation.labels.numpy(),
        prices,
        metric=settings.judged_by,
        cost_per_member=settings.cost_per_member,
        worth=settings.worth,
        max_prediction=settings.most_passes,
        titles=titles,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )


def _choice_attributes(choice: Recommendation | None) -> dict[str, Any]:
    """Return a recommendation as attributes of results."""
    if choice is None:
        return {"recommended_method": "", "recommended_size": 0, "recommendation": "", "reasons": json.dumps([])}
    return {
        "recommended_method": choice.method,
        "recommended_size": choice.size,
        "recommendation": choice.sentence,
        "reasons": json.dumps(list(choice.reasons)),
        "recommended_by": choice.metric,
    }


def _returns(context: StudyContext) -> xr.Dataset:
    """Return the fitted curve of the size of independent ensembles, and whether another member is worth its cost."""
    compare, settings = context.settings.compare, context.settings.frontier
    predicted = context.run.arrays("predictions/test")
    members = predicted["probability"].to_numpy()
    curve = returns(
        members,
        predicted["label"].to_numpy(),
        max_subsets=max(compare.max_subsets, len(members)),
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )
    told: MemberWorth | None = None
    if settings.cost_per_member is not None and settings.worth is not None:
        told = member_worth(
            curve, cost_per_member=settings.cost_per_member, worth=settings.worth, metric=settings.judged_by
        )
    return xr.Dataset(
        {
            **{name: ([METRIC, SIZE], getattr(curve, name)) for name in OF_SIZES},
            **{name: ([METRIC], getattr(curve, name)) for name in OF_CURVES},
        },
        coords={METRIC: list(curve.metrics), SIZE: curve.sizes},
        attrs={
            "members": curve.num_members,
            "num_examples": members.shape[1],
            "confidence": curve.confidence,
            "num_resamples": curve.num_resamples,
            "notes": json.dumps(list(curve.notes)),
            **_worth_attributes(told),
        },
    )


def _worth_attributes(told: MemberWorth | None) -> dict[str, Any]:
    """Return what a further member is worth as attributes of results."""
    if told is None:
        return {"sentence": "", "verdict": ""}
    return {
        "cost_per_member": told.cost_per_member,
        "worth": told.worth,
        "worth_metric": told.metric,
        "verdict": told.verdict,
        "sentence": told.sentence,
    }


def _predictions(context: StudyContext, found: Gathered, split: str) -> xr.Dataset | None:
    """Return the combined probabilities of every ensemble by its name, such as `swag 4`."""
    predicted = found.predictions[split]
    if not predicted:
        return None
    labels = getattr(context.dataset, split).labels.numpy()
    return xr.Dataset(
        {
            "probability": ([MEMBER, EXAMPLE, CLASS], np.stack(list(predicted.values()))),
            "label": ([EXAMPLE], labels),
        },
        coords={MEMBER: [f"{method} {size}" for method, size in predicted]},
        attrs={"classes": list(context.dataset.classes)},
    )


frontier = Step(
    "frontier",
    "every way to get an ensemble, at equal budgets",
    ("results/frontier", "results/returns", "predictions/frontier-test", "predictions/frontier-validation"),
    _work,
    needs=("predictions",),
    options=(
        *("methods", "sizes", "method_options", "judged_by", "cost_per_member", "worth", "most_passes"),
        *("foreign", "foreign_examples", "confidence", "num_resamples", "max_subsets"),
    ),
    check=_check,
)
