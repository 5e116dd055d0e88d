"""Ways tried on the same members: fitted on validation examples, applied to test examples, judged by cross-fitting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from modescape.combine import (
    COMBINATIONS,
    Combination,
    cross_fitted,
    fingerprint,
    fitted_combination,
    needs_fit,
    way_options,
)
from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate import fitted_temperature, nll, with_temperature
from modescape.studies.combined.sources import Predictions

Choice = Literal["all", "best"]
CHOICES: tuple[Choice, ...] = ("all", "best")
"""Words that are no way: every way beside the others, and the way that is best on validation examples."""
MEAN = "mean"


@dataclass(frozen=True, eq=False)
class Result:
    """What one way comes to on the test examples.

    Args:
        combination: The way, fitted.
        probabilities: What it predicts, at the temperature.
        temperature: 1 where none is wanted.
        validation_nll: NLL of cross-fitted predictions for validation examples, where it was computed.
    """

    combination: Combination
    probabilities: Float[np.ndarray, "example class"]
    temperature: float
    validation_nll: float | None


@dataclass(frozen=True, eq=False)
class Work:
    """What all ways are made from.

    Args:
        test: What members predict for test examples.
        held: The same for validation examples.
        inputs: What networks see of the test examples.
        held_inputs: The same of the validation examples.
        options: Options by way.
        seed: Seed of all that is drawn.
    """

    test: Predictions
    held: Predictions | None
    inputs: np.ndarray | None
    held_inputs: np.ndarray | None
    options: Mapping[str, Mapping[str, Any]]
    seed: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the gate."""
        if "gating" in self.options and self.held is not None and self.held_inputs is None:
            return ("Gating sees the members' answers, since no inputs were given.",)
        return ()

    def check(self) -> None:
        """Raise unless validation examples are others than test examples, and inputs are there for both or for none."""
        if self.held is not None and fingerprint(self.held.probabilities).shares(fingerprint(self.test.probabilities)):
            rule, got = "be other examples than those of the test predictions", Quoted("most of them in common")
            raise ArgumentError("validation", rule, got, "Fit on validation examples, and score on others")
        if (self.inputs is None) != (self.held_inputs is None):
            missing = "inputs" if self.inputs is None else "validation_inputs"
            advice = "Pass both, or neither: the gate then sees the members' answers"
            raise ArgumentError(missing, "be given with the other inputs", Quoted("none"), advice)

    def result(self, way: str, *, temperature: bool, is_judged: bool) -> Result:
        """Return what a way comes to; judged by cross-fitting where the choice or the temperature needs it."""
        options, held = self.options[way], self.held
        truth = None if held is None else held.labels
        fitted = {"inputs": self.held_inputs, "seed": self.seed, **options}
        if held is None or truth is None:
            combination = fitted_combination(way, **fitted)
        else:
            combination = fitted_combination(way, held.probabilities, truth, **fitted)
        # `check` has looked at the examples, once for all ways.
        found = combination.predict(self.test.probabilities, inputs=self.inputs)
        if not (is_judged or temperature) or held is None or truth is None:
            return Result(combination, found, 1.0, None)
        honest = cross_fitted(way, held.probabilities, truth, **fitted)
        scale = fitted_temperature(honest, truth) if temperature else 1.0
        found = with_temperature(found, scale) if temperature else found
        return Result(combination, found, scale, nll(with_temperature(honest, scale), truth))


def ways_to_try(how: str, held: Predictions | None, *, temperature: bool) -> tuple[list[str], tuple[str, ...]]:
    """Return the ways to try, and what a reader must know of those left out.

    Args:
        how: A way, `all` or `best`.
        held: Predictions for validation examples, where there are any.
        temperature: Whether a temperature is wanted.

    Raises:
        ArgumentError: If something needs validation examples and they are missing.

    >>> ways_to_try("median", None, temperature=False)
    (['mean', 'median'], ())
    """
    is_known = held is not None and held.labels is not None
    if how not in CHOICES:
        _check_validation(held, f"{how}, which is fitted on it" if needs_fit(how) else "", temperature=temperature)
        return list(dict.fromkeys([MEAN, how])), ()
    if how == "best" or temperature:
        _check_validation(held, "best, which is chosen by it" if how == "best" else "", temperature=temperature)
    if is_known:
        return list(COMBINATIONS), ()
    left = [way for way in COMBINATIONS if needs_fit(way)]
    note = f"Left out, since they need validation predictions and labels: {', '.join(left)}."
    return [way for way in COMBINATIONS if way not in left], (note,)


def _check_validation(held: Predictions | None, reason: str, *, temperature: bool) -> None:
    """Raise if validation examples or their labels are missing and something needs them."""
    if not reason and not temperature:
        return
    reason = reason or "a temperature, which is fitted on it"
    unfitted = ", ".join(way for way in COMBINATIONS if not needs_fit(way))
    advice = f"Pass it; these need none: {unfitted}"
    if held is None:
        raise ArgumentError("validation", f"be given for {reason}", Quoted("none"), advice)
    if held.labels is None:
        raise ArgumentError("validation_labels", f"be given for {reason}", Quoted("none"), advice)


def options_by_way(ways: Sequence[str], options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options of each way, after checking that each option belongs to one.

    Raises:
        ArgumentError: If no way has it.

    >>> options_by_way(["mean", "trimmed-mean"], {"trim": 0.1})
    {'mean': {}, 'trimmed-mean': {'trim': 0.1}}
    """
    known = {way: way_options(way) for way in ways}
    for name in options:
        if not any(name in of_way for of_way in known.values()):
            listed = ", ".join(f"{option} of {way}" for way, of_way in known.items() for option in of_way)
            raise ArgumentError("option", f"be one of: {listed or 'none'}", name, "Choose one of them, or leave it out")
    return {way: {name: value for name, value in options.items() if name in known[way]} for way in ways}
