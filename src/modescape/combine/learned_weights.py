"""Weights learned from validation examples: those under which their labels are most likely."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize
from scipy.special import softmax

from modescape.combine.protocol import Validation
from modescape.combine.weighted import WeightedMean
from modescape.core.checks import PROBABILITY_FLOOR, check_at_least

GAP = 1e-7
"""How far in nats the NLL may be from its minimum; the gap is bounded by duality."""
MOST_STEPS = 20_000


@dataclass(frozen=True)
class LearnedWeights:
    """The way `learned-weights`: the convex weights with the least NLL on validation examples.

    argmin_w -(1/N) sum_n ln sum_m w_m p_m(y_n) - (a/N) (1/M) sum_m ln w_m over w_m >= 0 with sum 1, where a are
    pseudo-examples that pull weights together. The problem is convex. It is solved as w = softmax(t) by L-BFGS, then by
    the EM algorithm, until the minimum is known to be less than 1e-7 nats below: max_m g_m - sum_m w_m g_m bounds that,
    with g the gradient of the likelihood.

    Source: Smyth, Wolpert (1999), section 3, https://doi.org/10.1023/A:1007511322260. Differs from it in the steps
    before EM, which alone takes thousands.

    Args:
        pseudo_examples: The number a, at least 0; about the number of members keeps weights of few examples from 0.

    >>> from modescape.combine.protocol import checked_validation
    >>> validation = checked_validation([[[0.9, 0.1], [0.8, 0.2]], [[0.3, 0.7], [0.3, 0.7]]], [0, 1])
    >>> LearnedWeights().fit(validation, seed=0).weights.round(3).tolist()
    [0.45, 0.55]
    """

    name: ClassVar[str] = "learned-weights"
    title: ClassVar[str] = "learned convex weights"

    pseudo_examples: float = 0.0

    def __post_init__(self) -> None:
        """Raise unless the penalty is in range."""
        check_at_least(self.pseudo_examples, 0, "pseudo_examples", "Pass 0 to let the examples alone decide")

    def fit(self, validation: Validation, *, seed: int) -> WeightedMean:
        """Return the mean with the most likely weights."""
        del seed
        return WeightedMean(likeliest_weights(validation.of_label, pseudo_examples=self.pseudo_examples))


def likeliest_weights(
    likelihoods: Float[np.ndarray, "member example"], *, pseudo_examples: float = 0.0
) -> Float[np.ndarray, "member"]:
    """Return the weights of a mixture of fixed parts under which examples are most likely; see `LearnedWeights`.

    Args:
        likelihoods: What each part gives for each example.
        pseudo_examples: Pull towards equal weights.

    >>> likeliest_weights(np.array([[0.5, 0.5], [0.25, 0.25]])).round(6).tolist()
    [1.0, 0.0]
    """
    floored = np.maximum(likelihoods, PROBABILITY_FLOOR)
    # The optimum is the same if all parts count an example by the same factor.
    scaled = floored / floored.max(axis=0)
    number, total = scaled.shape[1], scaled.shape[1] + pseudo_examples

    def objective(at: np.ndarray) -> tuple[float, np.ndarray]:
        weights = np.maximum(softmax(at), PROBABILITY_FLOOR)
        counts = _counts(weights, scaled, pseudo_examples)
        value = -np.log(weights @ scaled).sum() - pseudo_examples * np.log(weights).mean()
        return value / total, weights - counts / total

    found = minimize(objective, np.zeros(len(scaled)), jac=True, method="L-BFGS-B", options={"maxiter": 1000})
    weights = np.maximum(softmax(found.x), PROBABILITY_FLOOR)
    for _ in range(MOST_STEPS):
        counts = _counts(weights, scaled, pseudo_examples)
        # counts / weights is the gradient, and its mean under the weights is the total.
        if (counts / weights).max() - total <= GAP * number:
            break
        weights = np.maximum(counts / total, PROBABILITY_FLOOR)
    # Weights that only rounding or the end of the search keeps above 0.
    weights = np.where(weights < 1e-9, 0.0, weights)
    return weights / weights.sum()


def _counts(
    weights: Float[np.ndarray, "member"], scaled: Float[np.ndarray, "member example"], pseudo_examples: float
) -> Float[np.ndarray, "member"]:
    """Return how many examples each part is responsible for, pseudo-examples among them."""
    return weights * (scaled @ (1.0 / (weights @ scaled))) + pseudo_examples / len(weights)
