"""What a cosine between weights would be by chance: the distributions that a measured one is held against."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import stdtrit
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.layers import layers_of
from modescape.weights.symmetry import Symmetry, permuted, random_permutation


@dataclass(frozen=True)
class NullCosines:
    """Cosines that come about by chance.

    Attributes:
        layers: Name of each layer.
        cosine: Of all weights.
        layer_cosine: Of the weights of each layer; NaN where they are all 0.
    """

    layers: tuple[str, ...]
    cosine: Float[np.ndarray, "sample"]
    layer_cosine: Float[np.ndarray, "layer sample"]


def independent_cosine_quantiles(num_params: int, shares: ArrayLike) -> Float[np.ndarray, "..."]:
    """Return quantiles of the cosine between two independent directions, each equally likely to point anywhere.

    In P dimensions its density is proportional to (1 - c^2)^((P - 3) / 2), its mean 0 and its standard deviation
    1 / sqrt(P). With t Student's quantile with P - 1 degrees of freedom it is c = t / sqrt(P - 1 + t^2).

    Source: Fisher (1915), https://doi.org/10.2307/2331838, for correlations; Vershynin (2018), High-Dimensional
    Probability, section 3.1, for directions

    Args:
        num_params: Number of dimensions P, at least 2.
        shares: Which quantiles, between 0 and 1.

    Raises:
        ArgumentError: If there are less than 2 dimensions, or a share lies outside [0, 1].

    >>> independent_cosine_quantiles(3, [0.25, 0.5]).round(6).tolist()
    [-0.5, 0.0]
    >>> round(float(independent_cosine_quantiles(1_000_000, 0.975)), 6)
    0.00196
    """
    check_at_least(num_params, 2, "num_params", "A direction needs two dimensions")
    chosen = np.asarray(shares, dtype=np.float64)
    if not ((chosen >= 0.0) & (chosen <= 1.0)).all():
        raise ArgumentError("shares", "lie between 0 and 1", Quoted(f"{chosen}"), "Pass for example [0.025, 0.975]")
    inner = stdtrit(num_params - 1, np.clip(chosen, 1e-300, 1.0 - 1e-16))
    values = inner / np.sqrt(num_params - 1 + inner**2)
    return np.where(chosen <= 0.0, -1.0, np.where(chosen >= 1.0, 1.0, values))


def permutation_cosines(
    weights: Mapping[str, Tensor],
    symmetry: Symmetry,
    *,
    num_samples: int,
    generator: torch.Generator,
    buffers: Mapping[str, Tensor] | None = None,
) -> NullCosines:
    """Return the cosines between a network and randomly permuted copies of it, which compute the same function.

    <w, P w> / |w|^2, where P exchanges the units of each group of the network in an order drawn at random. Weights that
    no permutation moves, such as the biases of the classes, count in it as they are.

    Source: the permutation test; Entezari et al. (2022), https://arxiv.org/abs/2110.06296, for permuted copies as the
    case of equal functions with unlike weights.

    Args:
        weights: The parameters of the network.
        symmetry: What may be exchanged, by `modescape.weights.symmetry.symmetry_of`.
        num_samples: How many copies.
        generator: Source of the random orders.
        buffers: The buffers, where the symmetry names any; they are permuted but do not count.

    Raises:
        ArgumentError: If the number of samples is below 1 or the weights are all 0.

    >>> from torch import nn
    >>> from modescape.weights.symmetry import symmetry_of
    >>> network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> symmetry = symmetry_of(network, torch.ones(3, 2))
    >>> weights = dict(network.named_parameters())
    >>> found = permutation_cosines(weights, symmetry, num_samples=5, generator=torch.Generator().manual_seed(0))
    >>> found.layers, found.layer_cosine.shape, bool((abs(found.cosine) <= 1).all())
    (('0', '2'), (2, 5), True)
    """
    check_at_least(num_samples, 1, "num_samples", "Pass 100")
    layers = layers_of(weights)
    whole = {**(buffers or {}), **weights}
    squares = _products(weights, weights, layers)
    if not squares.sum() > 0.0:
        raise ArgumentError("weights", "be finite and not all 0", Quoted(f"{squares.sum():g}"), "Leave it out")
    products = np.stack(
        [
            _products(weights, permuted(whole, symmetry, random_permutation(symmetry, generator=generator)), layers)
            for _ in range(num_samples)
        ],
        axis=1,
    )
    by_layer = np.divide(products, squares[:, None], out=np.full_like(products, np.nan), where=(squares > 0.0)[:, None])
    return NullCosines(tuple(layers), products.sum(axis=0) / squares.sum(), by_layer)


def _products(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor], layers: Mapping[str, list[str]]
) -> Float[np.ndarray, "layer"]:
    """Return the inner product of the weights of each layer, in double precision."""
    return np.array(
        [
            sum(
                float(first[name].detach().double().flatten() @ second[name].detach().double().flatten())
                for name in names
            )
            for names in layers.values()
        ]
    )
