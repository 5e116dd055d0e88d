"""The three-class experiment: of three classes, which of the seven combinations is each member good at?"""

import xarray as xr

from modescape.core.axes import CLASS, COMBINATION, MEMBER
from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate import class_combinations
from modescape.studies.context import StudyContext
from modescape.studies.settings import StudySettings
from modescape.studies.step import LeftOutError, Step
from modescape.studies.steps.answers import answers_of
from modescape.train import TrainingTask

NUM_CLASSES = 3


def _check(settings: StudySettings, task: TrainingTask) -> None:
    """Raise unless the data have three classes."""
    classes = task.dataset.classes
    if len(classes) != NUM_CLASSES:
        rule = f"leave three classes for the three-class experiment, of {settings.data.source}"
        advice = f"Pass --only-classes {','.join(classes[:NUM_CLASSES])}, or three others"
        if len(classes) < NUM_CLASSES:
            is_chosen = settings.data.only_classes is not None
            advice = "Name three of them" if is_chosen else "Choose data with three classes or more"
        raise ArgumentError("only_classes", rule, Quoted(f"{len(classes)} classes"), advice)


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Count the members that are good at each combination of classes."""
    answers = answers_of(context.run)
    if answers.labels is None or answers.num_classes != NUM_CLASSES:
        raise LeftOutError("It needs the true classes of examples of exactly three. Pass --only-classes.")
    compare = context.settings.compare
    found = class_combinations(
        answers.decisions == answers.labels,
        answers.labels,
        num_classes=NUM_CLASSES,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=context.settings.seed,
    )
    names = ["+".join(answers.classes[number] for number in each) or "none" for each in found.combinations]
    counted = ("count", "expected", "low", "high", "p", "p_adjusted")
    compared = ("accuracy", "difference", "difference_low", "difference_high")
    dataset = xr.Dataset(
        {
            **{name: ([COMBINATION], getattr(found, name)) for name in counted},
            **{name: ([MEMBER, CLASS], getattr(found, name)) for name in compared},
        },
        coords={**answers.coords(), CLASS: list(answers.classes), COMBINATION: names},
        attrs={
            "num_examples": answers.num_examples,
            "confidence": compare.confidence,
            "num_resamples": compare.num_resamples,
            "seed": context.settings.seed,
        },
    )
    return {"results/three-class": dataset}


three_class = Step(
    "three-class",
    "the combinations of three classes that members are good at",
    ("results/three-class",),
    _work,
    needs=("predictions",),
    options=("confidence", "num_resamples"),
    check=_check,
)
