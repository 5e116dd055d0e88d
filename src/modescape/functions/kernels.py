"""Kernels for many networks as one program on CPUs, whose rounding does not depend on how many run together.

Adam divides a gradient by its own size. Where a gradient is nearly zero, a difference in its last bit therefore
becomes a step of full length in the other direction: after 20 steps, two engines that round differently are up to
0.02 apart in a ResNet-20. So that a member does not depend on its company, what the batched kernels of
`torch.func.vmap` round differently from the plain ones is done here in another way: convolutions and batch norm one
member after the other (faster than the grouped convolutions of `vmap` on CPUs, too), and so wide linear layers.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from modescape.functions.intercept import Handler

MAX_BATCHED = 384
"""Largest sum, over inputs, outputs or examples, that a batched product rounds like a single one (found by trying all
sizes in steps, with MKL); larger layers are so much work that doing one member after the other costs nothing."""

MIN_BATCHED = 400
"""Fewest products (examples x inputs x outputs) for which PyTorch calls the same library for one and for many."""


class _MemberByMember(Function):
    """Calls a function for each member with the member's own tensors, and stacks what it returns."""

    @staticmethod
    def forward(func: Callable[..., Tensor], *args: Any) -> Tensor:
        """Call the function outside of `vmap`."""
        return func(*args)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep nothing: gradients flow through the calls themselves."""

    @staticmethod
    def vmap(  # pyright: ignore[reportIncompatibleMethodOverride]
        info: Any, in_dims: tuple[int | None, ...], func: Callable[..., Any], *args: Any
    ) -> tuple[Any, Any]:
        """Call the function member by member; autograd records each call as if the member were alone."""
        dims = in_dims[1:]
        outputs = [
            func(*[arg if dim is None else _one_member(arg, dim, m) for arg, dim in zip(args, dims, strict=True)])
            for m in range(info.batch_size)
        ]
        if isinstance(outputs[0], tuple):
            return tuple(_stacked(list(parts)) for parts in zip(*outputs, strict=True)), (0,) * len(outputs[0])
        return _stacked(outputs), 0


def _one_member(stacked: Tensor, dim: int, index: int) -> Tensor:
    """Take one member's tensor; one with a single channel is marked as having its channels last, as in the loop."""
    tensor = stacked.select(dim, index)
    if tensor.ndim == 4 and tensor.shape[1] == 1:
        return tensor.squeeze(1).unsqueeze(-1).permute(0, 3, 1, 2)
    return tensor


def _stacked(outputs: list[Tensor]) -> Tensor:
    """Stack tensors without changing the memory order of images with channels last."""
    first = outputs[0]
    if first.ndim == 4 and first.is_contiguous(memory_format=torch.channels_last):
        return torch.stack([output.permute(0, 2, 3, 1) for output in outputs]).permute(0, 1, 4, 2, 3)
    return torch.stack(outputs)


def _member_by_member(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a function member by member: its tensors are handed on, all other arguments are common to the members."""
    named = {**dict(enumerate(args)), **kwargs}
    tensors = {name: value for name, value in named.items() if isinstance(value, Tensor)}

    def call(*values: Tensor) -> Any:
        full = {**named, **dict(zip(tensors, values, strict=True))}
        by_position = [full[index] for index in range(len(args))]
        return func(*by_position, **{name: full[name] for name in kwargs})

    return _MemberByMember.apply(call, *tensors.values())


def _linear(func: Callable[..., Tensor], inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Run a linear layer as one product of all members where that rounds as it does for one."""
    sizes = (len(inputs), *weight.shape)
    fits = max(sizes) <= MAX_BATCHED and math.prod(sizes) >= MIN_BATCHED and weight.shape[0] > 1
    if inputs.ndim == 2 and fits:
        return func(inputs, weight, bias)
    return _member_by_member(func, inputs, weight, bias)


def _attention(func: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor | None]:
    """Run multi-head attention, which gives None for the attention weights unless they are wanted."""

    def given(*args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        return tuple(output for output in func(*args, **kwargs) if output is not None)

    attended, *weights = _member_by_member(given, *args, **kwargs)
    return attended, weights[0] if weights else None


KERNELS: dict[Callable[..., Any], Handler] = {
    F.linear: _linear,
    F.multi_head_attention_forward: _attention,
    **dict.fromkeys(
        [
            torch.conv1d,
            torch.conv2d,
            torch.conv3d,
            torch.conv_transpose1d,
            torch.conv_transpose2d,
            torch.conv_transpose3d,
            F.batch_norm,
            F.adaptive_avg_pool2d,
            F.avg_pool2d,
            F.group_norm,
            F.layer_norm,
            F.scaled_dot_product_attention,
            torch.matmul,
            torch.mm,
            torch.bmm,
            torch.addmm,
            torch.baddbmm,
            torch.Tensor.matmul,
            torch.Tensor.__matmul__,
            torch.Tensor.mm,
            torch.Tensor.bmm,
        ],
        _member_by_member,
    ),
}
"""Handlers for the functions whose batched kernels round differently."""


def kernels_for(device: torch.device) -> Mapping[Callable[..., Any], Handler]:
    """Return the handlers to use on a device: those above on a CPU; an accelerator's batched kernels are its fastest.

    >>> len(kernels_for(torch.device("meta")))
    0
    """
    return KERNELS if device.type == "cpu" else {}
