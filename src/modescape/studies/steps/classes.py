"""Do members specialise on classes? Accuracy by class, and its spread over members against chance."""

from typing import TypeAlias

import numpy as np
import xarray as xr
from jaxtyping import Int

from modescape.core.axes import CLASS, MEMBER
from modescape.evaluate import ClassSpread, class_accuracies, class_spread, holm, proportion_interval
from modescape.studies.context import StudyContext
from modescape.studies.step import LeftOutError, Step
from modescape.studies.steps.answers import Answers, answers_of

Variables: TypeAlias = dict[str, tuple[list[str], np.ndarray]]


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare the accuracies of members class by class."""
    answers = answers_of(context.run)
    if answers.labels is None:
        raise LeftOutError("The true classes are not known. Pass labels to see how members do on each class.")
    compare = context.settings.compare
    spread = class_spread(
        answers.decisions == answers.labels,
        answers.labels,
        num_classes=answers.num_classes,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )
    dataset = xr.Dataset(
        {**_accuracies(answers, answers.labels, compare.confidence), **_spreads(spread)},
        coords={**answers.coords(), CLASS: list(answers.classes)},
        attrs={
            "interaction_ratio": spread.ratio,
            "interaction_ratio_low": spread.ratio_low,
            "interaction_ratio_high": spread.ratio_high,
            "chance_low": spread.chance_low,
            "chance_high": spread.chance_high,
            "interaction_p": spread.ratio_p,
            "chance": spread.chance,
            "num_resamples": spread.num_resamples,
            "num_examples": answers.num_examples,
            "confidence": compare.confidence,
            "seed": context.settings.seed,
        },
    )
    return {"results/classes": dataset}


def _accuracies(answers: Answers, labels: Int[np.ndarray, "example"], confidence: float) -> Variables:
    """Return the accuracy of each member on each class, with its interval, and how many examples it is of."""
    number = np.bincount(labels, minlength=answers.num_classes)
    accuracy = class_accuracies(answers.decisions == labels, labels, num_classes=answers.num_classes)
    count = np.where(number > 0, np.nan_to_num(accuracy) * number, 0.0).round()
    low, high = proportion_interval(count, np.maximum(number, 1), confidence=confidence)
    return {
        "accuracy": ([MEMBER, CLASS], accuracy),
        "accuracy_low": ([MEMBER, CLASS], np.where(number > 0, low, np.nan)),
        "accuracy_high": ([MEMBER, CLASS], np.where(number > 0, high, np.nan)),
        "num_examples": ([CLASS], number),
    }


def _spreads(spread: ClassSpread) -> Variables:
    """Return how much members differ on each class, beside chance."""
    return {
        "spread": ([CLASS], spread.spread),
        "expected_spread": ([CLASS], spread.expected),
        "expected_low": ([CLASS], spread.low),
        "expected_high": ([CLASS], spread.high),
        "p": ([CLASS], spread.p),
        "p_adjusted": ([CLASS], holm(spread.p)),
    }


classes = Step(
    "classes",
    "accuracy class by class against chance",
    ("results/classes",),
    _work,
    needs=("predictions",),
    options=("confidence", "num_resamples"),
)
