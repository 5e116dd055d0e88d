"""Dropout and 2x2 max-pooling in one pass over memory, on CPUs and with numba; the same bits from plain torch without.

On CPUs these two layers take more time than the convolutions between them: PyTorch writes a mask of floats, reads it
twice more, and keeps 64-bit places of maxima. Here a mask stays the 16-bit random words it is made of, and a place is
one byte.
"""

from collections.abc import Callable
from functools import cache
from math import prod
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Float32, Int16
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from modescape.core.errors import ArgumentError, Quoted
from modescape.functions.intercept import Handler

Words: TypeAlias = Int16[Tensor, "..."] | Int16[np.ndarray, "..."]
"""Uniform 16-bit random numbers, one a value; images in the order (example, height, width, channel)."""


PLAIN_TENSORS = (Tensor, nn.Parameter)
"""Types whose memory holds their values; a class derived from them may mean anything."""


@cache
def kernels_available() -> bool:
    """Say whether numba is installed and works: `pip install "modescape[fast]"`.

    >>> kernels_available() in (True, False)
    True
    """
    return _loops().njit is not None


def dropped(
    inputs: Float[Tensor, "example ..."], words: Words, bound: int, scale: float
) -> Float[Tensor, "example ..."]:
    """Return inputs times a dropout mask: times the scale where a word is at most the bound, else times 0.0.

    The gradient is made from the words again; no mask is kept. Words must not be changed before that.

    Args:
        inputs: Values of any type, layout and device; 32-bit floats on a CPU are the fast case, images among them with
            their channels last in memory.
        words: As many as inputs.
        bound: A 16-bit number: (bound + 2**15 + 1) / 2**16 is the probability to keep a value.
        scale: Usually 1 / the probability to keep a value; used with 32 bits.

    Raises:
        ArgumentError: If there are more or fewer words than inputs, or they are not 16-bit numbers.

    >>> dropped(torch.ones(3), torch.tensor([-5, 9, 7], dtype=torch.int16), bound=7, scale=1.5).tolist()
    [1.5, 0.0, 1.5]
    """
    _check_words(words, inputs.numel())
    if not _is_fast(inputs):
        return inputs * _mask(inputs, words, bound, scale)
    arguments = (_array(words), np.int16(bound), np.float32(scale))
    if inputs.requires_grad and torch.is_grad_enabled():
        return _Drop.apply(inputs, *arguments)
    return _drop(inputs, *arguments)


def max_pooled(
    inputs: Float[Tensor, "example channel height width"],
) -> Float[Tensor, "example channel height_half width_half"]:
    """Return the largest of each 2x2 values of images, `F.max_pool2d(inputs, 2)`; a last odd row or column is left out.

    >>> max_pooled(torch.arange(12.0).view(1, 1, 3, 4)).tolist()
    [[[[5.0, 7.0]]]]
    """
    if not _can_pool(inputs):
        return F.max_pool2d(inputs, 2)
    if inputs.requires_grad and torch.is_grad_enabled():
        return _Pool.apply(inputs)
    outputs = _half_size(inputs)
    _loops().pool_only(_images(inputs), _images(outputs))
    return outputs


def dropped_max_pooled(
    inputs: Float[Tensor, "example channel height width"], words: Words, bound: int, scale: float
) -> Float[Tensor, "example channel height_half width_half"]:
    """Return `max_pooled(dropped(inputs, words, bound, scale))`, made in one pass.

    Raises:
        ArgumentError: As `dropped` does.

    >>> words = torch.tensor([0, 9, 0, 0], dtype=torch.int16)
    >>> dropped_max_pooled(torch.tensor([[[[1.0, 4.0], [3.0, 2.0]]]]), words, bound=7, scale=2.0).item()
    6.0
    """
    _check_words(words, inputs.numel())
    if not _can_pool(inputs):
        return max_pooled(dropped(inputs, words, bound, scale))
    arguments = (_array(words).reshape(_images(inputs).shape), np.int16(bound), np.float32(scale))
    if inputs.requires_grad and torch.is_grad_enabled():
        return _DropPool.apply(inputs, *arguments)
    return _drop_pool(inputs, *arguments)[0]


def expanded(words: Words, bound: int, scale: float, out: Float32[Tensor, "..."]) -> Float32[Tensor, "..."]:
    """Write a dropout mask into a tensor and return it: the scale where a word is at most the bound, else 0.0.

    Args:
        words: In the order in which `out` lies in memory.
        bound: As in `dropped`.
        scale: As in `dropped`.
        out: 32-bit floats without gaps: contiguous, or images with their channels last.

    Raises:
        ArgumentError: If `out` has gaps or another type, or the words don't fit it.

    >>> expanded(torch.tensor([-5, 9], dtype=torch.int16), bound=7, scale=1.5, out=torch.empty(2)).tolist()
    [1.5, 0.0]
    """
    _check_words(words, out.numel())
    flat = out.view(-1) if out.is_contiguous() else out.permute(0, 2, 3, 1) if out.ndim == 4 else out
    if not flat.is_contiguous() or out.dtype != torch.float32:
        got = Quoted(f"{out.dtype} with strides {out.stride()}")
        raise ArgumentError("out", "hold 32-bit floats without gaps between them", got, "Pass torch.empty(...)")
    if out.device.type == "cpu" and kernels_available():
        _loops().expand(_array(words)[None], 0, np.int16(bound), np.float32(scale), flat.view(1, -1).numpy())
    else:
        flat.copy_((_tensor(words, out.device) <= bound).view(flat.shape)).mul_(scale)
    return out


def expanded_rows(
    words: Int16[Tensor, "row word"], start: int, bound: int, scale: float, shape: tuple[int, ...]
) -> Float32[Tensor, "row ..."]:
    """Return a dropout mask of a shape for each row of words, made from those after a start.

    Args:
        words: Contiguous, on any device.
        start: Where in the row the words of the mask begin.
        bound: As in `dropped`.
        scale: As in `dropped`.
        shape: Of one mask, in the order of the words.

    Raises:
        ArgumentError: If a row has too few words, or they are not contiguous 16-bit numbers.

    >>> expanded_rows(torch.tensor([[0, -5, 9], [0, 9, 9]], dtype=torch.int16), 1, 7, 1.5, (2,)).tolist()
    [[1.5, 0.0], [0.0, 0.0]]
    """
    num_values = prod(shape)
    if words.dtype != torch.int16 or not words.is_contiguous() or not 0 <= start <= words.shape[1] - num_values:
        got = Quoted(f"{words.dtype} of shape {tuple(words.shape)}, from {start} on")
        raise ArgumentError("words", f"be {num_values} contiguous int16 numbers a row", got, "Draw that many")
    if words.device.type == "cpu" and kernels_available():
        out = torch.empty((len(words), num_values), dtype=torch.float32)
        _loops().expand(words.numpy(), start, np.int16(bound), np.float32(scale), out.numpy())
    else:
        out = (words[:, start : start + num_values] <= bound).to(torch.float32).mul_(scale)
    return out.view(-1, *shape)


def _handle_pooling(func: Callable[..., Any], inputs: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Pool with our kernel where a call means 2x2 values without padding, and with torch elsewhere."""
    return max_pooled(inputs) if _is_plain(*args, **kwargs) and _can_pool(inputs) else func(inputs, *args, **kwargs)


POOLING: dict[Callable[..., Any], Handler] = dict.fromkeys([F.max_pool2d, torch.max_pool2d], _handle_pooling)
"""Handlers that make max-pooling of 2x2 values faster on CPUs; for plain forward passes, not inside `vmap`."""


class _Drop(Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, *arguments: Any) -> Tensor:
        ctx.arguments = arguments
        return _drop(inputs, *arguments)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _drop(_dense(gradients), *ctx.arguments), None, None, None


class _Pool(Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        outputs = _half_size(inputs)
        images = _images(outputs)
        ctx.shape, ctx.places = inputs.shape, np.empty(images.shape, np.uint8)
        _loops().pool(_images(inputs), images, ctx.places)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradients: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        outputs = torch.empty(ctx.shape, memory_format=torch.channels_last)
        _loops().unpool(_images(gradients), ctx.places, _images(outputs))
        return outputs


class _DropPool(Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, *arguments: Any) -> Tensor:
        outputs, places = _drop_pool(inputs, *arguments)
        ctx.shape, ctx.arguments = inputs.shape, (places, *arguments)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        outputs = torch.empty(ctx.shape, memory_format=torch.channels_last)
        _loops().undrop_and_unpool(_images(gradients), *ctx.arguments, _images(outputs))
        return outputs, None, None, None


def _drop(inputs: Tensor, words: np.ndarray, bound: np.int16, scale: np.float32) -> Tensor:
    outputs = torch.empty(inputs.shape, memory_format=_layout(inputs))
    _loops().drop(_flat(inputs), words, bound, scale, _flat(outputs))
    return outputs


def _drop_pool(inputs: Tensor, words: np.ndarray, bound: np.int16, scale: np.float32) -> tuple[Tensor, np.ndarray]:
    outputs = _half_size(inputs)
    images = _images(outputs)
    places = np.empty(images.shape, np.uint8)
    _loops().drop_and_pool(_images(inputs), words, bound, scale, images, places)
    return outputs, places


def _loops() -> ModuleType:
    """Import the compiled loops: only where they are used, because numba takes half a second."""
    from modescape.functions import fused_kernels  # noqa: PLC0415

    return fused_kernels


def _is_fast(inputs: Tensor) -> bool:
    """Say whether numba can run on values: 32-bit floats on a CPU, in memory in the order of the words."""
    if inputs.dtype != torch.float32 or inputs.device.type != "cpu" or type(inputs) not in PLAIN_TENSORS:
        return False
    if torch._C._functorch.is_functorch_wrapped_tensor(inputs):  # pyright: ignore[reportAttributeAccessIssue]
        return False
    in_order = inputs.permute(0, 2, 3, 1) if inputs.ndim == 4 else inputs
    return in_order.is_contiguous() and inputs.numel() > 0 and kernels_available()


def _can_pool(inputs: Tensor) -> bool:
    """Say whether our kernel pools these images; where there is less than a window, torch says what is wrong."""
    return inputs.ndim == 4 and min(inputs.shape[2:]) >= 2 and _is_fast(inputs)


def _is_plain(  # noqa: PLR0917
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,  # noqa: FBT001, FBT002
    return_indices: bool = False,  # noqa: FBT001, FBT002
) -> bool:
    """Say whether arguments of max-pooling mean 2x2 values side by side; no stride is the size of the window."""
    sizes = (kernel_size, kernel_size if stride is None or stride == [] else stride, padding, dilation)
    both = [tuple(size) if isinstance(size, list | tuple) else (size, size) for size in sizes]
    return both == [(2, 2), (2, 2), (0, 0), (1, 1)] and not ceil_mode and not return_indices


def _check_words(words: Words, num_values: int) -> None:
    """Raise unless there is one word a value: the compiled loops would read memory of others."""
    num_words, kind = int(np.prod(words.shape)), str(words.dtype).removeprefix("torch.")
    if num_words != num_values or kind != "int16":
        got = Quoted(f"{num_words} of type {kind}")
        raise ArgumentError("words", f"be {num_values} numbers of type int16, one a value", got, "Draw that many")


def _mask(inputs: Tensor, words: Words, bound: int, scale: float) -> Tensor:
    """Make the mask of values in the order of the words, shown in the shape of the values."""
    mask = torch.empty(inputs.shape, dtype=torch.float32, device=inputs.device, memory_format=_layout(inputs))
    return expanded(words, bound, scale, mask).to(inputs.dtype)


def _array(words: Words) -> np.ndarray:
    """Show words as a flat array."""
    return (words.cpu().numpy() if isinstance(words, Tensor) else words).reshape(-1)


def _tensor(words: Words, device: torch.device) -> Tensor:
    """Show words as a flat tensor on a device."""
    return (words if isinstance(words, Tensor) else torch.from_numpy(words)).to(device).reshape(-1)


def _half_size(inputs: Tensor) -> Tensor:
    """Return room for pooled images."""
    num_examples, channels, height, width = inputs.shape
    return torch.empty((num_examples, channels, height // 2, width // 2), memory_format=torch.channels_last)


def _images(tensor: Tensor) -> np.ndarray:
    """Show images as the loops take them: (example, height, width, channel), copied only if they lie differently."""
    return tensor.detach().permute(0, 2, 3, 1).contiguous().numpy()


def _flat(tensor: Tensor) -> np.ndarray:
    """Show values in the order of the words, copied only if they lie differently."""
    return (_images(tensor) if tensor.ndim == 4 else tensor.detach().contiguous().numpy()).reshape(-1)


def _dense(gradients: Tensor) -> Tensor:
    """Return gradients in the order of the words, copied only if they lie differently."""
    return gradients.contiguous(memory_format=_layout(gradients))


def _layout(tensor: Tensor) -> torch.memory_format:
    """Return the layout whose order is that of the words."""
    return torch.channels_last if tensor.ndim == 4 else torch.contiguous_format
