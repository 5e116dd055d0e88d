"""Ways by name, fitted on validation examples only, and never scored on those."""

from dataclasses import dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from modescape.combine.fingerprints import Fingerprint, fingerprint
from modescape.combine.folds import NUM_FOLDS, stratified_folds
from modescape.combine.gating import Gating
from modescape.combine.greedy import Greedy
from modescape.combine.inverse_variance import InverseVariance
from modescape.combine.learned_weights import LearnedWeights
from modescape.combine.mean import Mean
from modescape.combine.mean_logits import MeanLogits
from modescape.combine.median import Median
from modescape.combine.mode import Mode
from modescape.combine.protocol import FittedWay, Rule, Validation, Way, checked_inputs, checked_validation
from modescape.combine.signal_to_noise import SignalToNoise
from modescape.combine.stacking import Stacking
from modescape.combine.trimmed_mean import TrimmedMean
from modescape.combine.weighted import WeightedMean
from modescape.core.checks import check_choice, checked_probabilities
from modescape.core.errors import ArgumentError, Quoted

COMBINATIONS: dict[str, type[Way]] = {
    way.name: way
    for way in (
        Mean,
        MeanLogits,
        Median,
        Mode,
        TrimmedMean,
        InverseVariance,
        SignalToNoise,
        LearnedWeights,
        Stacking,
        Gating,
        Greedy,
    )
}
"""All ways by name; those that need no fit come first."""


@dataclass(frozen=True, eq=False)
class Combination:
    """Makes one prediction out of those of the members.

    Args:
        name: The way, one of `COMBINATIONS`.
        rule: What it came to.
        fitted_on: The validation examples that it was fitted on; None where it needs no fit.
        shape: Members and classes that it was fitted for; None where any will do.
    """

    name: str
    rule: Rule
    fitted_on: Fingerprint | None = None
    shape: tuple[int, int] | None = None

    @property
    def weights(self) -> Float[np.ndarray, "member"] | None:
        """The members' weights, where they are the same for all examples and classes."""
        return self.rule.weights if isinstance(self.rule, WeightedMean) else None

    def __call__(
        self, members: Float[np.ndarray, "member example class"], *, inputs: ArrayLike | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the combined class probabilities of examples that the combination was not fitted on.

        Args:
            members: Class probabilities of the members, in the order in which they were fitted.
            inputs: What networks see of the examples, where a gate was fitted with inputs.

        Raises:
            ArgumentError: If they are no probabilities, of other members or classes, or of examples that the
                combination was fitted on: it looks better there than it is.

        >>> combination = fitted_combination("mean")
        >>> combination(np.array([[[1.0, 0.0]], [[0.5, 0.5]]])).tolist()
        [[0.75, 0.25]]
        """
        checked, seen = self._checked(members, inputs)
        if self.fitted_on is not None and self.fitted_on.shares(fingerprint(checked, seen)):
            rule = f"be of other examples than those that {self.name} was fitted on"
            got = Quoted(f"{checked.shape[1]} examples, most of them in common with the validation examples")
            raise ArgumentError("members", rule, got, "Score it on examples that it has not seen")
        return self.rule(checked, seen)

    def predict(
        self, members: Float[np.ndarray, "member example class"], *, inputs: ArrayLike | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return the same without asking which examples these are: for a predictor in use, never for scores.

        Raises:
            ArgumentError: If they are no probabilities, or of other members or classes.

        >>> fitted_combination("mean").predict(np.array([[[1.0, 0.0]], [[0.5, 0.5]]])).tolist()
        [[0.75, 0.25]]
        """
        return self.rule(*self._checked(members, inputs))

    def _checked(self, members: ArrayLike, inputs: ArrayLike | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Return predictions and inputs as arrays, after checking that they are those of the members."""
        checked = checked_probabilities(members, "members")
        found = (checked.shape[0], checked.shape[2])
        if self.shape is not None and found != self.shape:
            rule = f"be those of the {self.shape[0]} members and {self.shape[1]} classes that were fitted"
            got = Quoted(f"{found[0]} members and {found[1]} classes")
            raise ArgumentError("members", rule, got, "Pass the same members in the same order")
        return checked, checked_inputs(inputs, checked.shape[1])


def needs_fit(name: str) -> bool:
    """Say whether a way needs validation examples.

    Raises:
        ArgumentError: If there is no such way.

    >>> needs_fit("median"), needs_fit("stacking")
    (False, True)
    """
    check_choice(name, COMBINATIONS, "how")
    return hasattr(COMBINATIONS[name], "fit")


def way_options(name: str) -> dict[str, Any]:
    """Return the options of a way with their defaults.

    Raises:
        ArgumentError: If there is no such way.

    >>> way_options("trimmed-mean")
    {'trim': 0.2}
    """
    check_choice(name, COMBINATIONS, "how")
    return {field.name: field.default for field in fields(COMBINATIONS[name])}  # pyright: ignore[reportArgumentType]


def fitted_combination(
    name: str,
    validation: ArrayLike | None = None,
    validation_labels: ArrayLike | None = None,
    *,
    inputs: ArrayLike | None = None,
    seed: int = 0,
    **options: Any,
) -> Combination:
    """Return a way to combine members, fitted on validation examples where it needs a fit.

    Labels of test examples have no place here, and what is fitted refuses the examples that it was fitted on.

    Args:
        name: One of `COMBINATIONS`.
        validation: Class probabilities of the members on validation examples (member, example, class); may be left out
            for ways that need no fit.
        validation_labels: The true classes of these examples.
        inputs: What networks see of these examples, for gating; without them the gate sees the members' answers.
        seed: Seed of what is drawn: folds of cross-validation, bags of greedy selection.
        **options: Of the way, such as `trim` for `trimmed-mean`; see `way_options`.

    Raises:
        ArgumentError: If there is no such way or option, a value is out of range, or validation examples are missing or
            do not fit together.

    >>> validation = np.array([[[0.9, 0.1], [0.8, 0.2]], [[0.3, 0.7], [0.3, 0.7]]])
    >>> combination = fitted_combination("learned-weights", validation, [0, 1])
    >>> combination.weights.round(3).tolist()
    [0.45, 0.55]
    >>> combination(validation)
    Traceback (most recent call last):
    ...
    modescape.core.errors.ArgumentError: `members` must be of other examples than those that learned-weights was ...
    """
    way = _way(name, options)
    if not needs_fit(name):
        return Combination(name, _as_rule(way))
    examples = _examples(name, validation, validation_labels, inputs)
    return _fitted(way, examples, seed)


def cross_fitted(
    name: str,
    validation: ArrayLike,
    validation_labels: ArrayLike,
    *,
    inputs: ArrayLike | None = None,
    num_folds: int = NUM_FOLDS,
    seed: int = 0,
    **options: Any,
) -> Float[np.ndarray, "example class"]:
    """Return what a way predicts for validation examples, each time fitted on other validation examples.

    Examples are dealt out to folds; each is predicted by a combination fitted on the other folds. Scores of these
    predictions are honest, and so is a temperature that is fitted on them.

    Source: Stone (1974), https://doi.org/10.1111/j.2517-6161.1974.tb00994.x

    Args:
        name: One of `COMBINATIONS`.
        validation: As in `fitted_combination`.
        validation_labels: The true classes.
        inputs: As in `fitted_combination`.
        num_folds: Number of folds, at least 2.
        seed: Seed of the folds and of all that fits draw.
        **options: Of the way.

    Raises:
        ArgumentError: As `fitted_combination`, and if there are fewer than two examples.

    >>> members = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]], [[0.5, 0.5]] * 4])
    >>> cross_fitted("learned-weights", members, [0, 1, 0, 1], num_folds=2).round(3).tolist()
    [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]]
    """
    way = _way(name, options)
    examples = _examples(name, validation, validation_labels, inputs)
    if not needs_fit(name):
        return _as_rule(way)(examples.members, examples.inputs)
    found = np.empty(examples.members.shape[1:])
    for rest, fold in stratified_folds(examples.labels, num_folds=num_folds, seed=seed):
        held = examples.subset(fold)
        found[fold] = _fitted(way, examples.subset(rest), seed).rule(held.members, held.inputs)
    return found


def _as_rule(way: Way) -> Rule:
    """Return a way that needs no fit as the rule that it is."""
    if not isinstance(way, Rule):
        raise TypeError(f"{type(way).__name__} has neither a rule nor a fit")
    return way


def _way(name: str, options: dict[str, Any]) -> Way:
    """Return a way with its options, after checking that it has them."""
    known = way_options(name)
    for option, value in options.items():
        if option not in known:
            rule = f"be an option of {name}, which has {', '.join(known) or 'none'}"
            raise ArgumentError("option", rule, option, "Leave it out, or choose one of these")
        _check_type(name, option, value)
    return COMBINATIONS[name](**options)


def _check_type(name: str, option: str, value: Any) -> None:
    """Raise unless the value of an option is of its type; whole numbers are numbers too."""
    kind = get_type_hints(COMBINATIONS[name])[option]
    kinds = get_args(kind) if get_origin(kind) not in (None, type) else (kind,)
    if any(isinstance(one, str) for one in kinds):
        kinds = (str,)
    allowed = (*kinds, int, np.integer, np.floating) if float in kinds else (*kinds, np.integer)
    if isinstance(value, bool) or not isinstance(value, allowed):
        wanted = "a number" if float in kinds else "a whole number" if int in kinds else "a word"
        raise ArgumentError(option, f"be {wanted}", value, f"{name} has {way_options(name)[option]!r} by default")


def _examples(name: str, members: ArrayLike | None, labels: ArrayLike | None, inputs: ArrayLike | None) -> Validation:
    """Return validation examples, after checking that they are there and belong together."""
    for argument, value in (("validation", members), ("validation_labels", labels)):
        if value is None:
            unfitted = ", ".join(other for other in COMBINATIONS if not needs_fit(other))
            rule, advice = f"be given for {name}, which is fitted on it", "Pass it, or choose one that needs none: "
            raise ArgumentError(argument, rule, Quoted("none"), advice + unfitted)
    return checked_validation(np.asarray(members), np.asarray(labels), inputs)


def _fitted(way: Way, examples: Validation, seed: int) -> Combination:
    """Return the combination that a way comes to."""
    if not isinstance(way, FittedWay):
        raise TypeError(f"{type(way).__name__} has no fit")
    rule = way.fit(examples, seed=seed)
    shape = (examples.members.shape[0], examples.members.shape[2])
    return Combination(way.name, rule, fingerprint(examples.members, examples.inputs), shape)
