"""Methods against ensemble size, before and after temperature scaling, compared in pairs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from modescape.core.checks import check_at_least, checked_labels, checked_probabilities
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.evaluate.ensemble_metrics import (
    METRICS,
    SizeMetrics,
    checked_sizes,
    ensembles_of,
    metric_interval,
    order_of_confidence,
    size_metrics,
)
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_weights
from modescape.evaluate.subsets import subsets_of_size
from modescape.evaluate.temperature import fitted_temperatures

REFERENCE: Final = "independent"
"""The method whose single members all gains are measured from."""
RAW, SCALED = "raw", "scaled"
CHUNK_ENTRIES = 2**21
"""Entries of an intermediate array in a fit of temperatures: 16 MiB in double precision."""
TASK = "methods"
SILENT: Final = Silent()


@dataclass(frozen=True, eq=False)
class MethodCurves:
    """How good ensembles of several methods are by their number of members; NaN where a method has too few of them.

    Attributes:
        methods: Names along the axis method.
        sizes: Numbers of members.
        metrics: Names along the axis metric: accuracy (fraction), nll (nats), brier (0 to 2), ece (0 to 1).
        scalings: "raw" for probabilities as they are, then "scaled" where temperatures were fitted.
        value: Mean of the metric over the subsets of a size.
        low: Lower end of its interval over examples.
        high: Upper end.
        gain: The metric minus that of one independent member, scaled alike.
        gain_low: Lower end of the interval of the gain, paired over examples.
        gain_high: Upper end.
        temperature: Mean over the subsets of the fitted temperatures; NaN where none was fitted.
        difference: The metric of a method minus that of another of the same size, scaled alike.
        difference_low: Lower end of the interval of the difference, paired over examples.
        difference_high: Upper end.
        versus_one: The metric of a method minus that of one member of another (size 1), scaled alike.
        versus_one_low: Lower end of its interval, paired over examples.
        versus_one_high: Upper end.
        confidence: Confidence level of the intervals.
        num_resamples: Number of bootstrap resamples behind them.
    """

    methods: tuple[str, ...]
    sizes: Int[np.ndarray, "size"]
    metrics: tuple[str, ...]
    scalings: tuple[str, ...]
    value: Float[np.ndarray, "scaling method metric size"]
    low: Float[np.ndarray, "scaling method metric size"]
    high: Float[np.ndarray, "scaling method metric size"]
    gain: Float[np.ndarray, "scaling method metric size"]
    gain_low: Float[np.ndarray, "scaling method metric size"]
    gain_high: Float[np.ndarray, "scaling method metric size"]
    temperature: Float[np.ndarray, "method size"]
    difference: Float[np.ndarray, "scaling metric method method_other size"]
    difference_low: Float[np.ndarray, "scaling metric method method_other size"]
    difference_high: Float[np.ndarray, "scaling metric method method_other size"]
    versus_one: Float[np.ndarray, "scaling metric method method_other size"]
    versus_one_low: Float[np.ndarray, "scaling metric method method_other size"]
    versus_one_high: Float[np.ndarray, "scaling metric method method_other size"]
    confidence: float
    num_resamples: int


def method_curves(
    test: Mapping[str, Float[np.ndarray, "member example class"]],
    labels: Int[np.ndarray, "example"],
    validation: Mapping[str, Float[np.ndarray, "member example class"]] | None = None,
    validation_labels: Int[np.ndarray, "example"] | None = None,
    *,
    sizes: Sequence[int] | None = None,
    max_subsets: int = 100,
    num_resamples: int = 1000,
    confidence: float = 0.95,
    num_bins: int = 15,
    seed: int,
    progress: Progress = SILENT,
) -> MethodCurves:
    """Return accuracy, NLL, Brier score and ECE of each method by size, gains, and differences between methods.

    As `ensemble_curve`, for several methods on the same examples and resamples, so that all differences are paired.
    Methods with as many members as each other are also averaged over the same subsets. A scaled subset has a
    temperature of its own, fitted to the mean probabilities of that subset on the validation examples.

    Source: Fort, Hu, Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757; scaling before methods are
    compared: Ashukha, Lyzhov, Molchanov, Vetrov (2020), section 4, https://arxiv.org/abs/2002.06470

    Args:
        test: For each method, the class probabilities of each of its members on the test examples. One method is
            "independent"; the number of members may differ.
        labels: The true classes of the test examples.
        validation: The same for the validation examples; left out, nothing is scaled.
        validation_labels: The true classes of the validation examples.
        sizes: Numbers of members to evaluate, in any order; all from 1 to the largest number by default.
        max_subsets: Most subsets to average at one size; with more, a sample of this many different ones is drawn.
        num_resamples: Number of bootstrap resamples; memory grows by 8 bytes for each example of each.
        confidence: Confidence level of the intervals.
        num_bins: Number of bins of the ECE.
        seed: Seed of the run, for subsets and resamples.
        progress: Listens to the work, one unit for each method, size and scaling.

    Raises:
        ArgumentError: If predictions are not probabilities or do not fit each other or the labels, there is no method
            "independent", or a setting is out of range.

    >>> right, unsure = np.array([[[0.9, 0.1], [0.2, 0.8]]]), np.array([[[0.6, 0.4], [0.6, 0.4]]])
    >>> curves = method_curves({"independent": unsure, "other": right}, np.array([0, 1]), seed=0)
    >>> curves.metrics[0], curves.gain[0, :, 0, 0].tolist(), curves.difference[0, 0, 0, :, 0].tolist()
    ('accuracy', [0.0, 0.5], [0.0, -0.5])
    """
    members, labels = _checked(test, labels, "test")
    held_out = None if validation is None else _checked_validation(validation, validation_labels, members)
    chosen = checked_sizes(sizes, max(map(len, members.values())))
    check_confidence(confidence)
    check_at_least(num_bins, 1, "num_bins", "Pass 15")
    check_at_least(max_subsets, 1, "max_subsets", "Pass 100")
    weights = bootstrap_weights(len(labels), num_resamples=num_resamples, seed=seed)
    sorting = order_of_confidence(members[REFERENCE])
    work = _Work(labels[sorting], weights[:, sorting], sorted({1, *chosen}), max_subsets, num_bins, seed, progress)
    found = work.done({name: rows[:, sorting] for name, rows in members.items()}, held_out)
    return _curves(tuple(members), found, work.order, chosen, confidence)


@dataclass(frozen=True, eq=False)
class _Found:
    """Metrics of all scalings and methods, the metric first, and temperatures; NaN where there are none."""

    value: Float[np.ndarray, "metric scaling method size"]
    resampled: Float[np.ndarray, "metric scaling method size resample"]
    temperature: Float[np.ndarray, "method size"]


@dataclass(frozen=True, eq=False)
class _Work:
    """What the evaluation of every method has in common."""

    labels: Int[np.ndarray, "example"]
    weights: Float[np.ndarray, "resample example"]
    order: list[int]
    max_subsets: int
    num_bins: int
    seed: int
    progress: Progress

    def done(
        self,
        members: Mapping[str, Float[np.ndarray, "member example class"]],
        held_out: tuple[Mapping[str, Float[np.ndarray, "member example class"]], Int[np.ndarray, "example"]] | None,
    ) -> _Found:
        """Evaluate every method."""
        num_scalings = 1 if held_out is None else 2
        shape = (len(METRICS), num_scalings, len(members), len(self.order))
        value, resampled = np.full(shape, np.nan), np.full((*shape, len(self.weights)), np.nan)
        temperature = np.full(shape[2:], np.nan)
        within = {name: [size for size in self.order if size <= len(rows)] for name, rows in members.items()}
        self.progress.start(TASK, num_scalings * sum(map(len, within.values())))
        for place, (name, rows) in enumerate(members.items()):
            subsets = [
                subsets_of_size(len(rows), size, max_subsets=self.max_subsets, seed=self.seed) for size in within[name]
            ]
            fitted = [] if held_out is None else [_temperatures(held_out[0][name], held_out[1], subsets)]
            for scaling, scale in enumerate([None, *fitted]):
                metrics = self._metrics(name, rows, subsets, scale)
                value[:, scaling, place, : len(subsets)] = metrics.value
                resampled[:, scaling, place, : len(subsets)] = metrics.resampled
                if scale is not None:
                    temperature[place, : len(subsets)] = [each.mean() for each in scale]
        return _Found(value, resampled, temperature)

    def _metrics(
        self,
        name: str,
        rows: Float[np.ndarray, "member example class"],
        subsets: list[Int[np.ndarray, "subset member_of_subset"]],
        temperatures: list[Float[np.ndarray, "subset"]] | None,
    ) -> SizeMetrics:
        """Evaluate one method in one scaling."""

        def report(place: int) -> None:
            scaling = RAW if temperatures is None else SCALED
            self.progress.advance(TASK, note=f"{name}, {scaling}, {subsets[place].shape[1]} of {len(rows)} members")

        return size_metrics(
            rows,
            self.labels,
            subsets,
            self.weights,
            num_bins=self.num_bins,
            temperatures=temperatures,
            on_size=report,
        )


def _curves(
    methods: tuple[str, ...], found: _Found, order: list[int], chosen: list[int], confidence: float
) -> MethodCurves:
    """Return the curves at the chosen sizes, with intervals; the first of all sizes is 1."""
    places, reference = [order.index(size) for size in chosen], methods.index(REFERENCE)
    value, resampled = found.value[:, :, :, places], found.resampled[:, :, :, places]
    one, one_resampled = found.value[:, :, reference, 0], found.resampled[:, :, reference, 0]
    low, high = metric_interval(value, resampled, confidence)
    gain = value - one[:, :, None, None]
    gain_low, gain_high = metric_interval(gain, resampled - one_resampled[:, :, None, None], confidence)
    at_size = [(value[:, :, other, None], resampled[:, :, other, None]) for other in range(len(methods))]
    singles = [
        (found.value[:, :, other, None, :1], found.resampled[:, :, other, None, :1]) for other in range(len(methods))
    ]
    difference, difference_low, difference_high = _differences(value, resampled, at_size, confidence)
    versus_one, versus_one_low, versus_one_high = _differences(value, resampled, singles, confidence)
    low = np.maximum(low, 0.0)
    by_scaling = [np.moveaxis(array, 0, 2) for array in (value, low, high, gain, gain_low, gain_high)]
    return MethodCurves(
        methods,
        np.array(chosen),
        METRICS,
        (RAW, SCALED)[: value.shape[1]],
        *by_scaling,
        temperature=found.temperature[:, places],
        difference=difference,
        difference_low=difference_low,
        difference_high=difference_high,
        versus_one=versus_one,
        versus_one_low=versus_one_low,
        versus_one_high=versus_one_high,
        confidence=confidence,
        num_resamples=resampled.shape[-1],
    )


def _differences(
    value: Float[np.ndarray, "metric scaling method size"],
    resampled: Float[np.ndarray, "metric scaling method size resample"],
    others: Sequence[tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]],
    confidence: float,
) -> list[Float[np.ndarray, "scaling metric method method_other size"]]:
    """Return the differences to others, their values and resamples given, with the ends of their intervals."""
    parts = []
    for other, other_resampled in others:
        difference = value - other
        parts.append((difference, *metric_interval(difference, resampled - other_resampled, confidence)))
    return [np.stack(columns, axis=3).swapaxes(0, 1) for columns in zip(*parts, strict=True)]


def _temperatures(
    members: Float[np.ndarray, "member example class"],
    labels: Int[np.ndarray, "example"],
    subsets: list[Int[np.ndarray, "subset member_of_subset"]],
) -> list[Float[np.ndarray, "subset"]]:
    """Return the fitted temperature of every subset of every size."""
    step = max(1, CHUNK_ENTRIES // members[0].size)

    def pieces(rows: Int[np.ndarray, "subset member_of_subset"]) -> Iterator[Float[np.ndarray, "subset"]]:
        for start in range(0, len(rows), step):
            yield fitted_temperatures(ensembles_of(members, rows[start : start + step]), labels)

    return [np.concatenate(list(pieces(rows))) for rows in subsets]


def _checked(
    predictions: Mapping[str, Float[np.ndarray, "member example class"]],
    labels: Int[np.ndarray, "example"] | None,
    argument: str,
) -> tuple[dict[str, Float[np.ndarray, "member example class"]], Int[np.ndarray, "example"]]:
    """Return the predictions of all methods, after checking that they are for the same examples and classes."""
    if REFERENCE not in predictions:
        got = Quoted(", ".join(predictions) or "none")
        raise ArgumentError(argument, f'hold the method "{REFERENCE}"', got, "Gains are measured from its members")
    arrays = {name: checked_probabilities(rows, f"{argument}[{name}]") for name, rows in predictions.items()}
    _, num_examples, num_classes = arrays[REFERENCE].shape
    for name, array in arrays.items():
        if array.shape[1:] != (num_examples, num_classes):
            rule = f"have {num_examples} examples and {num_classes} classes, as {REFERENCE}"
            shape = Quoted(f"shape {array.shape}")
            raise ArgumentError(f"{argument}[{name}]", rule, shape, "Predict the same examples with every method")
    name = "labels" if argument == "test" else f"{argument}_labels"
    if labels is None:
        raise ArgumentError(name, f"be given with {argument}", labels, "Pass the classes of those examples")
    return arrays, checked_labels(labels, num_examples=num_examples, num_classes=num_classes, argument=name)


def _checked_validation(
    validation: Mapping[str, Float[np.ndarray, "member example class"]],
    labels: Int[np.ndarray, "example"] | None,
    test: Mapping[str, Float[np.ndarray, "member example class"]],
) -> tuple[dict[str, Float[np.ndarray, "member example class"]], Int[np.ndarray, "example"]]:
    """Return the validation predictions and labels, after checking that they are of the same members."""
    arrays, labels = _checked(validation, labels, "validation")
    forms, found = ({name: (len(each), each.shape[2]) for name, each in part.items()} for part in (test, arrays))
    if forms != found:
        wrong = next(name for name in {**forms, **found} if forms.get(name) != found.get(name))
        got = Quoted(f"{found.get(wrong, 'none')} for {wrong}, where test has {forms.get(wrong, 'none')}")
        rule = "have the methods, members and classes of test"
        raise ArgumentError("validation", rule, got, "Predict validation and test examples with the same members")
    return arrays, labels
