"""A run on disk, and the catalogue of runs.

A run is one folder: a manifest, the settings, weights as safetensors, predictions and results as zarr, and a list of
checksums. It survives a kill at any moment, a full disk and two processes at once, and says which file is damaged
instead of using it.
"""

from modescape.store.arrays import AXIS_WORDS
from modescape.store.catalogues import RunSummary, catalogue
from modescape.store.files import write_atomically
from modescape.store.manifests import SCHEMA, STATUSES
from modescape.store.runs import Run

__all__ = ["AXIS_WORDS", "SCHEMA", "STATUSES", "Run", "RunSummary", "catalogue", "write_atomically"]
