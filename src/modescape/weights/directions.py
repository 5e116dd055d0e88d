"""Random directions that fit the scale of a network's weights, and lines and planes along them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.trees import Tree, ravel
from modescape.weights.flats import Flat, unit_vector
from modescape.weights.planes import COLLINEAR
from modescape.weights.products import inner_products

Normalisation: TypeAlias = Literal["filter", "layer", "none"]
"""What parts of a direction get the norms of the weights: each filter, each tensor, or none."""


@dataclass(frozen=True, eq=False)
class RandomFlat:
    """A line or a plane along random directions.

    Attributes:
        flat: Its coordinates count the length of the first direction: with normalisation, the norm of the weights that
            are moved.
        cosine: Of the angle between the two directions as they were drawn, before one was made orthogonal to the
            other; NaN for a line.
    """

    flat: Flat
    cosine: float


def filter_normalised(
    parameters: Mapping[str, Tensor], *, generator: torch.Generator, normalisation: Normalisation = "filter"
) -> Tree:
    """Return a random direction each of whose filters is as long as the network's own.

    d_ij = g_ij |w_ij| / |g_ij| for filter j of tensor i, with g Gaussian, so that a step of a given length does the
    same to networks whose filters are scaled differently. The direction of all parameters with less than two axes
    (biases, parameters of norm layers) is zero, and so is that of a filter of zeros. A filter is an entry of the first
    axis: an output channel of a convolution, an output neuron of a linear layer, a row of an embedding.

    Source: Li, Xu, Taylor, Studer, Goldstein (2018), section 4, https://arxiv.org/abs/1712.09913

    Args:
        parameters: The parameters by name, such as `dict(network.named_parameters())`, without buffers.
        generator: Source of the numbers.
        normalisation: `filter`; `layer` gives each whole tensor the norm of the weights; `none` leaves the Gaussian.

    Returns:
        A tree like the parameters, in single precision or better.

    Raises:
        ArgumentError: If a tensor holds whole numbers, NaN or an infinity, or the normalisation is unknown.

    >>> weights = {"weight": torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "bias": torch.ones(2)}
    >>> found = filter_normalised(weights, generator=torch.Generator().manual_seed(0))
    >>> found["weight"].norm(dim=1).tolist(), found["bias"].tolist()
    ([5.0, 0.0], [0.0, 0.0])
    """
    _check(parameters, normalisation)
    return _scaled(_gaussian(parameters, generator), parameters, normalisation)


def random_flat(
    centre: Mapping[str, Tensor],
    *,
    num_axes: Literal[1, 2],
    generator: torch.Generator,
    orthogonal: bool = True,
    normalisation: Normalisation = "filter",
) -> RandomFlat:
    """Return the line or plane through a network along one or two random directions.

    One unit of each coordinate is the length of the first direction, which under filter and layer normalisation is the
    norm of all weights that are moved: coordinates count filter norms.

    Source: Li et al. (2018), section 4, https://arxiv.org/abs/1712.09913. Differs from it in that the axes are exactly
    orthogonal, so that the plane is drawn as it is.

    Args:
        centre: The parameters of the network by name, without buffers; the origin.
        num_axes: 1 for a line, 2 for a plane.
        generator: Source of the numbers.
        orthogonal: Make the second direction orthogonal to the first within each filter, so that both have the norms
            of the weights there; else the directions are independent as in the paper, and the axes are orthonormal in
            the plane that they span.
        normalisation: See `filter_normalised`.

    Raises:
        ArgumentError: If the number of axes is neither 1 nor 2, all parameters are biases or zero, there is no second
            direction, or the parameters are wrong.

    >>> centre = {"weight": torch.tensor([[3.0, 4.0], [0.0, 12.0]]), "bias": torch.ones(2)}
    >>> found = random_flat(centre, num_axes=2, generator=torch.Generator().manual_seed(0))
    >>> round(found.flat.scale, 5), len(found.flat.axes), found.flat.point(0.0, 0.0).tolist()
    (13.0, 2, [3.0, 4.0, 0.0, 12.0, 1.0, 1.0])
    """
    if num_axes not in (1, 2):
        raise ArgumentError("num_axes", "be 1 or 2", num_axes, "Pass 1 for a line, 2 for a plane")
    drawn = filter_normalised(centre, generator=generator, normalisation=normalisation)
    first, origin = ravel(drawn), ravel(centre).detach()
    axis, scale, _ = unit_vector(first)
    if scale == 0.0:
        advice = "Biases and parameters of norm layers are not moved: pass a network with weights that are not zero"
        raise ArgumentError("centre", "have weights to move", Quoted("none"), advice)
    if num_axes == 1:
        return RandomFlat(Flat(origin, (axis,), scale), nan)
    gaussian = _gaussian(centre, generator)
    second = ravel(_scaled(gaussian, centre, normalisation))
    cosine = _cosine(first, second)
    if orthogonal:
        across = {name: _across(gaussian[name], drawn[name], normalisation) for name in gaussian}
        second = ravel(_scaled(across, centre, normalisation))
    return RandomFlat(Flat(origin, (axis, _second_axis(second, axis)), scale), cosine)


def _gaussian(parameters: Mapping[str, Tensor], generator: torch.Generator) -> Tree:
    """Draw a Gaussian direction; that of biases and of parameters of norm layers is zero, and uses up no numbers."""
    return {
        name: torch.randn(tensor.shape, generator=generator, device=generator.device).to(tensor.device, _wide(tensor))
        if tensor.ndim > 1
        else torch.zeros_like(tensor, dtype=_wide(tensor))
        for name, tensor in parameters.items()
    }


def _scaled(direction: Tree, parameters: Mapping[str, Tensor], normalisation: Normalisation) -> Tree:
    """Give each part of a direction the norm of the weights there."""
    if normalisation == "none":
        return direction
    found = {}
    for name, tensor in direction.items():
        own, wanted = (_norms(_rows(entry, normalisation)) for entry in (tensor, parameters[name].detach()))
        # Where there is nothing to scale the direction is zero, and a division by its norm never takes place.
        factors = torch.where(own > 0, wanted / torch.where(own > 0, own, 1.0), 0.0)
        rows = _rows(tensor, normalisation).to(torch.float64) * factors
        found[name] = rows.to(tensor.dtype).reshape(tensor.shape)
    return found


def _across(direction: Tensor, other: Tensor, normalisation: Normalisation) -> Tensor:
    """Return a direction without its part along another one, in each filter (or tensor) apart."""
    rows, others = (_rows(entry, normalisation).to(torch.float64) for entry in (direction, other))
    others = others / torch.where(_norms(others) > 0, _norms(others), 1.0)
    # A filter of one weight has no direction across: what rounding leaves of it must not be scaled up.
    rest = rows - (rows * others).sum(dim=1, keepdim=True) * others
    rest = torch.where(_norms(rest) > COLLINEAR * _norms(rows), rest, 0.0)
    return rest.to(direction.dtype).reshape(direction.shape)


def _rows(tensor: Tensor, normalisation: Normalisation) -> Float[Tensor, "filter weight"]:
    """Return a tensor as one row for each part that has a norm of its own."""
    return tensor.reshape(len(tensor) if normalisation == "filter" and tensor.ndim > 1 else 1, -1)


def _norms(rows: Float[Tensor, "filter weight"]) -> Float[Tensor, "filter 1"]:
    """Return the norm of each row in double precision."""
    return torch.linalg.vector_norm(rows, dim=1, keepdim=True, dtype=torch.float64)


def _second_axis(second: Float[Tensor, "param"], axis: Float[Tensor, "param"]) -> Float[Tensor, "param"]:
    """Return the unit vector along what a second direction has orthogonal to the first axis."""
    across, length, whole = unit_vector(second, (axis,))
    if length <= COLLINEAR * whole:
        advice = "Draw a line, or pass a network whose filters have two weights or more"
        raise ArgumentError("centre", "leave a second direction", Quoted("one weight a filter"), advice)
    return across


def _cosine(first: Float[Tensor, "param"], second: Float[Tensor, "param"]) -> float:
    """Return the cosine of the angle between two directions."""
    products = inner_products([first, second])
    return (products[0, 1] / (products[0, 0] * products[1, 1]).sqrt()).item()


def _wide(tensor: Tensor) -> torch.dtype:
    """Return the type of a direction: half precision is not enough to keep the norms."""
    return torch.promote_types(tensor.dtype, torch.float32)


def _check(parameters: Mapping[str, Tensor], normalisation: str) -> None:
    """Raise unless the parameters are finite floating-point numbers, and the normalisation is known."""
    check_choice(normalisation, get_args(Normalisation), "normalisation")
    if not parameters:
        raise ArgumentError("parameters", "hold at least one tensor", 0, "Pass dict(network.named_parameters())")
    for name, tensor in parameters.items():
        if not tensor.is_floating_point():
            got = Quoted(f"{name} of {tensor.dtype}")
            raise ArgumentError("parameters", "be floating-point numbers", got, "Leave out buffers")
        if not bool(tensor.isfinite().all()):
            got = Quoted(f"NaN or an infinity in {name}")
            raise ArgumentError("parameters", "be finite", got, "Leave out a network that diverged")
