"""The study that every run begins with: train members, and see how they differ and what their ensemble gains."""

from modescape.studies.step import Step
from modescape.studies.steps.embedding import embedding
from modescape.studies.steps.ensemble import ensemble
from modescape.studies.steps.null import null
from modescape.studies.steps.predictions import predictions
from modescape.studies.steps.similarity import solutions, trajectories
from modescape.studies.steps.training import training

STEPS: tuple[Step, ...] = (training, predictions, solutions, null, trajectories, embedding, ensemble)
