"""One network aligned to another: units exchanged, and rescaled where that changes nothing."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.checks import check_choice
from modescape.core.trees import Tree, ravel
from modescape.weights.alignment.activation_matching import activation_matching
from modescape.weights.alignment.weight_matching import weight_matching
from modescape.weights.cosine import cosine_matrix
from modescape.weights.symmetry import Permutation, Symmetry, balanced, balancing, identity, permuted, scaled

Method = Literal["none", "weights", "activations"]
METHODS: tuple[Method, ...] = ("none", "weights", "activations")


@dataclass(frozen=True, eq=False)
class Alignment:
    """A network aligned to another one, whose function it still computes as before.

    Attributes:
        permutation: For each group of units, the old unit that stands at each place now.
        weights: Its parameters and buffers after the exchange.
        symmetry: Of the architecture.
        cosine_before: Of the angle between the parameters of both networks before.
        cosine_after: After.
    """

    permutation: Permutation
    weights: Tree
    symmetry: Symmetry
    cosine_before: float
    cosine_after: float


@dataclass(frozen=True, eq=False)
class Balance:
    """Two networks without the scales of their units, found once for several ways to align them.

    Attributes:
        scales: Those that bring the first into its balanced form, in double precision.
        second: The second in its balanced form.
    """

    scales: dict[str, Float[Tensor, "... unit"]]
    second: Tree


def balance(first: Mapping[str, Tensor], second: Mapping[str, Tensor], symmetry: Symmetry) -> Balance:
    """Bring two networks into their balanced form, if they have scales.

    Args:
        first: Parameters and buffers of one network.
        second: Those of another.
        symmetry: Of the architecture.

    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    >>> from modescape.weights.symmetry import symmetry_of
    >>> weights = dict(network.named_parameters())
    >>> balance(weights, weights, symmetry_of(network, torch.ones(1, 2))).scales
    {}
    """
    left, right = (_cut_off(tree) for tree in (first, second))
    return Balance(balancing(left, symmetry), balanced(right, symmetry)) if symmetry.scalings else Balance({}, right)


def aligned(
    first: Mapping[str, Tensor],
    second: Mapping[str, Tensor],
    symmetry: Symmetry,
    *,
    parameters: Collection[str],
    method: Method = "weights",
    scale: bool | Balance = True,
    batches: Iterable[Any] = (),
    starts: int = 3,
    seed: int,
) -> Alignment:
    """Return the second network with its units exchanged, and rescaled, so that they fit those of the first.

    Where units may be multiplied by positive numbers (ReLU networks), both networks are brought into their balanced
    form before weights are matched, and each unit of the second one then takes the scale of the unit of the first
    beside which it stands. So the first network stays as it is, and a permuted and rescaled copy of it becomes it.

    Args:
        first: Parameters and buffers of the network that stays.
        second: Those of the network that is aligned.
        symmetry: Of the architecture.
        parameters: Names of the parameters; only these are matched and compared.
        method: `weights` or `activations` say what is matched; `none` exchanges no units.
        scale: Whether units are rescaled; or what `balance` has found for both networks.
        batches: For `activations`: of inputs as the network sees them.
        starts: For `weights`: how many starts.
        seed: Seed of the run.

    Raises:
        ArgumentError: If the method is unknown, or as in `weight_matching` and `activation_matching`.

    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> from modescape.weights.symmetry import scaled, symmetry_of
    >>> symmetry, weights = symmetry_of(network, torch.ones(1, 2)), dict(network.named_parameters())
    >>> group, = symmetry.groups
    >>> copy = permuted(weights, symmetry, {group: torch.tensor([2, 0, 1])})
    >>> copy = scaled(copy, symmetry, {group: 3 * torch.ones(3)})
    >>> found = aligned(weights, copy, symmetry, parameters=list(weights), seed=0)
    >>> found.cosine_before < 0.999, round(found.cosine_after, 4)
    (True, 1.0)
    """
    check_choice(method, METHODS, "method")
    left, right = (_cut_off(tree) for tree in (first, second))
    before = _cosine(left, right, parameters)
    if scale is True:
        scale = balance(left, right, symmetry)
    scales = scale.scales if scale else {}
    right = scale.second if scale else right
    if method == "weights":
        form = _rescaled(left, symmetry, scales)
        compared = {name: form[name] for name in parameters}
        chosen = {name: right[name] for name in parameters}
        permutation = weight_matching(compared, chosen, symmetry, starts=starts, seed=seed)
    elif method == "activations":
        permutation = activation_matching(left, right, symmetry, batches)
    else:
        permutation = identity(symmetry)
    back = {name: 1 / found for name, found in scales.items()}
    right = _rescaled(permuted(right, symmetry, permutation), symmetry, back)
    return Alignment(permutation, right, symmetry, before, _cosine(left, right, parameters))


def _rescaled(tree: Tree, symmetry: Symmetry, scales: Mapping[str, Tensor]) -> Tree:
    """Return weights with their units rescaled: each rounded once, to its own precision."""
    if not scales:
        return tree
    wide = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in tree.items()}
    return {name: tensor.to(tree[name]) for name, tensor in scaled(wide, symmetry, scales).items()}


def _cut_off(tree: Mapping[str, Tensor]) -> Tree:
    """Return tensors cut off from autograd."""
    return {name: tensor.detach() for name, tensor in tree.items()}


def _cosine(first: Tree, second: Tree, names: Collection[str]) -> float:
    """Return the cosine between the parameters of two networks."""
    vectors = [ravel({name: tree[name] for name in names}) for tree in (first, second)]
    return float(cosine_matrix(torch.stack(vectors))[0, 1])
