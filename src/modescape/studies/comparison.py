"""The study of members that were made elsewhere, as far as what is known of them allows.

Members of one architecture have weights, and all steps can be done that look at weights; of others there are answers.
"""

from modescape.studies.step import Step
from modescape.studies.steps.alignment import alignment
from modescape.studies.steps.classes import classes
from modescape.studies.steps.ensemble import ensemble
from modescape.studies.steps.groups import groups
from modescape.studies.steps.layers import layers
from modescape.studies.steps.modes import modes
from modescape.studies.steps.null import null
from modescape.studies.steps.pairs import pairs
from modescape.studies.steps.predictions import predictions
from modescape.studies.steps.representations import representations
from modescape.studies.steps.similarity import solutions

ANSWERS: tuple[Step, ...] = (solutions, ensemble, pairs, classes, modes, groups)
"""Steps that need what members answer, and nothing else."""

WEIGHTS: tuple[Step, ...] = (null, layers, alignment, representations)
"""Steps that need weights of one architecture."""

STEPS: tuple[Step, ...] = (predictions, *ANSWERS, *WEIGHTS)
