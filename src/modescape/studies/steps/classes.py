"""Do members specialise on classes? Accuracy by class, and its spread over members against chance."""

import numpy as np
import xarray as xr

from modescape.core.axes import CLASS, MEMBER
from modescape.evaluate import class_accuracies, class_spread, holm, proportion_interval
from modescape.studies.context import StudyContext
from modescape.studies.step import LeftOutError, Step
from modescape.studies.steps.answers import answers_of


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare the accuracies of members class by class."""
    answers = answers_of(context.run)
    if answers.labels is None:
        raise LeftOutError("The true classes are not known. Pass labels to see how members do on each class.")
    compare = context.settings.compare
    right, number = answers.decisions == answers.labels, np.bincount(answers.labels, minlength=answers.num_classes)
    accuracy = class_accuracies(right, answers.labels, num_classes=answers.num_classes)
    count = np.where(number > 0, np.nan_to_num(accuracy) * number, 0.0).round()
    low, high = proportion_interval(count, np.maximum(number, 1), confidence=compare.confidence)
    spread = class_spread(
        right,
        answers.labels,
        num_classes=answers.num_classes,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )
    single = {
        "num_examples": number,
        "spread": spread.spread,
        "expected_spread": spread.expected,
        "expected_low": spread.low,
        "expected_high": spread.high,
        "p": spread.p,
        "p_adjusted": holm(spread.p),
    }
    return {
        "results/classes": xr.Dataset(
            {
                "accuracy": ([MEMBER, CLASS], accuracy),
                "accuracy_low": ([MEMBER, CLASS], np.where(number > 0, low, np.nan)),
                "accuracy_high": ([MEMBER, CLASS], np.where(number > 0, high, np.nan)),
                **{name: ([CLASS], values) for name, values in single.items()},
            },
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
    }


classes = Step(
    "classes",
    "accuracy class by class against chance",
    ("results/classes",),
    _work,
    needs=("predictions",),
    options=("confidence", "num_resamples"),
)
