"""What is measured in every cell, side by side: means over members, effects of each factor, and early signs of the end.

The cells of a full factorial hold each level of a factor once with every combination of the others, so that any two
levels are compared over matched cells, member by member: these share their seeds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import CELL, CONTRAST, FACTOR, MEASURE, MEMBER, SCOPE, STAGE
from modescape.evaluate import mean_interval, pair_mean_interval, paired_effect, rank_correlation
from modescape.studies.sections import CompareSettings

STAGES = ("early", "middle", "late")
SCOPES = ("within cells", "across cells")
MEASURES = (
    "train_loss",
    "test_accuracy",
    "validation_accuracy",
    "sharpness",
    "width",
    "top_eigenvalue",
    "trace",
    "gradient_norm",
    "distance_from_start",
)
OUTCOME = "test_accuracy"
"""How a run ended: its value at the last stage."""


@dataclass(frozen=True)
class MeasuredCell:
    """What was found in one cell; NaN for members that diverged.

    Args:
        label: The cell in words.
        levels: For each factor, its value in words.
        values: What was measured along the way of each member.
        distances: Distance between two solutions, as a share of that of independent ones.
        disagreements: Share of test examples for which two solutions decide for different classes.
    """

    label: str
    levels: Mapping[str, str]
    values: Float[np.ndarray, "measure member stage"]
    distances: Float[np.ndarray, "member member_other"]
    disagreements: Float[np.ndarray, "member member_other"]


def side_by_side(cells: Sequence[MeasuredCell], compare: CompareSettings, *, seed: int) -> xr.Dataset:
    """Return the cells as named arrays, with intervals, effects and rank correlations.

    Args:
        cells: All cells of a full factorial.
        compare: Confidence and resamples.
        seed: Seed of the run.
    """
    values = np.stack([cell.values for cell in cells], axis=1)
    mean, low, high = mean_interval(values.swapaxes(-1, -2), confidence=compare.confidence)
    factors = list(cells[0].levels)
    variables = {
        "value": ([MEASURE, CELL, MEMBER, STAGE], values),
        "mean": ([MEASURE, CELL, STAGE], mean),
        "low": ([MEASURE, CELL, STAGE], low),
        "high": ([MEASURE, CELL, STAGE], high),
        "num_members": ([CELL], (~np.isnan(values[MEASURES.index(OUTCOME), :, :, -1])).sum(axis=-1)),
        "level": ([CELL, FACTOR], np.array([[cell.levels[name] for name in factors] for cell in cells])),
        **_between_members(cells, compare),
        **_correlations(values, compare, seed),
    }
    coords = {
        MEASURE: list(MEASURES),
        CELL: [cell.label for cell in cells],
        MEMBER: np.arange(values.shape[2]),
        STAGE: list(STAGES),
        FACTOR: factors,
        SCOPE: list(SCOPES),
    }
    dataset = xr.Dataset(variables, coords=coords)
    return dataset.merge(_effects(cells, values, compare))


def _between_members(
    cells: Sequence[MeasuredCell], compare: CompareSettings
) -> dict[str, tuple[list[str], Float[np.ndarray, "cell"]]]:
    """Return the means over pairs of members of each cell."""
    named = {
        "mean_distance_ratio": [cell.distances for cell in cells],
        "disagreement": [cell.disagreements for cell in cells],
    }
    columns = {}
    for name, matrices in named.items():
        found = np.array([pair_mean_interval(matrix, confidence=compare.confidence) for matrix in matrices])
        for suffix, column in zip(("", "_low", "_high"), found.T, strict=True):
            columns[name + suffix] = ([CELL], column)
    return columns


def _effects(
    cells: Sequence[MeasuredCell], values: Float[np.ndarray, "measure cell member stage"], compare: CompareSettings
) -> xr.Dataset:
    """Return how each measure changes from one level of a factor to another."""
    names, columns = [], []
    for name, first, second in _contrasts(cells):
        table = [
            [
                paired_effect(values[measure, first, :, stage], values[measure, second, :, stage], confidence=level)
                for stage in range(len(STAGES))
            ]
            for level in [compare.confidence]
            for measure in range(len(MEASURES))
        ]
        names.append(name)
        columns.append([[(e.value, e.low, e.high, float(e.num_pairs)) for e in row] for row in table])
    found = np.array(columns, dtype=np.float64).reshape(len(names), len(MEASURES), len(STAGES), 4)
    dims, keys = [MEASURE, CONTRAST, STAGE], ("effect", "effect_low", "effect_high", "num_pairs")
    columns_by_name = {key: (dims, found[..., index].swapaxes(0, 1)) for index, key in enumerate(keys)}
    return xr.Dataset(columns_by_name, coords={CONTRAST: names})


def _contrasts(cells: Sequence[MeasuredCell]) -> Iterator[tuple[str, list[int], list[int]]]:
    """Yield each pair of levels of a factor in words, with the cells of the first and the cells that match them."""
    place = {tuple(cell.levels.items()): index for index, cell in enumerate(cells)}
    for factor in cells[0].levels:
        levels = list(dict.fromkeys(cell.levels[factor] for cell in cells))
        for first, second in combinations(levels, 2):
            with_first = [cell for cell in cells if cell.levels[factor] == first]
            matched = [place[tuple({**cell.levels, factor: second}.items())] for cell in with_first]
            yield f"{factor}: {first} to {second}", [place[tuple(cell.levels.items())] for cell in with_first], matched


def _correlations(
    values: Float[np.ndarray, "measure cell member stage"], compare: CompareSettings, seed: int
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return how far each measure at each stage puts runs in the order in which they end."""
    outcome = values[MEASURES.index(OUTCOME), :, :, -1].ravel()
    groups = np.repeat(np.arange(values.shape[1]), values.shape[2])
    dims, keys = [SCOPE, MEASURE, STAGE], ("value", "low", "high", "concordance", "num_runs")
    columns = {key: np.full((len(SCOPES), len(MEASURES), len(STAGES)), np.nan) for key in keys}
    for scope, measure, stage in np.ndindex(columns["value"].shape):
        if MEASURES[measure] == OUTCOME and stage == len(STAGES) - 1:
            # The order of the outcome itself says nothing.
            continue
        found = rank_correlation(
            values[measure, :, :, stage].ravel(),
            outcome,
            groups,
            scope=("within", "across")[scope],
            confidence=compare.confidence,
            num_resamples=compare.num_resamples,
            seed=seed,
        )
        for key, column in columns.items():
            column[scope, measure, stage] = getattr(found, key)
    names = {"value": "correlation", "low": "correlation_low", "high": "correlation_high"}
    return {names.get(key, key): (dims, column) for key, column in columns.items()}
