"""How exactly networks are computed in training; weights and optimisers are 32-bit whatever is chosen here."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal, TypeAlias

import torch

from modescape.core.errors import ArgumentError, Quoted

Precision: TypeAlias = Literal["float32", "tf32", "bf16"]


def check_precision(precision: Precision, device: torch.device) -> None:
    """Raise if a device can't compute as asked.

    Raises:
        ArgumentError: If TF32 is asked of anything but CUDA.

    >>> check_precision("bf16", torch.device("cpu"))
    """
    if precision == "tf32" and device.type != "cuda":
        advice = "Pass --precision float32 or bf16"
        raise ArgumentError(
            "precision", "be float32 or bf16, except on CUDA", Quoted(f"'tf32' on {device.type}"), advice
        )


def computing(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Return the context of a forward pass: mixed precision for bf16, nothing else otherwise.

    >>> with computing("bf16", torch.device("cpu")):
    ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    torch.bfloat16
    """
    if precision != "bf16":
        return nullcontext()
    # Without the cache of cast weights, which would outlive a step that is captured.
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)


@contextmanager
def matmul_precision(precision: Precision, device: torch.device) -> Iterator[None]:
    """Let CUDA round the factors of products to TF32 inside the block, or keep it from that; nothing on other devices.

    TF32 keeps 10 bits of the mantissa instead of 23 (8 times faster on GPUs that have it). PyTorch's own default is a
    mixture: TF32 in convolutions, 32 bits in matrix products.

    Source: PyTorch, https://pytorch.org/docs/stable/notes/cuda.html#tensorfloat-32-tf32-on-ampere-and-later-devices

    >>> with matmul_precision("float32", torch.device("cpu")):
    ...     pass
    """
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    try:
        _allow_tf32(matmul=precision == "tf32", convolution=precision == "tf32")
        yield
    finally:
        _allow_tf32(matmul=bool(before[0]), convolution=before[1])


def _allow_tf32(*, matmul: bool, convolution: bool) -> None:
    """Set the two flags of PyTorch."""
    torch.backends.cuda.matmul.allow_tf32 = matmul
    torch.backends.cudnn.allow_tf32 = convolution
