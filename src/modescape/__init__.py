"""modescape: train deep ensembles, map where their members lie, and see whether they are worth it.

The names below are loaded when they are first used, so that `import modescape` and `modescape --help` are quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modescape.core.errors import ModescapeError
    from modescape.data import load_dataset
    from modescape.deploy import EnsembleClassifier
    from modescape.report import save_landscape
    from modescape.store import Run, catalogue
    from modescape.studies import (
        align,
        combined_predictions,
        compare,
        export_ensemble,
        landscape,
        predictor,
        report_run,
        study,
        summarise_run,
        train_ensemble,
    )

__version__ = "0.1.0"

_HOMES = {
    "ModescapeError": "modescape.core.errors",
    "Run": "modescape.store",
    "EnsembleClassifier": "modescape.deploy",
    "align": "modescape.studies",
    "catalogue": "modescape.store",
    "combined_predictions": "modescape.studies",
    "compare": "modescape.studies",
    "export_ensemble": "modescape.studies",
    "landscape": "modescape.studies",
    "load_dataset": "modescape.data",
    "predictor": "modescape.studies",
    "report_run": "modescape.studies",
    "save_landscape": "modescape.report",
    "study": "modescape.studies",
    "summarise_run": "modescape.studies",
    "train_ensemble": "modescape.studies",
}

__all__ = [
    "EnsembleClassifier",
    "ModescapeError",
    "Run",
    "__version__",
    "align",
    "catalogue",
    "combined_predictions",
    "compare",
    "export_ensemble",
    "landscape",
    "load_dataset",
    "open",
    "predictor",
    "report_run",
    "save_landscape",
    "study",
    "summarise_run",
    "train_ensemble",
]


def open(path: str) -> "Run":  # noqa: A001 - the name users know from every library that opens files
    """Open a run on disk.

    Args:
        path: The run's folder.

    Raises:
        StoreError: If there is no run, or its manifest is damaged.

    >>> open("nowhere")
    Traceback (most recent call last):
    ...
    modescape.core.errors.StoreError: ...
    """
    from modescape.store import Run  # noqa: PLC0415 - loads xarray and torch

    return Run.open(path)


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name not in _HOMES:
        raise AttributeError(f"module 'modescape' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
