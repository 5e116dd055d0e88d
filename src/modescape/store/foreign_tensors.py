"""Weights that others have written, as PyTorch or safetensors files: tensors are loaded, code never is."""

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from modescape.core.errors import DataError
from modescape.core.trees import Tree

TENSOR_SUFFIXES: Final = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")
"""Endings of the files that are read."""
WRAPPERS: Final = ("state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params")
"""Names under which trainers keep the weights of a network beside other things, the usual ones first."""
PREFIXES: Final = ("module.", "_orig_mod.", "model.", "net.", "network.")
"""What data-parallel wrappers, `torch.compile` and training frameworks put before each name."""
AVERAGED: Final = "n_averaged"
"""A counter that `torch.optim.swa_utils.AveragedModel` keeps beside its weights."""


def read_tensors(path: str | Path) -> Tree | Tensor:
    """Return the weights in a file by name, or the one tensor that it holds.

    Nothing but tensors and plain values is ever loaded: a file that holds objects of any other kind is refused.
    Weights are found under `state_dict`, `model` and the like, where a file holds more than them.

    Source: PyTorch, torch.load with `weights_only`, https://docs.pytorch.org/docs/stable/notes/serialization.html

    Args:
        path: A .safetensors file, or what `torch.save` has written.

    Raises:
        DataError: If there is no such file, it is cut short or damaged, holds code, or holds no weights.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"epoch": 3, "state_dict": {"module.w": torch.ones(2)}}, f"{folder}/a.pt")
    ...     list(read_tensors(f"{folder}/a.pt"))
    ['module.w']
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataError(f"There is no file {file}. Check the path.")
    loaded = _safetensors(file) if file.suffix == ".safetensors" else _pickled(file)
    if isinstance(loaded, Tensor):
        return loaded.detach()
    found = _unwrapped(loaded)
    if not found:
        held = ", ".join(map(str, loaded)) if isinstance(loaded, Mapping) else type(loaded).__name__
        raise DataError(
            f"{file} holds no weights by name, only {held[:120] or 'nothing'}. Save model.state_dict() with torch.save."
        )
    return {name: tensor.detach() for name, tensor in found.items()}


def fitted_names(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor], where: str) -> Tree:
    """Return tensors under the names that a network has, after checking that they are its weights.

    Prefixes that wrappers have put before all names are taken away, as far as that is needed.

    Args:
        tensors: Weights as they were read.
        wanted: The `state_dict()` of the network.
        where: Name of the file, for errors.

    Raises:
        DataError: If a name is missing or unknown, a shape differs, or a weight is NaN or infinite; the first is named.

    >>> fitted_names({"module.w": torch.ones(2)}, {"w": torch.zeros(2)}, "a.pt")["w"].tolist()
    [1.0, 1.0]
    """
    own = {name: tensor for name, tensor in tensors.items() if name != AVERAGED or name in wanted}
    named = max(_candidates(own), key=lambda candidate: len(candidate.keys() & wanted.keys()))
    # Old files of batch norm lack the counter of batches, which plays no part in evaluation mode.
    missing = [name for name in wanted if name not in named and not name.endswith("num_batches_tracked")]
    unknown = [name for name in named if name not in wanted]
    if missing or unknown:
        raise DataError(
            f"{where} does not fit the network: {_listed('lacks', missing)}"
            f"{' and ' if missing and unknown else ''}{_listed('has unknown', unknown)}. "
            "Check that --model and its options are those that it was trained with."
        )
    for name, tensor in named.items():
        _check(name, tensor, wanted[name], where)
    return {name: named.get(name, tensor) for name, tensor in wanted.items()}


def _safetensors(file: Path) -> Tree:
    """Read a safetensors file."""
    try:
        return load_file(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(file, error) from error


def _pickled(file: Path) -> Any:
    """Read what torch.save has written, with its loader that knows tensors and plain values only."""
    try:
        with warnings.catch_warnings():
            # It warns of pickles of other programs before it refuses what is no tensor in them.
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            return torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        if _is_code(error):
            raise DataError(
                f"{file} holds Python objects{_named(error)}, and only tensors are loaded, never code. "
                "Save model.state_dict() with torch.save, or write a .safetensors file."
            ) from error
        raise _damaged(file, error) from error


def _is_code(error: Exception) -> bool:
    """Say whether the loader refused an object, and did not meet the end of the file."""
    refusals = ("Unsupported global", "unsupported GLOBAL", "Unsupported class", "Unsupported operand", "TorchScript")
    return any(word in str(error) for word in refusals)


def _named(error: Exception) -> str:
    """Return the object that was refused, as the loader names it."""
    words = str(error).partition("GLOBAL ")[2].split()
    return f" ({words[0]})" if words else ""


def _damaged(file: Path, error: Exception) -> DataError:
    """Return the error for a file that can't be read."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].partition(". ")[0][:120].rstrip(".:")
    return DataError(
        f"{file} can't be read as weights ({reason}). It may be cut short or of another kind: copy or write it again."
    )


def _unwrapped(loaded: Any) -> Tree:
    """Return the weights in what a file holds: the whole of it, or what stands under one of the usual names."""
    if not isinstance(loaded, Mapping):
        return {}
    inner = next((found for name in WRAPPERS if (found := _unwrapped(loaded.get(name)))), None)
    if inner is not None:
        return inner
    return {name: tensor for name, tensor in loaded.items() if isinstance(name, str) and isinstance(tensor, Tensor)}


def _candidates(tensors: Tree) -> list[Tree]:
    """Return weights under their names, and under what is left of them without one prefix after another."""
    found = [tensors]
    while tensors:
        prefix = next((prefix for prefix in PREFIXES if all(name.startswith(prefix) for name in tensors)), None)
        if prefix is None:
            break
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
        found.append(tensors)
    return found


def _listed(verb: str, names: list[str]) -> str:
    """Say which names are concerned, the first three of them."""
    if not names:
        return ""
    return f"it {verb} {', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"


def _check(name: str, tensor: Tensor, wanted: Tensor, where: str) -> None:
    """Raise unless a tensor can take the place of another."""
    if tensor.shape != wanted.shape:
        raise DataError(
            f"{where} does not fit the network: {name} has the shape {tuple(tensor.shape)}, and "
            f"{tuple(wanted.shape)} in the network. Check --model, its options, and the data."
        )
    if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
        raise DataError(f"{where} has NaN or an infinity in {name}. Leave that checkpoint out.")
