"""A training step as a program: its operations written down once, and then only repeated.

Vectorising a network and differentiating it is Python that runs anew at every step, for milliseconds. What it comes to
is the same list of operations each time. Here that list is recorded at the first step (PyTorch's `make_fx`) and run
from then on, operation by operation with the same rounding, or compiled by `torch.compile`, which fuses what is
elementwise and launches a whole step at once on a GPU.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from modescape.core.errors import TrainingError


class _Turns:
    """Lets many threads run their records, or one make its own: recording changes PyTorch for all threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._num_running = 0
        self._is_recording = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep others from recording inside the block."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_recording)
            self._num_running += 1
        try:
            yield
        finally:
            with self._changed:
                self._num_running -= 1
                self._changed.notify_all()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Keep others from recording and from running inside the block."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_recording and not self._num_running)
            self._is_recording = True
        try:
            yield
        finally:
            with self._changed:
                self._is_recording = False
                self._changed.notify_all()


_turns = _Turns()


class Program:
    """A function of trees of tensors, run from a record of its operations after the first call.

    Args:
        function: Takes and returns lists and dictionaries of tensors (or None); what it does must depend on nothing
            else, and inputs keep their shapes. It may change inputs in place.
        compiled: Compile the record.

    >>> double = Program(lambda tree: {"y": tree["x"] * 2}, compiled=False)
    >>> double({"x": torch.ones(2)})["y"].tolist(), double({"x": torch.zeros(2)})["y"].tolist()
    ([2.0, 2.0], [0.0, 0.0])
    """

    def __init__(self, function: Callable[..., Any], *, compiled: bool) -> None:
        self._function = function
        self._compiled = compiled
        self._run: Callable[..., Sequence[Tensor | None]] | None = None
        self._outputs: Any = None

    def __call__(self, *trees: Any) -> Any:
        """Run the function.

        Raises:
            TrainingError: If it is to be compiled and can't be.
        """
        tensors, structure = pytree.tree_flatten(trees)
        with torch.no_grad():
            if self._run is None:
                return pytree.tree_unflatten(self._first_run(tensors, structure), self._outputs)
            with _turns.running():
                outputs = self._run(*tensors)
            return pytree.tree_unflatten(outputs, self._outputs)

    def _first_run(self, tensors: list[Tensor], structure: Any) -> Sequence[Tensor | None]:
        """Record the function, on copies because recording runs it too, and run the record."""

        def flat(*values: Tensor) -> list[Tensor | None]:
            with torch.enable_grad():
                outputs = self._function(*pytree.tree_unflatten(values, structure))
            found, self._outputs = pytree.tree_flatten(outputs)
            return found

        with _turns.recording():
            record = make_fx(flat)(*[tensor.clone() for tensor in tensors])
            run = _compiled(record, tensors[0].device) if self._compiled else record
            try:
                outputs = run(*tensors)
            except Exception as error:
                if not self._compiled:
                    raise
                reason = str(error).strip().split("\n", 1)[0]
                raise TrainingError(
                    f"`engine` must be loop, vmap or auto where torch.compile does not work; got 'compile' ({reason}). "
                    "Pass --engine vmap, or install a C++ compiler."
                ) from error
        self._run = run
        return outputs


def _compiled(record: nn.Module, device: torch.device) -> Callable[..., Sequence[Tensor | None]]:
    """Compile a record; on CUDA into one graph that is launched as a whole."""
    mode = "reduce-overhead" if device.type == "cuda" else "default"
    return torch.compile(record, mode=mode, dynamic=False)


def python_state(network: nn.Module) -> dict[str, object]:
    """Return what a network's parts hold besides parameters and buffers: numbers, texts, tensors, and lists of them.

    A network in which a training pass changes one of them, such as a count of steps, does not do the same thing at
    every step, and must not be recorded.

    >>> python_state(nn.Dropout(0.25))[".p"]
    0.25
    """
    return {
        f"{name}.{key}": _frozen(value)
        for name, part in network.named_modules()
        for key, value in vars(part).items()
        if key not in {"_parameters", "_buffers", "_modules"}
    }


def _frozen(value: object, depth: int = 3) -> object:
    """Return a copy of a value to compare with: tensors by what they hold, other objects by what is in them."""
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy().tobytes() if value.layout == torch.strided else id(value)
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if not depth or isinstance(value, nn.Module):
        return id(value)
    if isinstance(value, list | tuple | set | frozenset | deque):
        return [_frozen(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {str(key): _frozen(item, depth - 1) for key, item in value.items()}
    return {key: _frozen(item, depth - 1) for key, item in getattr(value, "__dict__", {}).items()}
