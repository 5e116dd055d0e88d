"""Monte-Carlo dropout as a fixed ensemble: each pass is one thinned network, the same for all examples."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd  # pyright: ignore[reportPrivateUsage]

from modescape.core.errors import ModelError
from modescape.core.seeds import Stream, derived_seed, seeded_globals
from modescape.core.trees import Tree, stack
from modescape.functions.predictions import evaluating, kept_buffers


class FixedDropout(nn.Module):
    """What a dropout layer did once: inputs times a mask, plus an offset (which only alpha dropout has).

    Args:
        factor: One number a value of an example, (1, ...).
        offset: Likewise.

    >>> FixedDropout(torch.tensor([[0.0, 2.0]]), torch.zeros(1, 2))(torch.ones(3, 2)).tolist()
    [[0.0, 2.0], [0.0, 2.0], [0.0, 2.0]]
    """

    factor: Tensor
    offset: Tensor

    def __init__(self, factor: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor)
        self.register_buffer("offset", offset)

    def forward(self, inputs: Tensor) -> Tensor:
        """Drop the same values in every example."""
        return inputs * self.factor + self.offset


def thinned(network: nn.Module, prepared: Tensor, *, passes: int, seed: int) -> tuple[nn.Module, Tree]:
    """Return a network whose dropout layers hold masks as buffers, and the masks of so many passes, stacked.

    In Monte-Carlo dropout a pass draws a mask for every example. Here it draws one for all of them, so that a pass is
    one function with weights drawn from the same distribution: the answer for one example has the same distribution,
    but does not depend on the batch it comes in, and can be written as a program without random numbers.

    Source: Gal, Ghahramani (2016), sections 3 and 4, https://arxiv.org/abs/1506.02142, where a mask is a draw of the
    weights. Differs from common practice, which draws the weights anew for every example.

    Args:
        network: Left as it was.
        prepared: One prepared example or more, (example, ...), from which masks take their shapes.
        passes: How many masks each layer gets.
        seed: Their seed.

    Raises:
        ModelError: If it has no dropout layer that drops, or one runs more than once in a pass.

    >>> changed, masks = thinned(nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 3)), torch.zeros(1, 2), passes=4, seed=0)
    >>> {name: tuple(mask.shape) for name, mask in masks.items()}
    {'0.factor': (4, 1, 2), '0.offset': (4, 1, 2)}
    """
    network = deepcopy(network).cpu()
    shapes = _dropout_shapes(network, prepared[:1])
    drawn = [_masks(network, shapes, derived_seed(seed, Stream.DROPOUT_SAMPLES, number)) for number in range(passes)]
    changed = deepcopy(network)
    for name, masks in drawn[0].items():
        changed.set_submodule(name, FixedDropout(masks["factor"], masks["offset"]))
    trees = [{f"{name}.{kind}": mask for name, masks in one.items() for kind, mask in masks.items()} for one in drawn]
    return changed.eval(), stack(trees)


def _dropout_shapes(network: nn.Module, prepared: Tensor) -> dict[str, torch.Size]:
    """Return the shape of what each dropout layer sees of one example."""
    seen: dict[str, list[torch.Size]] = {
        name: [] for name, layer in network.named_modules() if isinstance(layer, _DropoutNd) and layer.p > 0.0
    }
    hooks = [network.get_submodule(name).register_forward_pre_hook(_noting(calls)) for name, calls in seen.items()]
    try:
        with evaluating(network), kept_buffers(network), torch.no_grad():
            network(prepared)
    finally:
        for hook in hooks:
            hook.remove()
    if not seen:
        raise ModelError(
            "`ensemble` must have dropout layers (nn.Dropout) that drop something, to be sampled; got none. "
            "Deploy another ensemble, or give the network one."
        )
    for name, calls in seen.items():
        if len(calls) != 1:
            raise ModelError(
                f"`ensemble` must run each dropout layer once in a pass, so that each has a mask of its own; got "
                f"{name!r}, which runs {len(calls)} times. Give the network a layer for each place."
            )
    return {name: calls[0] for name, calls in seen.items()}


def _noting(calls: list[torch.Size]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    """Return a hook that notes the shape of what a layer sees."""

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        calls.append(inputs[0].shape)

    return note


def _masks(network: nn.Module, shapes: dict[str, torch.Size], seed: int) -> dict[str, Tree]:
    """Draw one mask a layer: layers of dropout are affine in each value, so 0 and 1 tell all about them."""
    found = {}
    for number, (name, shape) in enumerate(shapes.items()):
        layer = deepcopy(network.get_submodule(name)).train()
        layer.inplace = False  # pyright: ignore[reportArgumentType]
        answers = []
        for value in (torch.zeros(shape), torch.ones(shape)):
            with seeded_globals(derived_seed(seed, Stream.DROPOUT_SAMPLES, number)):
                answers.append(layer(value))
        found[name] = {"factor": answers[1] - answers[0], "offset": answers[0]}
    return found
