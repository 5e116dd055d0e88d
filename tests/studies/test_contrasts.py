from itertools import product

import numpy as np
import pytest
from scipy import stats

from modescape.studies.contrasts import MEASURES, MeasuredCell, side_by_side
from modescape.studies.sections import CompareSettings

FACTORS = {"data": ["mnist", "cifar10"], "width": ["0.25", "0.5", "1"]}
COMPARE = CompareSettings(confidence=0.8, num_resamples=100)
MEMBERS = 4
ACCURACY, SHARPNESS = MEASURES.index("test_accuracy"), MEASURES.index("sharpness")


def measured(seed=0):
    """Six cells of numbers drawn at random."""
    generator, cells = np.random.default_rng(seed), []
    for levels in product(*FACTORS.values()):
        matrices = generator.random((2, MEMBERS, MEMBERS))
        matrices += matrices.swapaxes(1, 2)
        named = dict(zip(FACTORS, levels, strict=True))
        cells.append(MeasuredCell(", ".join(levels), named, generator.random((len(MEASURES), MEMBERS, 3)), *matrices))
    return cells


@pytest.fixture(scope="module")
def found():
    return side_by_side(measured(), COMPARE, seed=1)


def test_means_over_members_have_the_interval_of_student(found):
    values = measured()[4].values[SHARPNESS, :, 1]
    ends = stats.ttest_1samp(values, 0.0).confidence_interval(0.8)
    chosen = found.sel(cell="cifar10, 0.5", measure="sharpness", stage="middle")
    assert float(chosen["mean"]) == pytest.approx(values.mean())
    assert (float(chosen["low"]), float(chosen["high"])) == pytest.approx((ends.low, ends.high))
    np.testing.assert_array_equal(chosen["value"], values)


def test_every_two_levels_are_compared_over_matched_cells_and_members(found):
    assert found["contrast"].values.tolist() == [
        "data: mnist to cifar10",
        "width: 0.25 to 0.5",
        "width: 0.25 to 1",
        "width: 0.5 to 1",
    ]
    cells = {cell.label: cell.values[SHARPNESS, :, 2] for cell in measured()}
    first = np.concatenate([cells["mnist, 0.25"], cells["cifar10, 0.25"]])
    second = np.concatenate([cells["mnist, 1"], cells["cifar10, 1"]])
    ends = stats.ttest_rel(second, first).confidence_interval(0.8)
    chosen = found.sel(measure="sharpness", contrast="width: 0.25 to 1", stage="late")
    assert float(chosen["effect"]) == pytest.approx(np.mean(second - first))
    assert (float(chosen["effect_low"]), float(chosen["effect_high"])) == pytest.approx((ends.low, ends.high))
    assert (found["num_pairs"].sel(contrast="data: mnist to cifar10") == 12).all()


def test_correlations_are_with_the_accuracy_at_the_end(found):
    values = np.stack([cell.values for cell in measured()], axis=1)
    early, end = values[SHARPNESS, :, :, 0], values[ACCURACY, :, :, 2]
    chosen = found.sel(measure="sharpness", stage="early")
    across = chosen.sel(scope="across cells")
    assert float(across["correlation"]) == pytest.approx(stats.spearmanr(early.ravel(), end.ravel()).statistic)
    assert float(across["num_runs"]) == 24
    assert across["correlation_low"] <= across["correlation"] <= across["correlation_high"]
    ranks = [stats.rankdata(numbers, axis=1).ravel() for numbers in (early, end)]
    within = chosen.sel(scope="within cells")
    assert float(within["correlation"]) == pytest.approx(stats.pearsonr(*ranks).statistic)


def test_the_accuracy_at_the_end_is_not_correlated_with_itself(found):
    chosen = found.sel(measure="test_accuracy")
    assert np.isnan(chosen["correlation"].sel(stage="late")).all()
    assert np.isfinite(chosen["correlation"].sel(stage=["early", "middle"])).all()


def test_what_is_between_members_has_the_interval_of_the_jackknife(found):
    matrix = measured()[2].disagreements
    expected = np.mean(matrix[np.triu_indices(MEMBERS, 1)])
    chosen = found.sel(cell="mnist, 1")
    assert float(chosen["disagreement"]) == pytest.approx(expected)
    assert chosen["disagreement_low"] < expected < chosen["disagreement_high"]
    distances = measured()[2].distances
    assert float(chosen["mean_distance_ratio"]) == pytest.approx(np.mean(distances[np.triu_indices(MEMBERS, 1)]))


def test_members_that_diverged_are_not_counted():
    cells = measured()
    cells[1].values[:, 2] = np.nan
    cells[1].disagreements[2] = cells[1].disagreements[:, 2] = np.nan
    found = side_by_side(cells, COMPARE, seed=1)
    assert found["num_members"].values.tolist() == [4, 3, 4, 4, 4, 4]
    rest = np.delete(cells[1].values[SHARPNESS, :, 0], 2)
    assert float(found["mean"].sel(cell="mnist, 0.5", measure="sharpness", stage="early")) == pytest.approx(rest.mean())
    assert (found["num_pairs"].sel(contrast="width: 0.5 to 1") == 7).all()
    assert (found["num_pairs"].sel(contrast="width: 0.25 to 1") == 8).all()
    assert np.isfinite(found["disagreement"]).all()
    late = {"measure": "test_accuracy", "stage": "late"}
    assert (found["num_runs"].drop_sel(measure="test_accuracy") == 23).all(), late
