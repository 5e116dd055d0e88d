import numpy as np
import pytest

from modescape.report.figures import drawn, minima, minima_distances
from report import landscape_samples as samples


def compute(dataset):
    return minima.compute({"minima": dataset})


def test_depth_and_accuracy_stand_over_the_width_with_whiskers():
    dataset = samples.minima(3)
    depth, accuracy = compute(dataset).panels
    for index, (group, line) in enumerate(zip(depth.groups, depth.lines, strict=True)):
        assert (group.name, group.series) == (line.legend, line.series) == (f"member {index}", index)
        assert (group.x[0], group.y[0]) == (dataset.width[index], dataset.depth[index])
        assert line.x.tolist() == [dataset.width_low[index], dataset.width_high[index]]
        assert line.y.tolist() == [group.y[0]] * 2
    assert accuracy.groups[1].y[0] == pytest.approx(100 * float(dataset.accuracy[1]))
    assert len(compute(dataset).legend) == 3
    low, high = depth.x_range
    assert low < float(dataset.width_low.min()) < float(dataset.width_high.max()) < high
    assert compute(samples.minima(1).drop_vars(["width_low", "width_high"])).panels[0].x_range is None


def test_many_members_are_one_group_with_names():
    panel = compute(samples.minima(9)).panels[0]
    [group] = panel.groups
    assert group.texts[4] == "member 4"
    assert {(line.series, line.legend) for line in panel.lines} == {(None, "95 % interval")}


def test_widths_without_an_interval_have_no_whisker():
    dataset = samples.minima(3)
    dataset["width_low"] = dataset.width_low.where(dataset.member != 1)
    assert len(compute(dataset).panels[0].lines) == 2
    assert compute(dataset.drop_vars("width_high")).panels[0].lines == ()


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((-0.9, -1.0, -0.2), "wider minima are deeper"),
        ((0.9, 0.2, 1.0), "wider minima are less deep"),
        ((0.3, -0.2, 0.8), "no evidence that depth and width go together"),
        ((0.3, np.nan, np.nan), "no evidence that depth and width go together"),
    ],
)
def test_the_rank_correlation_is_told_with_its_interval(ends, words):
    attrs = dict(zip(("spearman", "spearman_low", "spearman_high"), ends, strict=True))
    [told] = compute(samples.minima().assign_attrs(attrs)).found
    assert told.endswith(f"; {words}.")
    assert f"over 5 members: {ends[0]:+.2f}" in told
    assert ("95 % interval" in told) == np.isfinite(ends[1])


def test_without_a_rank_correlation_nothing_is_told():
    assert compute(samples.minima().drop_attrs()).found == ()


def test_distances_are_held_against_chance():
    dataset = samples.minima(4)
    drawing = minima_distances.compute({"minima": dataset})
    [matrix] = drawing.panels
    assert np.isnan(np.diag(matrix.values)).all()
    assert matrix.values[0, 2] == float(dataset.distance_ratio[0, 2])
    low, high = matrix.color_range
    assert high - low >= 0.05
    assert [detail.label for detail in matrix.details] == [
        "distance / expected by chance",
        "distance",
        "expected by chance",
    ]
    assert matrix.details[1].values[1, 3] == float(dataset.distance[1, 3])


def test_what_chance_allows_and_how_far_members_moved_is_told():
    dataset = samples.minima(4)
    first, chance, moved = minima_distances.compute({"minima": dataset}).found
    pairs = dataset.distance_ratio.values[np.triu_indices(4, 1)]
    assert first == (
        f"Members are {pairs.min():.3f} to {pairs.max():.3f} times as far apart as independent vectors of their "
        "lengths."
    )
    assert chance == "Chance alone with 19,466 weights keeps 95 of 100 such ratios within 0.9928 and 1.0072."
    start = dataset.distance_from_start.values
    assert moved.startswith(f"They have moved {start.min():.2f} to {start.max():.2f} from where they began, and lie ")
    bare = dataset.drop_vars(["distance_from_start", "distance"]).drop_attrs()
    assert len(minima_distances.compute({"minima": bare}).found) == 1


def test_what_chance_allows_is_what_independent_vectors_do():
    """Of ratios of independent vectors of equal length, 95 of 100 lie within the band that is told."""
    generator, number = np.random.default_rng(0), 400
    first, second = generator.normal(size=(2, 2000, number))
    first, second = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (first, second))
    ratio = np.linalg.norm(first - second, axis=1) / np.sqrt(2)
    dataset = samples.minima(2).assign_attrs(num_params=number, cosine_deviation=number**-0.5)
    told = minima_distances.compute({"minima": dataset}).found[1]
    low, high = (float(word) for word in (told.split("within ")[1].rstrip(".").split(" and ")))
    assert np.mean((ratio > low) & (ratio < high)) == pytest.approx(0.95, abs=0.015)


def test_one_member_has_no_distances():
    drawings, left_out = drawn((minima.FIGURE, minima_distances.FIGURE), {"minima": samples.minima(1)})
    assert [drawing.name for drawing in drawings] == ["minima"]
    assert left_out[0].reason == "needs at least 2 members"
