"""Weights by signal and noise: how strongly a member answers to the truth, against how much else it says."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from modescape.combine.protocol import Validation
from modescape.combine.weighted import WeightedMean, shares

NOISELESS = 1e-24
"""A noise power that is rounding: it is about 1e-32 where probabilities are a function of the label alone."""


@dataclass(frozen=True)
class SignalToNoise:
    """The way `signal-to-noise`: maximal ratio combining, weights by signal amplitude over noise power.

    A member's probabilities are taken for a signal with noise: p_mnc - 1/C = a_m ([c = y_n] - 1/C) + e_mnc. Least
    squares over validation examples give the amplitude a_m = (mean_n p_mny - 1/C) / (1 - 1/C), from 0 (chance) to 1
    (always right and sure), and the noise power s_m^2 = mean_n sum_c e_mnc^2. Weights are w_m = max(a_m, 0) / s_m^2,
    divided by their sum: of all weighted sums of signals in independent noise, these have the highest ratio of signal
    to noise. Members below chance have no weight; where all are, all have the same. Members without noise share all.

    Unlike `inverse-variance`, a member whose probabilities are too flat is not punished for it.

    Source: Brennan (1959), section on maximal-ratio diversity, https://doi.org/10.1109/JRPROC.1959.287136, for radio
    receivers; to take members of an ensemble for receivers of one signal is ours.

    >>> from modescape.combine.protocol import checked_validation
    >>> validation = checked_validation([[[0.9, 0.1], [0.7, 0.3]], [[0.7, 0.3], [0.3, 0.7]]], [0, 0])
    >>> SignalToNoise().fit(validation, seed=0).weights.tolist()
    [1.0, 0.0]
    """

    name: ClassVar[str] = "signal-to-noise"
    title: ClassVar[str] = "signal-to-noise weights"

    def fit(self, validation: Validation, *, seed: int) -> WeightedMean:
        """Return the mean with weights by the members' signal and noise."""
        del seed
        wide = validation.members.astype(np.float64, copy=False)
        chance = 1.0 / wide.shape[2]
        if wide.shape[2] == 1:
            return WeightedMean(shares(np.ones(len(wide))))
        amplitude = (validation.of_label.mean(axis=1) - chance) / (1.0 - chance)
        power = ((wide - chance) ** 2).sum(axis=2).mean(axis=1)
        noise = power - amplitude**2 * (1.0 - chance)
        signal = np.where(amplitude > 0.0, amplitude, 0.0)
        clean = noise <= NOISELESS + 1e-12 * power
        ratio = np.where(clean, np.inf, signal / np.where(clean, 1.0, noise))
        return WeightedMean(shares(np.where(signal > 0.0, ratio, 0.0)))
