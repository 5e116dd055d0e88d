"""How far the weights can go before the loss has risen: the width of a minimum."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import stdtrit
from torch import Tensor, nn

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.core.trees import Tree
from modescape.functions.fused import POOLING
from modescape.functions.intercept import Intercept
from modescape.functions.layout import channels_last
from modescape.landscapes.risk import Batches, Loss, Risk, mean_loss, placed, still
from modescape.weights import filter_normalised

LARGEST = 8.0
"""Filter norms: weights are then an eighth of what they are moved by, and nothing that was learned is left."""

NUM_DOUBLINGS = 9
"""The walk begins at 1/512 of the largest distance, and goes on to smaller ones only where the loss has risen there."""

MAX_HALVINGS = 20
"""How often: a minimum narrower than a millionth of that counts as having no width."""

NUM_BISECTIONS = 6
"""The two places between which the loss rises are then within 1.6% of each other."""


@dataclass(frozen=True)
class Width:
    """How wide a minimum is.

    Attributes:
        value: Mean distance over directions, in filter norms.
        low: Lower end of its interval.
        high: Upper end of its interval.
        distances: For each direction, forwards and backwards; the largest distance where the loss did not rise. NaN
            throughout where the loss at the network itself is not finite.
        open_share: Fraction of the distances at which the loss had not risen: the width is then larger than `value`.
    """

    value: float
    low: float
    high: float
    distances: Float[np.ndarray, "direction sign"]
    open_share: float


def width(
    network: nn.Module,
    loss: Loss,
    batches: Batches,
    *,
    rise: float = 0.1,
    num_directions: int = 5,
    largest: float = LARGEST,
    seed: int,
    confidence: float = 0.95,
) -> Width:
    """Return the distance at which the loss has risen by a stated amount, averaged over random directions.

    For each filter-normalised Gaussian direction d and both signs: the smallest t with L(w + t d) >= L(w) + rise that
    a walk finds, which doubles t from largest/512 on (and halves it where the loss has risen there already) and then
    bisects between the first place that is high and the one before, to 1.6%. A loss that rises and falls again between
    two places of the walk is not seen to rise. A loss that is not finite has risen. Where the loss never rises, the
    largest distance stands.

    The interval is Student's over directions, each of which counts once with the mean of its two distances.

    Source: for the directions Li et al. (2018), section 4, https://arxiv.org/abs/1712.09913; the distance is ours.

    Args:
        network: The weights to look at; it is copied, not changed, and runs in evaluation mode with the statistics of
            batch norm that it has.
        loss: Of outputs and targets: a mean over the batch, or one number an example.
        batches: Inputs as the network sees them, and targets; their sizes make no difference.
        rise: In the units of the loss: nats for a cross-entropy.
        num_directions: Random directions, at least 2.
        largest: Distance at which the walk ends, in filter norms.
        seed: Seed of the directions.
        confidence: Of the interval.

    Raises:
        ArgumentError: If a number is out of range, there is no example, or the loss is a sum.

    >>> network = nn.Linear(1, 1, bias=False)
    >>> nn.init.constant_(network.weight, 3.0).item()
    3.0
    >>> found = width(network, nn.MSELoss(), [(torch.ones(1, 1), torch.full((1, 1), 3.0))], rise=9.0, seed=0)
    >>> round(found.value, 1), found.open_share
    (1.0, 0.0)
    """
    _check(rise, num_directions, largest, confidence)
    slope = _Slope(network, loss, batches)
    start = slope.loss_at(None, 0.0)
    if not math.isfinite(start):
        distances = np.full((num_directions, 2), np.nan)
        return Width(math.nan, math.nan, math.nan, distances, math.nan)

    distances = [
        _distances(slope, start + rise, derived_seed(seed, Stream.DIRECTION, index), largest)
        for index in range(num_directions)
    ]
    return _summary(np.array(distances), largest, confidence)


class _Slope:
    """The loss along directions from a network."""

    def __init__(self, network: nn.Module, loss: Loss, batches: Batches) -> None:
        self._network, self._risk = channels_last(still(network).requires_grad_(requires_grad=False)), Risk(loss)
        self._batches = [(_laid_out(inputs), targets) for inputs, targets in placed(batches, self._network)]
        self._parameters = dict(self._network.named_parameters())
        self._centre = {name: tensor.detach().clone() for name, tensor in self._parameters.items()}

    def direction(self, seed: int) -> Tree:
        """Draw a direction; all are drawn on the CPU, so that they are the same on every device."""
        drawn = filter_normalised(self._centre, generator=torch_generator(seed))
        return {name: tensor.to(self._centre[name]) for name, tensor in drawn.items()}

    def loss_at(self, direction: Tree | None, distance: float) -> float:
        """Return the loss at a signed distance along a direction."""
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(self._centre[name])
                if direction is not None:
                    parameter.add_(direction[name], alpha=distance)
        on_cpu = self._batches[0][0].device.type == "cpu"
        pooling: AbstractContextManager[object] = Intercept(POOLING) if on_cpu else nullcontext()
        with pooling, torch.inference_mode():
            return mean_loss(self._network, self._risk, self._batches)


def _laid_out(inputs: Tensor) -> Tensor:
    """Return images with their channels last, in which a forward pass takes a third of the time."""
    return inputs.contiguous(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs


def _distances(slope: _Slope, height: float, seed: int, largest: float) -> list[float]:
    """Return how far the loss stays below a height along a random direction, forwards and backwards."""
    direction = slope.direction(seed)
    # Written so that NaN is high too.
    return [
        _first_rise(lambda distance, sign=sign: not slope.loss_at(direction, sign * distance) < height, largest)
        for sign in (1.0, -1.0)
    ]


def _first_rise(has_risen: Callable[[float], bool], largest: float) -> float:
    """Return the first distance that a walk finds to be high, or the largest one."""
    high = largest / 2**NUM_DOUBLINGS
    if has_risen(high):
        for _ in range(MAX_HALVINGS):
            if not has_risen(high / 2):
                break
            high /= 2
        else:
            return 0.0
    else:
        high *= 2
        while high <= largest and not has_risen(high):
            high *= 2
        if high > largest:
            return largest
    low = high / 2
    for _ in range(NUM_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if has_risen(middle) else (middle, high)
    return (low + high) / 2


def _summary(distances: Float[np.ndarray, "direction sign"], largest: float, confidence: float) -> Width:
    """Return the mean over directions with its interval."""
    means = distances.mean(axis=1)
    half = stdtrit(len(means) - 1, (1 + confidence) / 2) * means.std(ddof=1) / math.sqrt(len(means))
    value = float(means.mean())
    open_share = float((distances >= largest).mean())
    return Width(value, max(0.0, value - float(half)), value + float(half), distances, open_share)


def _check(rise: float, num_directions: int, largest: float, confidence: float) -> None:
    """Raise unless the numbers make sense."""
    if not 0.0 < rise < float("inf"):
        raise ArgumentError("rise", "be above 0 and finite", rise, "Pass 0.1")
    check_at_least(num_directions, 2, "num_directions", "An interval needs two directions: pass 5")
    if not 0.0 < largest < float("inf"):
        raise ArgumentError("largest", "be above 0 and finite", largest, f"Pass {LARGEST}")
    if not 0.0 < confidence < 1.0:
        raise ArgumentError("confidence", "lie strictly between 0 and 1", confidence, "Pass 0.95 for 95%")
