"""The parameters of some members as one tensor, so that one elementwise kernel updates them all.

An optimiser that is given one tensor makes one call a step, however many layers and members there are. Each member's
part is padded, so that it begins at a whole number of vector registers: kernels round what is left over at the end of
a tensor differently, and a member's result must not depend on the members beside it.
"""

from collections.abc import Mapping, Sequence
from math import prod

import torch
from torch import Tensor, nn

from modescape.core.trees import Tree

PADDING = 1024
"""Each member's part is a multiple of so many numbers: whole registers also where threads share the work."""


class FlatParameters:
    """Parameters of some members, kept in one tensor (member, param) for each of their types.

    Args:
        stacked: Parameters by name, (member, ...); they are copied.

    >>> flat = FlatParameters({"w": torch.ones(2, 3), "b": torch.zeros(2, 1)})
    >>> flat.values["w"].fill_(5.0).shape, flat.vectors[0].shape, flat.vectors[0][:, :4].tolist()
    (torch.Size([2, 3]), torch.Size([2, 1024]), [[5.0, 5.0, 5.0, 0.0], [5.0, 5.0, 5.0, 0.0]])
    """

    def __init__(self, stacked: Mapping[str, Tensor]) -> None:
        self._shapes = {name: tuple(tensor.shape[1:]) for name, tensor in stacked.items()}
        self._places: dict[str, tuple[int, int]] = {}
        lengths: list[int] = []
        types: list[torch.dtype] = []
        for name, tensor in stacked.items():
            if tensor.dtype not in types:
                types.append(tensor.dtype)
                lengths.append(0)
            index = types.index(tensor.dtype)
            self._places[name] = (index, lengths[index])
            lengths[index] += prod(self._shapes[name])
        first = next(iter(stacked.values()))
        self.lengths = tuple(lengths)
        """How many numbers of each vector are parameters of a member; the rest is padding."""
        self.vectors = [
            torch.zeros(len(first), -(-length // PADDING) * PADDING, dtype=kind, device=first.device)
            for length, kind in zip(lengths, types, strict=True)
        ]
        self.gradient_vectors = [torch.zeros_like(vector) for vector in self.vectors]
        self.values = self.views(self.vectors)
        self.gradients = self.views(self.gradient_vectors)
        for name, tensor in stacked.items():
            self.values[name].copy_(tensor)

    @property
    def num_members(self) -> int:
        """How many members there are."""
        return len(self.vectors[0])

    def views(self, vectors: Sequence[Tensor]) -> Tree:
        """Return the parts of vectors laid out like these parameters, by name and in the shape of the parameter.

        Kernels of convolutions of images lie in memory with channels last, the layout that is fast.
        """
        found: Tree = {}
        for name, (index, start) in self._places.items():
            shape = self._shapes[name]
            part = vectors[index][:, start : start + prod(shape)]
            if len(shape) == 4:
                outputs, inputs, height, width = shape
                found[name] = part.view(-1, outputs, height, width, inputs).permute(0, 1, 4, 2, 3)
            else:
                found[name] = part.view(-1, *shape)
        return found

    def take_gradients(self, gradients: Sequence[Tensor | None]) -> list[str]:
        """Copy gradients, in the order of `values`, into the vectors; return the names of those that are missing."""
        for view, gradient in zip(self.gradients.values(), gradients, strict=True):
            if gradient is None:
                view.zero_()
            else:
                view.copy_(gradient)
        return [name for name, gradient in zip(self.values, gradients, strict=True) if gradient is None]


def flattened(network: nn.Module) -> FlatParameters:
    """Move the trainable parameters of a network into one tensor, of which they become parts.

    >>> network = nn.Linear(2, 1)
    >>> flat = flattened(network)
    >>> with torch.no_grad():
    ...     _ = flat.vectors[0].fill_(3.0)
    >>> network.weight.tolist(), network.bias.tolist()
    ([[3.0, 3.0]], [3.0])
    """
    parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
    flat = FlatParameters({name: p.detach().unsqueeze(0) for name, p in parameters.items()})
    for name, parameter in parameters.items():
        parameter.data = flat.values[name][0]
    return flat
