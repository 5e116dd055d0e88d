"""How good ensembles are as the data shift: metrics by intensity of a corruption, one condition at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from modescape.core.checks import check_at_least, checked_labels, checked_probabilities
from modescape.core.errors import ArgumentError, Quoted
from modescape.evaluate.ensemble_metrics import METRICS, metric_interval, size_metrics
from modescape.evaluate.inputs import check_confidence
from modescape.evaluate.intervals import bootstrap_means, bootstrap_weights
from modescape.evaluate.uncertainty import mutual_information

SHIFT_METRICS: Final = (*METRICS, "jensen_shannon")


@dataclass(frozen=True, eq=False)
class ShiftCurves:
    """How good methods are by the intensity of a corruption.

    Attributes:
        methods: Names along the axis method.
        sizes: 1, then the numbers of members of the methods; NaN where a method has another number.
        metrics: accuracy (fraction), nll (nats), brier (0 to 2), ece (0 to 1), jensen_shannon (nats; NaN at size 1).
        corruptions: Names along the axis corruption, in the order in which they were added.
        intensities: 0, the clean examples, and up.
        value: Mean of the metric over the corruptions; at size 1 also over the members.
        low: Lower end of its interval over examples.
        high: Upper end.
        each: The metric under each corruption.
        gain: Of one method, the metric of all its members minus that of one of them, averaged over the corruptions;
            NaN for jensen_shannon, and where there is only one member.
        gain_low: Lower end of the interval of the gain, paired over examples.
        gain_high: Upper end.
        slope: Change of the gain for a step of intensity; NaN where the gain is.
        slope_low: Lower end of its interval over examples.
        slope_high: Upper end.
        ensemble: The method whose gain it is.
        confidence: Confidence level of the intervals.
        num_resamples: Number of bootstrap resamples behind them.
    """

    methods: tuple[str, ...]
    sizes: Int[np.ndarray, "size"]
    metrics: tuple[str, ...]
    corruptions: tuple[str, ...]
    intensities: Int[np.ndarray, "intensity"]
    value: Float[np.ndarray, "method size metric intensity"]
    low: Float[np.ndarray, "method size metric intensity"]
    high: Float[np.ndarray, "method size metric intensity"]
    each: Float[np.ndarray, "method size metric corruption intensity"]
    gain: Float[np.ndarray, "metric intensity"]
    gain_low: Float[np.ndarray, "metric intensity"]
    gain_high: Float[np.ndarray, "metric intensity"]
    slope: Float[np.ndarray, "metric"]
    slope_low: Float[np.ndarray, "metric"]
    slope_high: Float[np.ndarray, "metric"]
    ensemble: str
    confidence: float
    num_resamples: int


class ShiftTally:
    """Takes the predictions under one corruption and intensity after the other, and keeps only what curves need.

    The same images are seen under every corruption: a resample draws images, and takes each of them under all
    corruptions and intensities together. So gains and slopes are paired, and the average over corruptions is as
    uncertain as so many images make it, not as so many images times corruptions would.

    At size 1 a metric is the mean over single members; at size M it is that of the mean probabilities of all M. The
    clean examples are intensity 0 of every corruption. The slope is the least-squares one of the gain g over the
    intensities t: sum_t (t - mean t) g_t / sum_t (t - mean t)^2.

    Source: Fort, Hu, Lakshminarayanan (2019), section 5, https://arxiv.org/abs/1912.02757; corruptions and their
    intensities: Hendrycks, Dietterich (2019), section 4, https://arxiv.org/abs/1903.12261. Differs from the first in
    the intervals and the slope.

    Args:
        labels: The true classes of the examples.
        ensemble: The method whose gain is followed.
        num_resamples: Number of bootstrap resamples; memory grows by 4 bytes for each example of each.
        confidence: Confidence level of the intervals.
        num_bins: Number of bins of the ECE.
        seed: Seed of the run, for the resamples.

    Raises:
        ArgumentError: If there is no example or a setting is out of range.

    >>> clean = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.8, 0.2], [0.4, 0.6]]])
    >>> tally = ShiftTally(np.array([0, 1]), num_resamples=20, seed=0)
    >>> tally.add(None, 0, {"independent": clean})
    >>> tally.add("fog", 1, {"independent": clean[:, ::-1]})
    >>> curves = tally.result()
    >>> curves.metrics[0], curves.value[0, :, 0].tolist()
    ('accuracy', [[1.0, 0.0], [1.0, 0.0]])
    """

    def __init__(
        self,
        labels: Int[np.ndarray, "example"],
        *,
        ensemble: str = "independent",
        num_resamples: int = 1000,
        confidence: float = 0.95,
        num_bins: int = 15,
        seed: int,
    ) -> None:
        check_confidence(confidence)
        check_at_least(num_bins, 1, "num_bins", "Pass 15")
        self._labels = np.asarray(labels)
        self._ensemble = ensemble
        self._confidence = confidence
        self._num_bins = num_bins
        self._weights = bootstrap_weights(self._labels.size, num_resamples=num_resamples, seed=seed)
        self._num_members: dict[str, int] = {}
        self._each: dict[tuple[str | None, int], Float[np.ndarray, "metric method size"]] = {}
        self._sums: dict[int, Float[np.ndarray, "metric method size resample"]] = {}

    def add(
        self,
        corruption: str | None,
        intensity: int,
        predictions: Mapping[str, Float[np.ndarray, "member example class"]],
    ) -> None:
        """Take the predictions for the examples under one corruption.

        Args:
            corruption: Its name; None for the clean examples.
            intensity: 0 for the clean examples, else above 0.
            predictions: For each method, the class probabilities of each member; the same methods and numbers of
                members every time.

        Raises:
            ArgumentError: If corruption and intensity do not fit or were added before, the methods or members are not
                the same as before, predictions are not probabilities, or the labels do not fit them.
        """
        self._check_new(corruption, intensity)
        members = {name: checked_probabilities(rows, f"predictions[{name}]") for name, rows in predictions.items()}
        num_members = {name: len(rows) for name, rows in members.items()}
        self._check_methods(num_members)
        found = [self._scored(rows) for rows in members.values()]
        self._num_members = self._num_members or num_members
        order = [list(members).index(name) for name in self._num_members]
        value, resampled = (np.stack([found[place][part] for place in order], axis=1) for part in (0, 1))
        self._each[corruption, intensity] = value
        self._sums[intensity] = self._sums[intensity] + resampled if intensity in self._sums else resampled

    def result(self) -> ShiftCurves:
        """Return the curves, averaged over the corruptions, with intervals.

        Raises:
            ArgumentError: If the clean examples or all corruptions are missing, or a corruption lacks an intensity.
        """
        corruptions, intensities = self._checked_conditions()
        each = np.stack(
            [
                np.stack([self._each[name if level else None, level] for level in intensities], axis=-1)
                for name in corruptions
            ],
            axis=-2,
        )
        value = each.mean(axis=-2)
        resampled = np.stack([self._sums[level] / (len(corruptions) if level else 1) for level in intensities], axis=-2)
        low, high = metric_interval(value, resampled, self._confidence)
        method = list(self._num_members).index(self._ensemble)
        gain, gain_resampled = (array[:, method, 1] - array[:, method, 0] for array in (value, resampled))
        slope, slope_resampled = (_slope(array, intensities) for array in (gain, gain_resampled.swapaxes(1, 2)))
        ends = metric_interval(gain, gain_resampled, self._confidence)
        slope_ends = metric_interval(slope, slope_resampled, self._confidence)
        sizes, (value, low, high, each) = self._by_size(value, np.maximum(low, 0.0), high, each)
        return ShiftCurves(
            tuple(self._num_members),
            sizes,
            SHIFT_METRICS,
            corruptions,
            np.array(intensities),
            value,
            low,
            high,
            each,
            gain,
            *ends,
            slope,
            *slope_ends,
            ensemble=self._ensemble,
            confidence=self._confidence,
            num_resamples=len(self._weights),
        )

    def _scored(
        self, members: Float[np.ndarray, "member example class"]
    ) -> tuple[Float[np.ndarray, "metric 2"], Float[np.ndarray, "metric 2 resample"]]:
        """Return the metrics of single members and of all members together; NaN for all of a single one."""
        labels = checked_labels(self._labels, num_examples=members.shape[1], num_classes=members.shape[2])
        singles = np.arange(len(members))
        value = np.full((len(SHIFT_METRICS), 2), np.nan)
        resampled = np.full((*value.shape, len(self._weights)), np.nan)
        subsets = [singles[:, None], singles[None]][: len(members)]
        metrics = size_metrics(members, labels, subsets, self._weights, num_bins=self._num_bins)
        value[: len(METRICS), : len(subsets)] = metrics.value
        resampled[: len(METRICS), : len(subsets)] = metrics.resampled
        if len(members) > 1:
            divergence = mutual_information(members)
            value[-1, 1], resampled[-1, 1] = divergence.mean(), bootstrap_means(divergence, self._weights)
        return value, resampled

    def _by_size(
        self, *arrays: Float[np.ndarray, "metric method 2 ..."]
    ) -> tuple[Int[np.ndarray, "size"], list[Float[np.ndarray, "method size metric ..."]]]:
        """Return the sizes, and arrays with one place for each of them in place of "one" and "all"."""
        sizes = sorted({1, *self._num_members.values()})
        spread = []
        for array in (np.moveaxis(array, 0, 2) for array in arrays):
            out = np.full((len(array), len(sizes), *array.shape[2:]), np.nan)
            out[:, 0] = array[:, 0]
            for method, size in enumerate(self._num_members.values()):
                if size > 1:
                    out[method, sizes.index(size)] = array[method, 1]
            spread.append(out)
        return np.array(sizes), spread

    def _check_new(self, corruption: str | None, intensity: int) -> None:
        """Raise unless a condition makes sense and is new."""
        if (corruption is None) != (intensity == 0) or intensity < 0:
            rule = "be 0 for the clean examples (corruption None) and above 0 for corrupted ones"
            raise ArgumentError("intensity", rule, Quoted(f"{intensity} for {corruption}"), "Add clean examples once")
        if (corruption, intensity) in self._each:
            got = Quoted(f"{intensity} for {corruption} again")
            raise ArgumentError("intensity", "be new for this corruption", got, "Add each condition once")

    def _check_methods(self, num_members: dict[str, int]) -> None:
        """Raise unless the methods and their members are those of the conditions before."""
        if self._ensemble not in num_members:
            got = Quoted(", ".join(num_members) or "none")
            raise ArgumentError("predictions", f'hold the method "{self._ensemble}"', got, "Its gain is followed")
        if self._num_members and num_members != self._num_members:
            rule = f"hold the methods and numbers of members of the first condition, {self._num_members}"
            raise ArgumentError("predictions", rule, Quoted(num_members), "Predict with the same members each time")

    def _checked_conditions(self) -> tuple[tuple[str, ...], list[int]]:
        """Return the corruptions as added and the intensities in rising order, after checking that none is missing."""
        names = tuple(dict.fromkeys(name for name, _ in self._each if name is not None))
        levels = sorted({0, *self._sums})
        advice = "Add every intensity of every corruption before asking for the result"
        if not names:
            raise ArgumentError("corruption", "be added at least once", Quoted("none"), advice)
        for name, level in [(None, 0), *((name, level) for name in names for level in levels[1:])]:
            if (name, level) not in self._each:
                got = Quoted(f"no intensity {level} for {name or 'the clean examples'}")
                raise ArgumentError("intensity", f"be each of {levels} for every corruption", got, advice)
        return names, levels


def _slope(gains: Float[np.ndarray, "metric ... intensity"], intensities: list[int]) -> Float[np.ndarray, "metric ..."]:
    """Return the slope of the least-squares line through gains over intensities."""
    centred = np.array(intensities) - np.mean(intensities)
    return gains @ centred / (centred @ centred)
