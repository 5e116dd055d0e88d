"""Pieces of a long step, kept in the run until the step is done, so that a killed step goes on where it was."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from modescape.core.errors import StoreError
from modescape.studies.context import StudyContext
from modescape.studies.step import Step

Piece = Mapping[str, np.ndarray]


class Pieces:
    """What a step has finished so far.

    Args:
        context: The run.
        step: The step; pieces made with other settings are made again.
    """

    def __init__(self, context: StudyContext, step: Step) -> None:
        self._run, self._part = context.run, step.name
        self._key = json.dumps([step.key(context), step.basis(context)], sort_keys=True)

    def piece(self, name: str, make: Callable[[], Piece]) -> dict[str, np.ndarray]:
        """Return a piece that was kept, or make it now and keep it."""
        kept = self._kept(name)
        if kept is None:
            kept = {key: np.asarray(array, order="C") for key, array in make().items()}
            tensors = {key: torch.from_numpy(array) for key, array in kept.items()}
            self._run.write_state(name, tensors, {"key": self._key}, part=self._part)
        return kept

    def _kept(self, name: str) -> dict[str, np.ndarray] | None:
        """Return a piece that was kept with these settings, undamaged."""
        try:
            state: Any = self._run.read_state(name, part=self._part)
        except StoreError:
            return None
        if state is None or state[1].get("key") != self._key:
            return None
        return {key: tensor.numpy() for key, tensor in state[0].items()}
