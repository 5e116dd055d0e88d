"""Which ensemble is worth its compute: every way to get one, at equal budgets, on one axis."""

from modescape.studies.step import Step
from modescape.studies.steps.ensemble import ensemble
from modescape.studies.steps.frontier import frontier
from modescape.studies.steps.predictions import predictions
from modescape.studies.steps.similarity import solutions
from modescape.studies.steps.training import training

STEPS: tuple[Step, ...] = (training, predictions, solutions, ensemble, frontier)
