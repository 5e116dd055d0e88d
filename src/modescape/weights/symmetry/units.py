"""What the units of each group do on inputs."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from modescape.weights.symmetry.groups import Symmetry
from modescape.weights.symmetry.tracing import Inputs


def activations(
    symmetry: Symmetry, weights: Mapping[str, Tensor], inputs: Inputs
) -> dict[str, list[Float[Tensor, "position ... unit"]]]:
    """Return what the units of each group do before their nonlinearity, at each place where the network writes them.

    Places are the outputs of linear layers, convolutions, embeddings and norms, in order of the graph; a layer whose
    output goes into batch norm alone is left out, since the norm shows the same units. A residual stream is written at
    many places: one tensor for each.

    Args:
        symmetry: Of the network.
        weights: Parameters, and buffers (those that are missing are the traced network's).
        inputs: A batch.

    Returns:
        For each group, tensors (position, unit): a row for each example and each pixel or token of it; for a group
        with a parent (position, unit of the parent, unit). Empty where none of its places shows whole units.

    Raises:
        ArgumentError: If weights do not fit the network.

    >>> import torch
    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> symmetry = symmetry_of(network, torch.ones(1, 2))
    >>> [tensor.shape for tensor in activations(symmetry, dict(network.named_parameters()), torch.ones(4, 2))["0"]]
    [torch.Size([4, 3])]
    """
    found: dict[str, list[Tensor]] = {name: [] for name in symmetry.groups}
    sites = {site.node: site for site in symmetry.graph.sites}

    def note(node: str, output: Tensor) -> None:
        if node in sites:
            for group, places in sites[node].places.items():
                found[group].append(_by_unit(output.movedim(sites[node].dim, -1), places, symmetry.shape(group)))

    symmetry.graph.run(weights, inputs, on_node=note)
    return found


def _by_unit(output: Tensor, places: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the entries of the last dimension by unit, those of one unit below each other."""
    chosen = output[..., places.to(output.device)]
    return chosen.movedim(-1, -3).reshape(-1, *shape)
