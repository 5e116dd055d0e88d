"""The studies by name."""

from modescape.core.checks import check_choice
from modescape.studies.comparison import STEPS as COMPARE
from modescape.studies.difference_study import STEPS as DIFFERENCES
from modescape.studies.fort2019 import STEPS as FORT2019
from modescape.studies.frontier_study import STEPS as FRONTIER
from modescape.studies.landscape_study import STEPS as LANDSCAPES
from modescape.studies.overview import STEPS as OVERVIEW
from modescape.studies.shapes import STEPS as SHAPES
from modescape.studies.step import Step, with_needs
from modescape.studies.three_class_study import STEPS as THREE_CLASS

STUDIES: dict[str, tuple[Step, ...]] = {
    "overview": OVERVIEW,
    "fort2019": FORT2019,
    "landscapes": LANDSCAPES,
    "shapes": SHAPES,
    "differences": DIFFERENCES,
    "three-class": THREE_CLASS,
    "compare": COMPARE,
    "frontier": FRONTIER,
}


def steps_of(study: str, only: str | None = None) -> list[Step]:
    """Return the steps of a study in order, or one of them with all that it needs.

    Raises:
        ArgumentError: If there is no such study or step.

    >>> [step.name for step in steps_of("overview", only="ensemble")]
    ['predictions', 'ensemble']
    """
    check_choice(study, STUDIES, "study")
    steps = STUDIES[study]
    if only is None:
        return list(steps)
    check_choice(only, [step.name for step in steps], "only")
    return with_needs(steps, only)
