"""A predictor as a file that needs no modescape: a program of PyTorch (.pt2) or ONNX (.onnx)."""

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from copy import deepcopy
from importlib.util import find_spec
from io import BytesIO, StringIO
from pathlib import Path
from typing import Final

import torch
from torch.export import Dim, ExportedProgram

from modescape.core.errors import (
    LONGEST_TEXT,
    ArgumentError,
    MissingDependencyError,
    ModelError,
    Quoted,
    StoreError,
)
from modescape.deploy.answers import Answers
from modescape.deploy.predictor import OUTPUTS, DeployedEnsemble

DESCRIPTION: Final = "modescape.json"
"""Name of the description inside a .pt2 file, and `modescape` is its key in the metadata of an .onnx file."""

INPUT: Final = "raw"
"""Name of the input of an exported program."""

MOST_ONNX_BYTES: Final = 2**31
"""What the format of an .onnx file can hold in one piece."""

_TRACED_EXAMPLES: Final = 2
"""Examples that a program is traced with: one alone could be taken for the only size of a batch."""


def save_predictor(predictor: DeployedEnsemble, path: Path | str) -> Path:
    """Write a predictor as a program that takes raw inputs in batches of any size, and needs no modescape to run.

    `.pt2` is loaded with `torch.export.load(path).module()`, `.onnx` runs in onnxruntime and others. Both return what
    the predictor returns (`OUTPUTS`), and hold the names of the classes and a description of inputs and outputs:
    JSON in the file `modescape.json` inside a `.pt2`, and in the metadata of an `.onnx`.

    Members of one architecture are one vectorised program where torch can export it for any size of batch, and run one
    after the other inside the program where it can't (with convolutions); `description` says which. Programs are made
    for the CPU, in the number type of the predictor; torch can move a loaded `.pt2` to other devices.

    Args:
        predictor: What to write.
        path: Where to; a file that is there is replaced at once, when the new one is whole.

    Returns:
        The path.

    Raises:
        ArgumentError: If the suffix is neither .pt2 nor .onnx, or the folder is not there.
        MissingDependencyError: If packages for ONNX are missing.
        ModelError: If torch can't export a network.
        StoreError: If the file can't be written.

    >>> from torch import nn
    >>> from modescape.methods.cost import Cost
    >>> from modescape.methods.ensemble import Ensemble, Part
    >>> part = Part(nn.Linear(2, 3), (dict(nn.Linear(2, 3).named_parameters()),) * 5)
    >>> ensemble = Ensemble("independent", 5, (part,), Cost(0, 0, 5, 45))
    >>> predictor = DeployedEnsemble(ensemble, classes=["a", "b", "c"], input_shape=(2,))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_predictor(predictor, Path(folder, "ensemble.pt2"))
    ...     program = torch.export.load(file).module()
    >>> program(torch.zeros(7, 2))["member_probabilities"].shape
    torch.Size([7, 5, 3])
    """
    target = Path(path)
    if target.suffix not in WRITERS:
        raise ArgumentError("path", f"end in {' or '.join(WRITERS)}", str(path), "Choose one of them")
    if not target.parent.is_dir():
        raise ArgumentError("path", "lie in a folder that is there", str(path), f"Make the folder {target.parent}")
    _write_atomically(target, WRITERS[target.suffix](predictor))
    return target


def description(predictor: DeployedEnsemble) -> dict[str, object]:
    """Return what a user of an exported program must know, as values for JSON.

    >>> sorted(OUTPUTS)[:2]
    ['aleatoric_uncertainty', 'epistemic_uncertainty']
    """
    shape = ", ".join(str(length) for length in ("example", *predictor.input_shape))
    return {
        "classes": list(predictor.classes),
        "method": predictor.method,
        "num_members": predictor.num_members,
        "member_weights": predictor.member_weights.tolist(),
        "temperature": predictor.temperature.item(),
        "inputs": {INPUT: f"({shape}), {_type_name(predictor.input_dtype)}: raw inputs, which the program scales"},
        "outputs": dict(OUTPUTS),
        "vectorised": all(program.vectorised for program in predictor.programs),
    }


def _pt2(predictor: DeployedEnsemble) -> bytes:
    """Return the content of a file with a program of PyTorch."""
    program, about = _exported(predictor)
    # In memory first: where a disk is full, what torch writes with ends the process.
    content = BytesIO()
    with _quiet():
        torch.export.save(program, content, extra_files={DESCRIPTION: json.dumps(about)})
    return content.getvalue()


def _onnx(predictor: DeployedEnsemble) -> bytes:
    """Return the content of a file with an ONNX program."""
    missing = " and ".join(name for name in ("onnx", "onnxscript") if find_spec(name) is None)
    if missing:
        raise MissingDependencyError(
            f"`path` must end in .pt2 where {missing} can't be imported; got .onnx. "
            'Run pip install "modescape[onnx]", or write a .pt2.'
        )
    num_bytes = sum(tensor.nbytes for tensor in predictor.buffers())
    if num_bytes >= MOST_ONNX_BYTES:
        got = Quoted(f"{num_bytes / 2**30:.1f} GiB")
        raise ArgumentError("predictor", "have under 2 GiB of weights in one .onnx", got, "Write a .pt2")
    program, about = _exported(predictor)
    with _quiet():
        found = torch.onnx.export(
            program,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes=({0: Dim("example")},),
            dynamo=True,
            verbose=False,
        )
    if found is None:
        raise ModelError("`predictor` must be made of operations that ONNX has; got none back. Write a .pt2.")
    found.model.metadata_props["modescape"] = json.dumps(about)
    found.model.metadata_props["classes"] = json.dumps(list(predictor.classes))
    return found.model_proto.SerializeToString()


WRITERS: Final[dict[str, Callable[[DeployedEnsemble], bytes]]] = {".pt2": _pt2, ".onnx": _onnx}
"""What makes the content of a file, by its suffix."""


def _exported(predictor: DeployedEnsemble) -> tuple[ExportedProgram, dict[str, object]]:
    """Return a predictor as a program for batches of any size, and its description."""
    copy = deepcopy(predictor).cpu()
    programs = [program for program in copy.programs if isinstance(program, Answers)]
    for program in programs:
        program.vectorised = program.vectorised and not program.convolves
    try:
        return _traced(copy), description(copy)
    except Exception as error:
        # In whatever way it fails, most often because torch.func gives the batch a fixed size.
        if not any(program.vectorised for program in programs):
            raise _refusal(error) from error
    for program in programs:
        program.vectorised = False
    try:
        return _traced(copy), description(copy)
    except Exception as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> ModelError:
    """Return torch's reason as one line."""
    reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")
    shown = reason if len(reason) <= LONGEST_TEXT else reason[: LONGEST_TEXT - 3] + "..."
    return ModelError(
        f"`predictor` must be made of networks that torch.export takes; got {shown}. "
        "Keep the predictor in Python (it pickles), or export another ensemble."
    )


def _traced(predictor: DeployedEnsemble) -> ExportedProgram:
    """Return a predictor as a program."""
    raw = torch.zeros((_TRACED_EXAMPLES, *predictor.input_shape), dtype=predictor.input_dtype)
    with _quiet(), torch.no_grad():
        return torch.export.export(predictor, (raw,), dynamic_shapes=({0: Dim("example", min=1)},))


def _write_atomically(target: Path, content: bytes) -> None:
    """Write a file under a temporary name, which takes the target's place when all is on the disk.

    Raises:
        StoreError: If it can't be written; what was there before still is.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix=target.suffix, dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(_usual_mode())
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        got = (error.strerror or str(error)).lower()
        advice = "Check the folder and the space on the disk, then export again"
        raise StoreError(f"`{target}` must be written in full; got {got}. {advice}.") from error


def _usual_mode() -> int:
    """Return the rights that a new file has; temporary ones are their owner's alone."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what torch's exporter prints, logs and warns about itself from the user; errors pass."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _type_name(dtype: torch.dtype) -> str:
    """Return the name of a number type without that of the library."""
    return str(dtype).removeprefix("torch.")
