"""Gating: weights of the members for each example, by what goes in or by what the members say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Shaped
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from modescape.combine.folds import NUM_FOLDS, stratified_folds
from modescape.combine.mean_logits import log_probabilities
from modescape.combine.protocol import Validation
from modescape.core.checks import PROBABILITY_FLOOR, check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed

PENALTIES = (1e4, 1e3, 1e2, 1e1, 1.0, 0.1)
"""Values that cross-validation chooses from; at the first one weights are nearly the same for all examples."""


@dataclass(frozen=True, eq=False)
class Gate:
    """A fitted gate: weights of members for each example.

    Args:
        features: Turns what the gate sees into a few numbers of like size.
        slopes: Its weights.
        intercepts: Its biases.
        penalty: Of the slopes.
        num_inputs: Numbers of an input; None where the gate sees the members' answers.
    """

    features: Pipeline
    slopes: Float[np.ndarray, "feature member"]
    intercepts: Float[np.ndarray, "member"]
    penalty: float
    num_inputs: int | None

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the mean of the members' probabilities, weighted anew for each example."""
        weights = self.member_weights(members, inputs)
        found = np.zeros(members.shape[1:])
        for index, member in enumerate(members):
            found += weights[:, index, None] * member
        return found

    def member_weights(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example member"]:
        """Return how much each member counts for each example.

        Raises:
            ArgumentError: If the gate was fitted with inputs, and they are missing or of another size.
        """
        seen = _seen(members, inputs if self.num_inputs is not None else None)
        if self.num_inputs is not None and (inputs is None or seen.shape[1] != self.num_inputs):
            got = Quoted("none" if inputs is None else f"{seen.shape[1]} numbers an example")
            rule = f"hold {self.num_inputs} numbers an example, as the gate was fitted"
            raise ArgumentError("inputs", rule, got, "Pass inputs like those of validation")
        return softmax(self.features.transform(seen) @ self.slopes + self.intercepts, axis=1)


@dataclass(frozen=True)
class Gating:
    """The way `gating`: a mixture of experts whose experts are the members as they are.

    p_nc = sum_m g_nm p_mnc with g_n = softmax_m(V h_n + b). The gate has the least
    -(1/N) sum_n ln p_n(y_n) + (a / 2N) ||V||^2 on validation examples, found by L-BFGS from equal weights; a is the one
    with the least NLL in cross-validation within them. h_n are the inputs, standardised, or their first principal
    components where there are more numbers than `components`. Where no inputs are given, h_n comes from the members'
    answers: the entropy and the highest log probability of each member, and the mean probability of each class.

    Source: Jacobs, Jordan, Nowlan, Hinton (1991), equation 1.3, https://doi.org/10.1162/neco.1991.3.1.79. Differs from
    it in the members, which are fixed, and in the penalty.

    Args:
        penalty: The number a, at least 0; chosen by default.
        components: Most numbers that the gate sees.

    >>> from modescape.combine.protocol import checked_validation
    >>> members = [[[0.9, 0.1], [0.1, 0.9]], [[0.1, 0.9], [0.9, 0.1]]]
    >>> gate = Gating(penalty=0.01).fit(checked_validation(members, [0, 0], [[-1.0], [1.0]]), seed=0)
    >>> gate.member_weights(np.asarray(members), np.array([[-1.0], [1.0]])).round(1).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    name: ClassVar[str] = "gating"
    title: ClassVar[str] = "gating by input"

    penalty: float | None = None
    components: int = 20

    def __post_init__(self) -> None:
        """Raise unless options are in range."""
        if self.penalty is not None:
            check_at_least(self.penalty, 0, "penalty", "Leave it out to choose it by cross-validation")
        check_at_least(self.components, 1, "components", "Pass 20")

    def fit(self, validation: Validation, *, seed: int) -> Gate:
        """Return the gate that validation examples support."""
        chosen = self.penalty
        if chosen is None:
            losses = np.zeros(len(PENALTIES))
            for rest, fold in stratified_folds(validation.labels, num_folds=NUM_FOLDS, seed=seed):
                held = validation.subset(fold)
                losses += [_nll(gate, held) for gate in self._fitted(validation.subset(rest), PENALTIES, seed)]
            # Of equal ones the largest penalty.
            chosen = PENALTIES[int(np.argmin(losses))]
        return self._fitted(validation, (chosen,), seed)[0]

    def _fitted(self, validation: Validation, penalties: Sequence[float], seed: int) -> list[Gate]:
        """Return the gates with some penalties, each search begun where the one before ended."""
        seen = _seen(validation.members, validation.inputs)
        features = _reduction(seen, self.components, seed)
        reduced = features.transform(seen)
        num_inputs = None if validation.inputs is None else seen.shape[1]
        at = np.zeros((reduced.shape[1] + 1, len(validation.members)))
        gates = []
        for penalty in penalties:
            at = _gate_weights(reduced, validation.of_label, penalty, at)
            gates.append(Gate(features, at[:-1], at[-1], penalty, num_inputs))
        return gates


def _seen(
    members: Float[np.ndarray, "member example class"], inputs: Shaped[np.ndarray, "example ..."] | None
) -> Float[np.ndarray, "example feature"]:
    """Return what a gate sees: the inputs as rows, or numbers that say how sure members are, and of what."""
    if inputs is not None:
        return np.asarray(inputs, dtype=np.float64).reshape(len(inputs), -1)
    logs = log_probabilities(members)
    entropies = -(np.exp(logs) * logs).sum(axis=2)
    return np.hstack([entropies.T, logs.max(axis=2).T, members.mean(axis=0, dtype=np.float64)])


def _reduction(seen: Float[np.ndarray, "example feature"], components: int, seed: int) -> Pipeline:
    """Return the steps that turn what a gate sees into numbers of like size, not too many."""
    steps: list[tuple[str, StandardScaler | PCA]] = [("standard", StandardScaler())]
    if seen.shape[1] > components:
        drawn = derived_seed(seed, Stream.COMBINATION, 2) % 2**32
        kept = min(components, len(seen))
        steps += [("principal", PCA(kept, random_state=drawn)), ("equal", StandardScaler())]
    # Where all examples look alike there is no variance to divide.
    with np.errstate(divide="ignore", invalid="ignore"):
        return Pipeline(steps).fit(seen)


def _gate_weights(
    features: Float[np.ndarray, "example feature"],
    likelihoods: Float[np.ndarray, "member example"],
    penalty: float,
    start: Float[np.ndarray, "row member"],
) -> Float[np.ndarray, "row member"]:
    """Return the slopes with the least penalised NLL, and the biases below them."""
    floored = np.maximum(likelihoods, PROBABILITY_FLOOR).T
    scaled = floored / floored.max(axis=1, keepdims=True)
    number = len(features)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        slopes, intercepts = flat.reshape(start.shape)[:-1], flat.reshape(start.shape)[-1]
        gates = softmax(features @ slopes + intercepts, axis=1)
        parts = gates * scaled
        mixture = np.maximum(parts.sum(axis=1, keepdims=True), PROBABILITY_FLOOR)
        # The gradient by the gate's logits is its weights minus the members' responsibilities.
        pull = (gates - parts / mixture) / number
        value = -np.log(mixture).mean() + penalty / (2 * number) * (slopes**2).sum()
        return value, np.concatenate([(features.T @ pull + penalty / number * slopes).ravel(), pull.sum(axis=0)])

    return minimize(objective, start.ravel(), jac=True, method="L-BFGS-B").x.reshape(start.shape)


def _nll(gate: Gate, held: Validation) -> float:
    """Return the summed NLL of a gate on examples that it has not seen."""
    weights = gate.member_weights(held.members, held.inputs)
    mixture = (weights * held.of_label.T).sum(axis=1)
    return float(-np.log(np.maximum(mixture, PROBABILITY_FLOOR)).sum())
