"""Weights and training states as safetensors: data only, so that reading one can never run code.

safetensors sorts tensors by name; the order of a network's own parameters is kept in the header, because flattened
weights depend on it.
"""

import json
from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.trees import Tree
from modescape.store.files import is_unicode, store_error

_KEY = "modescape"
_RESERVED = "__metadata__"


def tensor_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return a safetensors file: tensors of any device, and text to keep with them.

    Args:
        tensors: Name to tensor; views, shared and non-contiguous memory are copied.
        metadata: Text to keep with them.

    Raises:
        ArgumentError: If a value is not a tensor, a name or a type of numbers can't be stored, or metadata is not text.

    >>> list(parsed_tensors(tensor_bytes({"b": torch.ones(2), "a": torch.zeros(1)}), "x.safetensors")[0])
    ['b', 'a']
    """
    _check_text(metadata or {})
    for name, tensor in tensors.items():
        _check_tensor(name, tensor)
    copies = {
        name: tensor.detach().to("cpu").clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()
    }
    header = {"order": list(tensors), "metadata": dict(metadata or {})}
    try:
        # One key only: safetensors writes several in a random order, and equal weights should be equal files.
        return save(copies, metadata={_KEY: json.dumps(header)})
    except KeyError as error:
        raise ArgumentError(
            "tensors", "have a type that safetensors holds", Quoted(str(error.args[0])), "Convert them, say to float64"
        ) from None


def parsed_tensors(content: bytes, where: str) -> tuple[Tree, dict[str, str]]:
    """Return the tensors, in their order when written, and the text of a safetensors file.

    Args:
        content: The whole file.
        where: Its name for errors.

    Raises:
        StoreError: If it is no safetensors file, or was not written here.
    """
    try:
        tensors = load(content)
        header = json.loads(_header(content)[_RESERVED][_KEY])
        return {name: tensors[name] for name in header["order"]}, header["metadata"]
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise store_error(
            where, "be a safetensors file written by modescape", repr(error), "Restore it from a copy, or train again"
        ) from None


def _header(content: bytes) -> dict[str, dict[str, str]]:
    """Return the JSON header of a safetensors file: 8 bytes of length, little-endian, then the text.

    Source: Hugging Face, safetensors format, https://github.com/huggingface/safetensors#format
    """
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length])


def _check_text(metadata: Mapping[str, str]) -> None:
    """Raise unless keys and values are text."""
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ArgumentError(
                "metadata",
                "map text to text",
                Quoted(f"{key!r}: {value!r}"),
                "Turn the value into text with json.dumps",
            )


def _check_tensor(name: str, tensor: Tensor) -> None:
    """Raise unless a name and its value can be stored."""
    if not isinstance(tensor, Tensor):
        raise ArgumentError(
            "tensors", "hold tensors only", Quoted(f"{type(tensor).__name__} for {name!r}"), "Use torch.as_tensor"
        )
    if name == _RESERVED or not is_unicode(name):
        raise ArgumentError(
            "tensors", f"have names that are valid text other than {_RESERVED}", name, "Rename that parameter"
        )
