"""What tells trainings apart: a key of all that the result of a task depends on."""

import hashlib
import json

from torch import Tensor

from modescape.train.task import TrainingTask

WAYS = frozenset({"engine", "workers", "threads", "group_size"})
"""Settings that say how members are trained, and not to what."""


def task_key(task: TrainingTask) -> str:
    """Return a hash of all that the weights of a task depend on, engines apart.

    The name and the options of its recipe must say all that its networks depend on, and the `repr` of its objective
    likewise.

    >>> from modescape.data import DataSettings, load_dataset
    >>> from modescape.models import recipe
    >>> from modescape.train import TrainSettings
    >>> data = load_dataset(DataSettings(), seed=0)
    >>> tasks = [TrainingTask(recipe("mlp"), data, TrainSettings(engine=engine), seed=0) for engine in ("loop", "vmap")]
    >>> task_key(tasks[0]) == task_key(tasks[1])
    True
    """
    known = {
        "recipe": [task.recipe.name, dict(task.recipe.options)],
        "data": task.dataset.fingerprint,
        "settings": task.settings.model_dump(mode="json", exclude=set(WAYS)),
        "seed": task.seed,
        "augment": task.augment,
        "shared": sorted(stream.name for stream in task.shared),
        "dropout": task.dropout,
        "first_member": task.first_member,
        "subsets": _digest(task.subsets),
        "targets": _digest(task.targets),
        "objective": repr(task.objective),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _digest(tensor: Tensor | None) -> str:
    """Return a hash of a tensor."""
    return "" if tensor is None else hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()
