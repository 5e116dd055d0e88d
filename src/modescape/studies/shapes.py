"""Is the landscape the same everywhere: for every task, with and without shortcuts, narrow and wide, early and late?"""

from modescape.studies.step import Step
from modescape.studies.steps.shapes import shapes
from modescape.studies.steps.training import training

STEPS: tuple[Step, ...] = (training, shapes)
