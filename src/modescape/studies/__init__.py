"""Named studies: the rooms wired together, from data to a report. The only place that knows all of them."""

from modescape.studies.align import align
from modescape.studies.api import study, train_ensemble
from modescape.studies.catalogue import STUDIES
from modescape.studies.combine import combined_predictions
from modescape.studies.compare import compare
from modescape.studies.ensembles.deployed import export_ensemble, predictor
from modescape.studies.landscape import landscape
from modescape.studies.presets import PRESETS
from modescape.studies.report import has_results, report_run, summarise_run
from modescape.studies.sections import CompareSettings
from modescape.studies.settings import StudySettings

__all__ = [
    "PRESETS",
    "STUDIES",
    "CompareSettings",
    "StudySettings",
    "align",
    "combined_predictions",
    "compare",
    "export_ensemble",
    "has_results",
    "landscape",
    "predictor",
    "report_run",
    "study",
    "summarise_run",
    "train_ensemble",
]
