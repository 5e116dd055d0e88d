"""The frontier: how good methods are at every size, that is at every training budget, with paired differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from modescape.core.checks import check_at_least, checked_labels, checked_probabilities
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.core.seeds import Stream, derived_seed
from modescape.evaluate.ensemble_metrics import METRICS, metric_interval, size_metrics
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_weights
from modescape.evaluate.placements import bootstrap_aurocs
from modescape.evaluate.temperature import fitted_temperatures, tempered

FRONTIER_METRICS: Final = (*METRICS, "auroc")
RAW, SCALED = "raw", "scaled"
TASK = "frontier"
SILENT: Final = Silent()

Entry: TypeAlias = tuple[str, int]
"""A method and its size."""
Predictions: TypeAlias = Mapping[Entry, Float[np.ndarray, "example class"]]
"""The combined class probabilities of each method at each size."""


@dataclass(frozen=True, eq=False)
class Frontier:
    """How good methods are by their size; NaN where a method has no such size.

    Attributes:
        methods: Names along the axis method, in the order in which they were given.
        sizes: Sizes in rising order: training budgets, in those of one network.
        metrics: accuracy (fraction), nll (nats), brier (0 to 2), ece (0 to 1), auroc (0 to 1; NaN without foreign
            examples).
        scalings: "raw" for probabilities as they are, then "scaled" where temperatures were fitted.
        value: The metric.
        low: Lower end of its interval over examples.
        high: Upper end.
        difference: The metric minus that of the reference of the same size, scaled alike.
        difference_low: Lower end of its interval, paired over examples.
        difference_high: Upper end.
        versus_one: The metric minus that of the reference of size 1, scaled alike; NaN where there is none.
        versus_one_low: Lower end of its interval, paired over examples.
        versus_one_high: Upper end.
        temperature: The temperature fitted on validation examples; NaN where none was.
        reference: The method that differences are taken to.
        confidence: Confidence level of the intervals.
        num_resamples: Number of bootstrap resamples behind them.
        num_examples: Number of test examples.
        num_validation: Number of validation examples, 0 without.
        num_foreign: Number of foreign examples, 0 without.
    """

    methods: tuple[str, ...]
    sizes: Int[np.ndarray, "size"]
    metrics: tuple[str, ...]
    scalings: tuple[str, ...]
    value: Float[np.ndarray, "scaling method size metric"]
    low: Float[np.ndarray, "scaling method size metric"]
    high: Float[np.ndarray, "scaling method size metric"]
    difference: Float[np.ndarray, "scaling method size metric"]
    difference_low: Float[np.ndarray, "scaling method size metric"]
    difference_high: Float[np.ndarray, "scaling method size metric"]
    versus_one: Float[np.ndarray, "scaling method size metric"]
    versus_one_low: Float[np.ndarray, "scaling method size metric"]
    versus_one_high: Float[np.ndarray, "scaling method size metric"]
    temperature: Float[np.ndarray, "method size"]
    reference: str
    confidence: float
    num_resamples: int
    num_examples: int
    num_validation: int
    num_foreign: int


def frontier(
    test: Predictions,
    labels: Int[np.ndarray, "example"],
    *,
    validation: Predictions | None = None,
    validation_labels: Int[np.ndarray, "example"] | None = None,
    foreign: Predictions | None = None,
    reference: str = "independent",
    num_resamples: int = 1000,
    confidence: float = 0.95,
    num_bins: int = 15,
    seed: int,
    progress: Progress = SILENT,
) -> Frontier:
    """Return accuracy, NLL, Brier score, ECE and AUROC of each method at each size, with paired intervals.

    A scaled predictor has one temperature, fitted to its own probabilities on the validation examples only. The AUROC
    says how well the highest probability tells foreign examples from test examples: 1 when each foreign example has a
    lower one than any test example. One set of resamples of the test examples, and one of the foreign examples, serves
    all predictors, so that differences are paired. Intervals lie between percentiles; those of the ECE are the basic
    bootstrap's, see `ensemble_curve`. They say what other examples would change, not what training again would.

    Source: Ashukha, Lyzhov, Molchanov, Vetrov (2020), sections 3 to 5, https://arxiv.org/abs/2002.06470 (methods
    against size, scaled before they are compared); the score for foreign examples: Hendrycks, Gimpel (2017), section 3,
    https://arxiv.org/abs/1610.02136. Differs from the first in the budget, which here is what training costs, and in
    the intervals.

    Args:
        test: Class probabilities on the test examples by (method, size).
        labels: The true classes of the test examples.
        validation: The same predictors on validation examples; left out, nothing is scaled.
        validation_labels: The true classes of the validation examples.
        foreign: The same predictors on foreign examples; left out, there is no AUROC.
        reference: The method that differences are taken to.
        num_resamples: Number of bootstrap resamples; memory grows by 4 bytes for each example of each.
        confidence: Confidence level of the intervals.
        num_bins: Number of bins of the ECE.
        seed: Seed of the run.
        progress: Listens to the work, one unit for each method and scaling.

    Raises:
        ArgumentError: If predictions are not probabilities, do not fit each other or the labels, the reference is
            missing, or a setting is out of range.

    >>> right, unsure = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.6, 0.4], [0.6, 0.4]])
    >>> found = frontier({("independent", 1): unsure, ("swag", 1): right}, np.array([0, 1]), seed=0)
    >>> found.methods, found.value[0, :, 0, 0].tolist(), found.difference[0, :, 0, 0].tolist()
    (('independent', 'swag'), [0.5, 1.0], [0.0, 0.5])
    """
    arrays, labels = _checked(test, labels, reference)
    check_confidence(confidence)
    check_at_least(num_bins, 1, "num_bins", "Pass 15")
    held_out = None if validation is None else _checked_validation(validation, validation_labels, arrays)
    strange = None if foreign is None else _checked_others(foreign, arrays, "foreign")
    weights = bootstrap_weights(len(labels), num_resamples=num_resamples, seed=seed)
    num_foreign = 0 if strange is None else len(next(iter(strange.values())))
    foreign_weights = None
    if num_foreign:
        # Another seed than that of the known examples, or both would be drawn alike.
        foreign_seed = derived_seed(seed, Stream.FOREIGN)
        foreign_weights = bootstrap_weights(num_foreign, num_resamples=num_resamples, seed=foreign_seed)
    work = _Work(arrays, labels, held_out, strange, weights, foreign_weights, num_bins, progress)
    found = work.done()
    return Frontier(
        work.methods,
        np.array(work.sizes),
        FRONTIER_METRICS,
        (RAW, SCALED)[: 1 if held_out is None else 2],
        *_with_differences(found, work.methods.index(reference), work.sizes, confidence),
        temperature=found.temperature,
        reference=reference,
        confidence=confidence,
        num_resamples=num_resamples,
        num_examples=len(labels),
        num_validation=0 if held_out is None else len(held_out[1]),
        num_foreign=num_foreign,
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """Metrics of all predictors, the metric first, and temperatures; NaN where there are none."""

    value: Float[np.ndarray, "metric scaling method size"]
    resampled: Float[np.ndarray, "metric scaling method size resample"]
    temperature: Float[np.ndarray, "method size"]


@dataclass(frozen=True, eq=False)
class _Work:
    """What the evaluation of every method has in common."""

    test: dict[Entry, Float[np.ndarray, "example class"]]
    labels: Int[np.ndarray, "example"]
    held_out: tuple[dict[Entry, Float[np.ndarray, "example class"]], Int[np.ndarray, "example"]] | None
    foreign: dict[Entry, Float[np.ndarray, "example class"]] | None
    weights: Float[np.ndarray, "resample example"]
    foreign_weights: Float[np.ndarray, "resample foreign"] | None
    num_bins: int
    progress: Progress

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of the methods, as given."""
        return tuple(dict.fromkeys(method for method, _ in self.test))

    @property
    def sizes(self) -> list[int]:
        """All sizes that a method has."""
        return sorted({size for _, size in self.test})

    def done(self) -> _Found:
        """Evaluate every method at its sizes, raw and scaled."""
        methods, sizes, num_scalings = self.methods, self.sizes, 1 if self.held_out is None else 2
        shape = (len(FRONTIER_METRICS), num_scalings, len(methods), len(sizes))
        value, resampled = np.full(shape, np.nan), np.full((*shape, len(self.weights)), np.nan)
        temperature = np.full(shape[2:], np.nan)
        self.progress.start(TASK, num_scalings * len(methods))
        for place, method in enumerate(methods):
            own = [size for size in sizes if (method, size) in self.test]
            at = [sizes.index(size) for size in own]
            fitted = self._temperatures(method, own)
            if fitted is not None:
                temperature[place, at] = fitted
            for scaling, scale in enumerate((None, fitted)[:num_scalings]):
                metrics = self._metrics(method, own, scale)
                value[:, scaling, place, at], resampled[:, scaling, place, at] = metrics
                self.progress.advance(TASK, note=f"{method}, {(RAW, SCALED)[scaling]}")
        return _Found(value, resampled, temperature)

    def _temperatures(self, method: str, sizes: list[int]) -> Float[np.ndarray, "own_size"] | None:
        """Return the temperature of one method at each of its sizes, or None without validation examples."""
        if self.held_out is None:
            return None
        arrays, labels = self.held_out
        return np.concatenate([fitted_temperatures(arrays[method, size][None], labels) for size in sizes])

    def _metrics(
        self, method: str, sizes: list[int], temperatures: Float[np.ndarray, "own_size"] | None
    ) -> tuple[Float[np.ndarray, "metric own_size"], Float[np.ndarray, "metric own_size resample"]]:
        """Return all metrics of one method at each of its sizes."""
        predictors = self._stacked(self.test, method, sizes, temperatures)
        alone = list(np.arange(len(sizes))[:, None, None])
        found = size_metrics(predictors, self.labels, alone, self.weights, num_bins=self.num_bins)
        auroc = np.full(len(sizes), np.nan), np.full((len(sizes), len(self.weights)), np.nan)
        if self.foreign is not None and self.foreign_weights is not None:
            known = -predictors.max(axis=2)
            strange = -self._stacked(self.foreign, method, sizes, temperatures).max(axis=2)
            auroc = bootstrap_aurocs(known, strange, self.weights, self.foreign_weights)
        return np.vstack([found.value, auroc[0]]), np.concatenate([found.resampled, auroc[1][None]])

    def _stacked(
        self,
        arrays: dict[Entry, Float[np.ndarray, "example class"]],
        method: str,
        sizes: list[int],
        temperatures: Float[np.ndarray, "own_size"] | None,
    ) -> Float[np.ndarray, "own_size example class"]:
        """Return the probabilities of one method at each of its sizes, scaled where there are temperatures."""
        stacked = np.stack([arrays[method, size] for size in sizes]).astype(np.float64)
        return stacked if temperatures is None else tempered(stacked, temperatures)


def _with_differences(
    found: _Found, reference: int, sizes: list[int], confidence: float
) -> list[Float[np.ndarray, "scaling method size metric"]]:
    """Return values, differences to the reference of the same size and to that of size 1, each with its interval."""
    value, resampled = found.value, found.resampled
    same = value[:, :, [reference]], resampled[:, :, [reference]]
    one = tuple(np.full_like(part[:, :, :, :1], np.nan) for part in same)
    if sizes[0] == 1:
        one = tuple(part[:, :, :, :1] for part in same)
    parts = [value, *metric_interval(value, resampled, confidence)]
    parts[1] = np.maximum(parts[1], 0.0)
    for other, other_resampled in (same, one):
        difference = value - other
        parts += [difference, *metric_interval(difference, resampled - other_resampled, confidence)]
    return [np.moveaxis(part, 0, -1) for part in parts]


def _checked(
    test: Predictions, labels: Int[np.ndarray, "example"], reference: str
) -> tuple[dict[Entry, Float[np.ndarray, "example class"]], Int[np.ndarray, "example"]]:
    """Return the test predictions and labels, after checking that they fit each other."""
    if reference not in {method for method, _ in test}:
        got = Quoted(", ".join(dict.fromkeys(method for method, _ in test)) or "none")
        raise ArgumentError("test", f'hold the method "{reference}"', got, "Differences are taken to it")
    for method, size in test:
        check_at_least(size, 1, "test", f"Sizes count training budgets; look at {method}")
    first = next(iter(test.values()))
    arrays = _arrays(test, "test", np.asarray(first).shape)
    num_examples, num_classes = next(iter(arrays.values())).shape
    return arrays, checked_labels(labels, num_examples=num_examples, num_classes=num_classes)


def _checked_validation(
    validation: Predictions,
    labels: Int[np.ndarray, "example"] | None,
    test: dict[Entry, Float[np.ndarray, "example class"]],
) -> tuple[dict[Entry, Float[np.ndarray, "example class"]], Int[np.ndarray, "example"]]:
    """Return the validation predictions and labels, after checking that they are of the same predictors."""
    arrays = _checked_others(validation, test, "validation")
    num_examples, num_classes = next(iter(arrays.values())).shape
    if labels is None:
        got, advice = Quoted("none"), "Pass the classes of those examples"
        raise ArgumentError("validation_labels", "be given with validation", got, advice)
    checked = checked_labels(labels, num_examples=num_examples, num_classes=num_classes, argument="validation_labels")
    return arrays, checked


def _checked_others(
    others: Predictions, test: dict[Entry, Float[np.ndarray, "example class"]], argument: str
) -> dict[Entry, Float[np.ndarray, "example class"]]:
    """Return predictions on other examples in the order of the test predictions, after checking that they fit them."""
    if set(others) != set(test):
        wrong = next(entry for entry in (*test, *others) if (entry in others) != (entry in test))
        got = Quoted(f"{wrong} in one of them only")
        advice = "Predict all examples with the same predictors"
        raise ArgumentError(argument, "have the methods and sizes of test", got, advice)
    first, one = next(iter(others.values())), next(iter(test.values()))
    rows = np.asarray(first).shape[0] if np.asarray(first).ndim else 0
    arrays = _arrays(others, argument, (rows, one.shape[1]))
    return {entry: arrays[entry] for entry in test}


def _arrays(
    predictions: Predictions, argument: str, shape: tuple[int, ...]
) -> dict[Entry, Float[np.ndarray, "example class"]]:
    """Return class probabilities by entry, after checking that they are and have one shape."""
    arrays = {}
    for (method, size), rows in predictions.items():
        name = f"{argument}[{method}, {size}]"
        if np.asarray(rows).shape != shape:
            got = Quoted(f"shape {np.asarray(rows).shape}")
            rule = f"have the shape {shape} of (example, class), as the others"
            raise ArgumentError(name, rule, got, "Predict the same examples with every method")
        arrays[method, size] = checked_probabilities(np.asarray(rows)[None], name)[0]
    return arrays
