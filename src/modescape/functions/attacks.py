"""Adversarial attacks: how little an input must change until a network decides for another class.

The attacks themselves are those of the Adversarial Robustness Toolbox; here they are set up, and what they find is
measured.
"""

import copy
import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, MissingDependencyError, Quoted
from modescape.core.seeds import seeded_globals

Bounds = tuple[float, float]
BATCH_SIZE = 128
REFINEMENTS = 6
"""Bisections between two sizes of a scan: the size is then known to a sixty-fourth of their distance."""
STEP_SHARE = 2.5
"""Steps of projected gradient descent together reach this many times its size; Madry et al. (2018), section 5."""


class LogMean(nn.Module):
    """The logarithm of the mean of the class probabilities of some networks: one network, or an ensemble.

    log p = logsumexp_i log softmax(f_i(prepare(x))) - log M, so that a gradient passes through the mean itself.

    Args:
        networks: The members; they are copied, put into evaluation mode, and their weights need no gradient.
        prepare: Turns inputs in the units of an attack into what the networks see.

    Raises:
        ArgumentError: If there is no network.

    >>> both = LogMean([nn.Linear(2, 3), nn.Linear(2, 3)], prepare=lambda batch: batch)
    >>> both(torch.ones(4, 2)).exp().sum(dim=1).round().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, networks: Sequence[nn.Module], prepare: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        check_at_least(len(networks), 1, "networks", "Pass at least one network")
        self.members = nn.ModuleList(copy.deepcopy(network) for network in networks)
        self.prepare = prepare
        self.eval().requires_grad_(requires_grad=False)

    def forward(self, inputs: Float[Tensor, "example ..."]) -> Float[Tensor, "example class"]:
        """Return the logarithms of the probabilities."""
        seen = self.prepare(inputs)
        logs = torch.stack([member(seen).log_softmax(dim=1) for member in self.members])
        return logs.logsumexp(dim=0) - float(np.log(len(self.members)))


@dataclass(frozen=True)
class FastGradient:
    """What steps along the sign of the gradient do to decisions.

    Attributes:
        flipped: Whether the decision has changed, for each size.
        smallest: The smallest size found that changes the decision; infinity where none of the sizes does.
    """

    flipped: Bool[np.ndarray, "size example"]
    smallest: Float[np.ndarray, "example"]


@dataclass(frozen=True)
class ProjectedGradient:
    """What projected gradient descent does to decisions.

    Attributes:
        inputs: The inputs after the last step.
        flipped: Whether the decision was another one after any of the steps; the attacker would stop there.
        num_steps: After how many steps it was first another one; NaN where it never was.
    """

    inputs: Float[Tensor, "example ..."]
    flipped: Bool[np.ndarray, "example"]
    num_steps: Float[np.ndarray, "example"]


def decided(
    network: nn.Module, inputs: Float[Tensor, "example ..."], *, batch_size: int = BATCH_SIZE
) -> Int[np.ndarray, "example"]:
    """Return the class with the highest output of a network in its present mode.

    >>> network = nn.Linear(1, 2, bias=False)
    >>> _ = network.weight.data.copy_(torch.tensor([[1.0], [-1.0]]))
    >>> decided(network, torch.tensor([[2.0], [-3.0]])).tolist()
    [0, 1]
    """
    device = _device(network, inputs)
    with torch.no_grad():
        return np.concatenate(
            [network(batch.to(device)).argmax(dim=1).cpu().numpy() for batch in inputs.split(batch_size)]
        )


def fast_gradient(
    network: LogMean,
    inputs: Float[Tensor, "example ..."],
    sizes: Sequence[float],
    *,
    bounds: Bounds | None = None,
    batch_size: int = BATCH_SIZE,
) -> FastGradient:
    """Return what the fast gradient sign method does to the decisions of a network: x + size sign(grad_x loss).

    The loss is that of the network's own decision, so wrong decisions are attacked as right ones are. The smallest size
    is that of the first of the sizes that changes the decision, refined by bisection towards the one before it.

    Source: Goodfellow, Shlens, Szegedy (2015), section 4, https://arxiv.org/abs/1412.6572; attack: FastGradientMethod
    of the Adversarial Robustness Toolbox, https://adversarial-robustness-toolbox.readthedocs.io

    Args:
        network: What is attacked.
        inputs: Examples, in the units of the sizes.
        sizes: Largest changes of a number of the input, above 0 and rising.
        bounds: Least and largest number that an input may hold; None for any.
        batch_size: Examples at once.

    Raises:
        ArgumentError: If the sizes do not rise from above 0, or inputs lie beyond the bounds.
        MissingDependencyError: If the Adversarial Robustness Toolbox is not installed.

    >>> line = nn.Linear(1, 2, bias=False)
    >>> _ = line.weight.data.copy_(torch.tensor([[1.0], [-1.0]]))
    >>> attacked = LogMean([line], prepare=lambda batch: batch)
    >>> found = fast_gradient(attacked, torch.tensor([[0.3], [-9.0]]), [0.25, 0.5])
    >>> found.flipped.tolist(), round(float(found.smallest[0]), 2), float(found.smallest[1])
    ([[False, False], [True, False]], 0.3, inf)
    """
    _check_sizes(sizes)
    _check_inputs(inputs, bounds)
    found = [_fast_gradient(network, batch, list(sizes), bounds) for batch in inputs.split(batch_size)]
    return FastGradient(
        np.concatenate([one.flipped for one in found], axis=1), np.concatenate([one.smallest for one in found])
    )


def projected_gradient(
    network: LogMean,
    inputs: Float[Tensor, "example ..."],
    *,
    size: float,
    num_steps: int,
    bounds: Bounds | None = None,
    batch_size: int = BATCH_SIZE,
) -> ProjectedGradient:
    """Return what projected gradient descent does to the decisions of a network.

    x_(t+1) = clip(x_t + a sign(grad_x loss), x_0 -+ size), with a = min(1, 2.5 / steps) size, from the input itself: no
    random numbers are drawn, and the number of steps is counted from it. The loss is that of the network's own
    decision.

    Source: Madry et al. (2018), sections 2.1 and 5, https://arxiv.org/abs/1706.06083; attack: ProjectedGradientDescent
    of the Adversarial Robustness Toolbox. Differs from the paper in the start, which is random there.

    Args:
        network: What is attacked.
        inputs: Examples, in the unit of the size.
        size: Largest change of a number of the input, above 0.
        num_steps: Steps.
        bounds: Least and largest number that an input may hold; None for any.
        batch_size: Examples at once.

    Raises:
        ArgumentError: If a number is wrong or inputs lie beyond the bounds.
        MissingDependencyError: If the Adversarial Robustness Toolbox is not installed, or counts its steps otherwise.

    >>> line = nn.Linear(1, 2, bias=False)
    >>> _ = line.weight.data.copy_(torch.tensor([[1.0], [-1.0]]))
    >>> attacked = LogMean([line], prepare=lambda batch: batch)
    >>> found = projected_gradient(attacked, torch.tensor([[0.3], [-9.0]]), size=0.5, num_steps=10)
    >>> found.num_steps.tolist(), found.inputs.flatten().tolist()
    ([3.0, nan], [-0.19999998807907104, -8.5])
    """
    _check_sizes([size])
    check_at_least(num_steps, 1, "num_steps", "Pass 20")
    _check_inputs(inputs, bounds)
    found = [_projected(network, batch, size, num_steps, bounds) for batch in inputs.split(batch_size)]
    return ProjectedGradient(
        torch.cat([one.inputs for one in found]),
        np.concatenate([one.flipped for one in found]),
        np.concatenate([one.num_steps for one in found]),
    )


def random_signs(
    inputs: Float[Tensor, "example ..."],
    sizes: Sequence[float],
    *,
    generator: torch.Generator,
    bounds: Bounds | None = None,
) -> Iterator[Float[Tensor, "example ..."]]:
    """Yield inputs changed by each size up or down at random, the same signs for all sizes: what no attack knows of.

    >>> [changed] = random_signs(torch.zeros(2, 3), [0.5], generator=torch.Generator().manual_seed(0))
    >>> changed.abs().unique().tolist()
    [0.5]
    """
    signs = 2.0 * torch.randint(2, inputs.shape, generator=generator).to(inputs) - 1.0
    for size in sizes:
        yield _clipped(inputs + size * signs, bounds)


def _fast_gradient(network: LogMean, batch: Tensor, sizes: list[float], bounds: Bounds | None) -> FastGradient:
    """Attack one batch."""
    before = decided(network, batch)
    evasion, classifier = _toolbox(network, batch, before, None)
    largest = sizes[-1]
    # Bounds are heeded below: a step that is cut would hide its sign.
    attack = evasion.FastGradientMethod(classifier, eps=largest, eps_step=largest, batch_size=len(batch))
    far = _generated(attack, batch, before)
    signs = (far - batch).sign()

    def flips(size: Tensor) -> Bool[np.ndarray, "example"]:
        """Say whose decision is another one, each input at a size of its own."""
        return decided(network, _clipped(batch + size.view(-1, *(1,) * (batch.ndim - 1)) * signs, bounds)) != before

    flipped = np.stack([flips(torch.full((len(batch),), size)) for size in sizes])
    ends = np.array([0.0, *sizes])
    first = np.where(flipped.any(axis=0), flipped.argmax(axis=0), len(sizes) - 1)
    low, high = ends[first], ends[first + 1]
    for _ in range(REFINEMENTS):
        middle = (low + high) / 2
        is_flipped = flips(torch.from_numpy(middle).float())
        low, high = np.where(is_flipped, low, middle), np.where(is_flipped, middle, high)
    return FastGradient(flipped, np.where(flipped.any(axis=0), high, np.inf))


def _projected(
    network: LogMean, batch: Tensor, size: float, num_steps: int, bounds: Bounds | None
) -> ProjectedGradient:
    """Attack one batch."""
    before, noted = decided(network, batch), _Noted(network)
    evasion, classifier = _toolbox(noted, batch, before, bounds)
    attack = evasion.ProjectedGradientDescent(
        classifier,
        eps=size,
        eps_step=min(1.0, STEP_SHARE / num_steps) * size,
        max_iter=num_steps,
        batch_size=len(batch),
        verbose=False,
    )
    changed = _generated(attack, batch, before)
    if len(noted.decisions) != num_steps:
        raise MissingDependencyError(
            "Attacks need a version of `adversarial-robustness-toolbox` that asks for one gradient a step; got "
            f'{len(noted.decisions)} in {num_steps} steps. Run: pip install "modescape[attacks]".'
        )
    # A pass with a gradient sees the inputs before its step; those after the last one are looked at here.
    after = np.stack([*noted.decisions[1:], decided(network, changed)]) != before
    first = np.where(after.any(axis=0), after.argmax(axis=0) + 1.0, np.nan)
    return ProjectedGradient(changed, after.any(axis=0), first)


class _OthersProbability(nn.CrossEntropyLoss):
    """The logarithm of the probability of all other classes, log(1 - p): it rises where the cross-entropy -log p does.

    Its gradient is that of the cross-entropy times p / (1 - p) and so has the same sign, but it does not vanish where
    p is 1 but for rounding: in single precision the other's does, and a sure network would seem to resist any attack.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002 - the name that torch uses
        """Return the sum over examples."""
        own = nn.functional.one_hot(target, input.shape[1]).bool()
        return input.log_softmax(dim=1).masked_fill(own, -torch.inf).logsumexp(dim=1).sum()


class _Noted(nn.Module):
    """A network that notes what it decides for in the passes that a gradient is taken of."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.decisions: list[np.ndarray] = []

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs."""
        outputs = self.network(inputs)
        if torch.is_grad_enabled() and outputs.requires_grad:
            self.decisions.append(outputs.detach().argmax(dim=1).cpu().numpy())
        return outputs


def check_toolbox() -> None:
    """Raise unless attacks can be made here.

    Raises:
        MissingDependencyError: If the Adversarial Robustness Toolbox is missing.

    >>> check_toolbox()
    """
    _modules()


def _modules() -> tuple[ModuleType, ModuleType]:
    """Return the toolbox's attacks and its wrappers of networks: it is imported only where it is used."""
    try:
        return (
            importlib.import_module("art.attacks.evasion"),
            importlib.import_module("art.estimators.classification"),
        )
    except ImportError as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise MissingDependencyError(
            f"Attacks need the package `adversarial-robustness-toolbox`, which can't be imported ({reason}). "
            'Run: pip install "modescape[attacks]".'
        ) from error


def _toolbox(
    network: nn.Module, batch: Tensor, decisions: Int[np.ndarray, "example"], bounds: Bounds | None
) -> tuple[Any, Any]:
    """Return the attacks, and a network as they see it."""
    evasion, classification = _modules()
    device = _device(network, batch)
    with torch.no_grad():
        num_classes = network(batch[:1].to(device)).shape[1]
    classifier = classification.PyTorchClassifier(
        network,
        loss=_OthersProbability(reduction="sum"),
        input_shape=tuple(batch.shape[1:]),
        nb_classes=max(num_classes, int(decisions.max()) + 1),
        clip_values=bounds,
        device_type="gpu" if device.type == "cuda" else "cpu",
    )
    return evasion, classifier


def _generated(attack: Any, batch: Tensor, decisions: Int[np.ndarray, "example"]) -> Tensor:
    """Return what an attack makes of a batch, the global generators left as they were."""
    with seeded_globals(0):
        changed = attack.generate(batch.cpu().numpy().astype(np.float32), decisions)
    return torch.from_numpy(np.asarray(changed, dtype=np.float32))


def _clipped(inputs: Tensor, bounds: Bounds | None) -> Tensor:
    """Return inputs within their bounds."""
    return inputs if bounds is None else inputs.clamp(*bounds)


def _device(network: nn.Module, inputs: Tensor) -> torch.device:
    """Return where a network is."""
    return next((tensor.device for tensor in network.parameters()), inputs.device)


def _check_sizes(sizes: Sequence[float]) -> None:
    """Raise unless sizes rise from above 0."""
    numbers = np.asarray(sizes, dtype=np.float64)
    if numbers.ndim != 1 or not numbers.size or not (np.diff(numbers, prepend=0.0) > 0.0).all():
        raise ArgumentError("size", "rise from above 0", Quoted(f"{numbers.tolist()}"), "Pass for example 0.03")


def _check_inputs(inputs: Tensor, bounds: Bounds | None) -> None:
    """Raise unless inputs are numbers within their bounds."""
    if inputs.dtype != torch.float32 or inputs.ndim < 2 or not len(inputs):
        got = Quoted(f"{inputs.dtype} of shape {tuple(inputs.shape)}")
        raise ArgumentError("inputs", "be float32 of shape (example, ...)", got, "Divide images of 8 bits by 255")
    low, high = (float(end) for end in inputs.aminmax())
    if bounds is not None and not bounds[0] <= low <= high <= bounds[1]:
        rule, got = f"lie between {bounds[0]:g} and {bounds[1]:g}", Quoted(f"numbers from {low:g} to {high:g}")
        raise ArgumentError("inputs", rule, got, "Pass other bounds")
