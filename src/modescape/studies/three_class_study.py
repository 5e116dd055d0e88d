"""The experiment with three classes: which of the seven sets of classes is each member good at?"""

from modescape.studies import overview
from modescape.studies.step import Step
from modescape.studies.steps.classes import classes
from modescape.studies.steps.pairs import pairs
from modescape.studies.steps.three_class import three_class

STEPS: tuple[Step, ...] = (*overview.STEPS, pairs, classes, three_class)
