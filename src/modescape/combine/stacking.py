"""Stacking: a logistic regression on what all members say."""

import warnings
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from modescape.combine.folds import NUM_FOLDS, stratified_folds
from modescape.combine.protocol import Validation
from modescape.core.checks import PROBABILITY_FLOOR
from modescape.core.errors import ArgumentError, Quoted

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Values of C that cross-validation chooses from; smaller is stronger regularisation."""
LOWEST = 1e-6
"""A smaller probability counts as this: its logarithm would outweigh all others."""
MOST_STEPS = 1000


@dataclass(frozen=True)
class Stacked:
    """A fitted logistic regression on members' log probabilities.

    Args:
        scaler: Centres and scales what goes in.
        model: The regression, on the classes that validation examples have.
        regularisation: Its C.
        lowest: Smallest probability that counts as it is.
    """

    scaler: StandardScaler
    model: LogisticRegression
    regularisation: float
    lowest: float

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return class probabilities; classes that no validation example has keep what the mean gives them."""
        del inputs
        found = members.mean(axis=0, dtype=np.float64)
        known = self.model.classes_.astype(np.int64)
        absent = np.setdiff1d(np.arange(found.shape[1]), known)
        left = 1.0 - found[:, absent].sum(axis=1, keepdims=True)
        said = self.model.predict_proba(self.scaler.transform(log_ratios(members, self.lowest)))
        found[:, known] = said * np.maximum(left, 0.0)
        return found / found.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Stacking:
    """The way `stacking`: multinomial logistic regression on the log probabilities of all members.

    p_nc = softmax_c(b_c + sum_m sum_k V_cmk z_mnk) where z_mnk = ln p_mnk - mean_j ln p_mnj, standardised. V has a
    quadratic penalty, whose strength is the one with the least NLL in cross-validation within the validation examples.
    A class that no validation example has keeps the probability that the mean of the members gives it; the regression
    divides the rest.

    Source: Wolpert (1992), https://doi.org/10.1016/S0893-6080(05)80023-1; on class probabilities: Ting, Witten (1999),
    section 3, https://doi.org/10.1613/jair.594. Differs from the latter in the logarithms and in the model, which there
    is a linear regression for each class.

    Args:
        regularisation: C of scikit-learn's LogisticRegression, smaller is stronger; chosen by default.
        lowest: Smaller probabilities count as this one.

    >>> from modescape.combine.protocol import checked_validation
    >>> validation = checked_validation([[[0.9, 0.1], [0.6, 0.4]] * 5], [0, 1] * 5)
    >>> rule = Stacking(regularisation=10.0).fit(validation, seed=0)
    >>> rule(np.array([[[0.6, 0.4]]])).argmax()
    np.int64(1)
    """

    name: ClassVar[str] = "stacking"
    title: ClassVar[str] = "stacking"

    regularisation: float | None = None
    lowest: float = LOWEST

    def __post_init__(self) -> None:
        """Raise unless options are in range."""
        if self.regularisation is not None and not 0.0 < self.regularisation < np.inf:
            advice = "Leave it out to choose it by cross-validation"
            raise ArgumentError("regularisation", "be above 0 and finite", self.regularisation, advice)
        if not 0.0 < self.lowest < 1.0:
            raise ArgumentError("lowest", "lie strictly between 0 and 1", self.lowest, f"Pass {LOWEST}")

    def fit(self, validation: Validation, *, seed: int) -> Stacked:
        """Return the regression that validation examples support."""
        if len(np.unique(validation.labels)) < 2:
            rule, got = "hold at least two classes for stacking", Quoted(f"only class {validation.labels[0]}")
            raise ArgumentError("validation_labels", rule, got, "Pass more examples, or combine by mean")
        chosen = self.regularisation
        if chosen is None:
            losses = self._losses(validation, seed)
            # Of equal ones the strongest regularisation.
            chosen = STRENGTHS[int(np.argmin(losses))]
        return self._fitted(validation, (chosen,))[0]

    def _fitted(self, validation: Validation, strengths: Sequence[float]) -> list[Stacked]:
        """Return the regressions of some strengths, each search begun where the one before ended."""
        features = log_ratios(validation.members, self.lowest)
        scaler = StandardScaler().fit(features)
        scaled = scaler.transform(features)
        model = LogisticRegression(max_iter=MOST_STEPS, warm_start=True)
        fitted = []
        with warnings.catch_warnings():
            # Weak regularisation of separable classes has no end; what was reached is judged by cross-validation.
            warnings.simplefilter("ignore", ConvergenceWarning)
            for strength in strengths:
                model.set_params(C=strength).fit(scaled, validation.labels)
                fitted.append(Stacked(scaler, deepcopy(model), strength, self.lowest))
        return fitted

    def _losses(self, validation: Validation, seed: int) -> Float[np.ndarray, "strength"]:
        """Return the NLL of each strength on examples that the regression has not seen."""
        losses = np.zeros(len(STRENGTHS))
        for rest, fold in stratified_folds(validation.labels, num_folds=NUM_FOLDS, seed=seed):
            seen, held = validation.subset(rest), validation.subset(fold)
            if len(np.unique(seen.labels)) < 2:
                continue
            losses += [_nll(stacked(held.members), held.labels) for stacked in self._fitted(seen, STRENGTHS)]
        return losses


def log_ratios(
    members: Float[np.ndarray, "member example class"], lowest: float = LOWEST
) -> Float[np.ndarray, "example feature"]:
    """Return each member's log probabilities minus their mean over classes, side by side.

    >>> log_ratios(np.array([[[0.5, 0.5]], [[1.0, 0.0]]]), lowest=0.01).round(2).tolist()
    [[0.0, 0.0, 2.3, -2.3]]
    """
    logs = np.log(np.maximum(members.astype(np.float64, copy=False), lowest))
    logs -= logs.mean(axis=2, keepdims=True)
    return logs.transpose(1, 0, 2).reshape(members.shape[1], -1)


def _nll(probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]) -> float:
    """Return the summed negative log-likelihood."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], PROBABILITY_FLOOR)).sum())
