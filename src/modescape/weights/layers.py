"""Where networks differ layer by layer: norms of the weights, cosines and distances of each layer apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from modescape.core.errors import ArgumentError
from modescape.core.trees import check_same_structure, ravel
from modescape.weights.distances import distance_matrix
from modescape.weights.products import inner_products


@dataclass(frozen=True)
class LayerGeometry:
    """How the weights of some networks lie to one another, layer by layer.

    Attributes:
        layers: Name of each layer.
        num_params: Number of parameters of each layer.
        norm: Norm of each network's weights.
        cosine: Of the angle between the weights of two networks; NaN where a norm is 0.
        distance: Euclidean distance between the weights of two networks.
    """

    layers: tuple[str, ...]
    num_params: Int[np.ndarray, "layer"]
    norm: Float[np.ndarray, "layer member"]
    cosine: Float[np.ndarray, "layer member member_other"]
    distance: Float[np.ndarray, "layer member member_other"]


def layers_of(parameters: Mapping[str, Tensor]) -> dict[str, list[str]]:
    """Return the layers of a network in their order, each with the names of its parameters.

    A layer is a module with parameters of its own: all names up to the last dot. A parameter of the network itself is
    a layer by its own name.

    Args:
        parameters: The parameters by name, such as `dict(network.named_parameters())`.

    Raises:
        ArgumentError: If there is none.

    >>> import torch
    >>> layers_of({"conv.weight": torch.ones(1), "conv.bias": torch.ones(1), "scale": torch.ones(1)})
    {'conv': ['conv.weight', 'conv.bias'], 'scale': ['scale']}
    """
    if not parameters:
        raise ArgumentError("parameters", "hold at least one tensor", 0, "Pass dict(network.named_parameters())")
    layers: dict[str, list[str]] = {}
    for name in parameters:
        layers.setdefault(name.rpartition(".")[0] or name, []).append(name)
    return layers


def layer_geometry(trees: Sequence[Mapping[str, Tensor]]) -> LayerGeometry:
    """Return norms, cosines and distances of the weights of networks, layer by layer, all in double precision.

    c[l, i, j] = <w_li, w_lj> / (|w_li| |w_lj|) and d[l, i, j] = |w_li - w_lj|, with w_li all weights of layer l of
    network i in one vector.

    Source: Fort, Hu, Lakshminarayanan (2019), section 3, https://arxiv.org/abs/1912.02757, for whole networks.

    Args:
        trees: The parameters of each network by name, without buffers.

    Raises:
        ArgumentError: If there is no network, their names or shapes differ, or one holds NaN or an infinity.

    >>> import torch
    >>> found = layer_geometry([{"a.weight": torch.tensor([3.0, 4.0])}, {"a.weight": torch.tensor([0.0, 2.0])}])
    >>> found.norm[0].tolist(), found.cosine[0, 0, 1].item(), round(found.distance[0, 0, 1].item(), 4)
    ([5.0, 2.0], 0.8, 3.6056)
    """
    if not trees:
        raise ArgumentError("trees", "hold at least one network", 0, "Pass the parameters of each network")
    check_same_structure(trees)
    layers = layers_of(trees[0])
    found = [_geometry([ravel({name: tree[name] for name in names}) for tree in trees]) for names in layers.values()]
    norms, cosines, distances = (np.stack(each) for each in zip(*found, strict=True))
    num_params = [sum(trees[0][name].numel() for name in names) for names in layers.values()]
    return LayerGeometry(tuple(layers), np.array(num_params), norms, cosines, distances)


def _geometry(
    vectors: list[Tensor],
) -> tuple[
    Float[np.ndarray, "member"], Float[np.ndarray, "member member_other"], Float[np.ndarray, "member member_other"]
]:
    """Return the norms, the cosines and the distances of some vectors."""
    distances = distance_matrix(vectors)
    products = inner_products(vectors).numpy()
    norms = np.sqrt(products.diagonal())
    both = np.outer(norms, norms)
    cosines = np.divide(products, both, out=np.full_like(both, np.nan), where=both > 0).clip(-1.0, 1.0)
    cosines[np.diag_indices_from(cosines)] = np.where(norms > 0, 1.0, np.nan)
    return norms, cosines, distances
