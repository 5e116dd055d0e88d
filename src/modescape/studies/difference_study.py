"""What members differ in, for which examples, and whether it is only a permutation of neurons.

Source: the questions are those that viewers of Fort et al. (2019), https://arxiv.org/abs/1912.02757, asked.
"""

from modescape.studies import overview
from modescape.studies.step import Step
from modescape.studies.steps.alignment import alignment
from modescape.studies.steps.attacks import attacks
from modescape.studies.steps.classes import classes
from modescape.studies.steps.layers import layers
from modescape.studies.steps.modes import modes
from modescape.studies.steps.pairs import pairs
from modescape.studies.steps.representations import representations

STEPS: tuple[Step, ...] = (*overview.STEPS, pairs, classes, modes, layers, alignment, representations, attacks)
