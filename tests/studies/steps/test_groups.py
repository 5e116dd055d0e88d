import numpy as np
import pytest
from scipy.stats import binomtest, t

from modescape.studies import compare

TRUTH = np.random.default_rng(9).integers(3, size=60)


def answers(seed, right):
    generator = np.random.default_rng(seed)
    wrong = (TRUTH + generator.integers(1, 3, size=60)) % 3
    return np.where(generator.random(60) < right, TRUTH, wrong)


WEAK = {f"weak-{seed}": answers(seed, 0.6) for seed in range(3)}
STRONG = {f"strong-{seed}": answers(seed + 10, 0.8) for seed in range(4)}
ALL = [*WEAK.values(), *STRONG.values()]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Groups of three weak and four strong members."""
    run = compare(
        {**WEAK, **STRONG},
        labels=TRUTH,
        groups=["weak"] * 3 + ["strong"] * 4,
        only="groups",
        confidence=0.9,
        num_resamples=200,
        output=tmp_path_factory.mktemp("groups") / "run",
    )
    return run.arrays("results/groups").load()


def means(rows, columns, measure, *, is_within):
    return [measure(ALL[row], ALL[column]) for row in rows for column in columns if not is_within or row < column]


def differ(first, second):
    return sum(a != b for a, b in zip(first, second, strict=True)) / 60


def conditional(first, second):
    rows = [(a, b) for a, b, y in zip(first, second, TRUTH, strict=True) if a != y or b != y]
    return sum(a != b for a, b in rows) / len(rows)


def test_means_are_those_of_an_obvious_loop(found):
    places = {"weak": range(3), "strong": range(3, 7)}
    for name, measure in (("disagreement", differ), ("conditional_disagreement", conditional)):
        for first, rows in places.items():
            for second, columns in places.items():
                expected = np.mean(means(rows, columns, measure, is_within=first == second))
                cell = found[f"{name}_between"].sel(group=first, group_other=second)
                assert float(cell) == pytest.approx(expected, abs=1e-12)
            inside = found[name].sel(group=first)
            assert float(inside) == pytest.approx(np.mean(means(rows, rows, measure, is_within=True)), abs=1e-12)
    accuracy = [np.mean(row == TRUTH) for row in ALL]
    assert found["accuracy"].values.tolist() == pytest.approx([np.mean(accuracy[:3]), np.mean(accuracy[3:])])
    assert found["num_members"].values.tolist() == [3, 4]
    assert found.attrs["same_examples"]
    assert (found.attrs["num_pairs"], found.attrs["shown_pairs"], found.attrs["num_classes"]) == (21, 21, 3)


def test_the_interval_between_groups_is_the_jackknife_over_both(found):
    block = np.array([[differ(weak, strong) for strong in ALL[3:]] for weak in ALL[:3]])
    variance = 0.0
    for axis, number in ((0, 3), (1, 4)):
        left_out = [np.delete(block, index, axis=axis).mean() for index in range(number)]
        variance += (number - 1) / number * sum((mean - block.mean()) ** 2 for mean in left_out)
    half = t.ppf(0.95, 3 + 4 - 2) * np.sqrt(variance)
    cell = found.sel(group="weak", group_other="strong")
    assert float(cell["disagreement_between_low"]) == pytest.approx(block.mean() - half)
    assert float(cell["disagreement_between_high"]) == pytest.approx(block.mean() + half)
    assert cell["disagreement_over"].item() == "members"


def test_the_difference_in_accuracy_is_paired_over_examples(found):
    right = [np.mean([row == TRUTH for row in rows], axis=0) for rows in (ALL[:3], ALL[3:])]
    differences = right[1] - right[0]
    half = t.ppf(0.95, 59) * differences.std(ddof=1) / np.sqrt(60)
    cell = found.sel(group="weak", group_other="strong")
    assert float(cell["accuracy_difference"]) == pytest.approx(differences.mean())
    assert float(cell["accuracy_difference_low"]) == pytest.approx(differences.mean() - half)
    assert float(found["accuracy_difference"].sel(group="strong", group_other="weak")) == -float(
        cell["accuracy_difference"]
    )


def test_single_pairs(found):
    kinds = found["pair_group"].values.tolist()
    assert [kinds.count(kind) for kind in ("weak", "strong", "weak and strong")] == [3, 6, 12]
    for point in range(21):
        first, second = (ALL[int(found[f"pair_{word}"][point])] for word in ("first", "second"))
        assert float(found["pair_disagreement"][point]) == pytest.approx(differ(first, second))
        accuracy = (np.mean(first == TRUTH) + np.mean(second == TRUTH)) / 2
        assert float(found["pair_accuracy"][point]) == pytest.approx(accuracy)


def test_small_groups_have_intervals_over_examples(tmp_path):
    run = compare({"a": ALL[0], "b": ALL[4]}, labels=TRUTH, groups=["x", "y"], only="groups", output=tmp_path / "run")
    found = run.arrays("results/groups")
    assert np.isnan(found["disagreement"].values).all()
    assert found["accuracy_over"].values.tolist() == ["examples", "examples"]
    interval = binomtest(int((ALL[0] == TRUTH).sum()), 60).proportion_ci(0.95, method="wilson")
    assert float(found["accuracy_low"][0]) == pytest.approx(interval.low)
    cell = found.sel(group="x", group_other="y")
    assert cell["disagreement_over"].item() == "examples"
    assert float(cell["disagreement_between"]) == pytest.approx(differ(ALL[0], ALL[4]))
    # A normal interval, for the bootstrap of a fraction has nearly its width.
    share = differ(ALL[0], ALL[4])
    half = 1.96 * np.sqrt(share * (1 - share) / 60)
    assert float(cell["disagreement_between_high"]) == pytest.approx(share + half, abs=0.03)
    assert float(cell["conditional_disagreement_between"]) == pytest.approx(conditional(ALL[0], ALL[4]))


def test_one_group_is_not_compared(tmp_path):
    run = compare({"a": ALL[0], "b": ALL[4]}, labels=TRUTH, only="groups", output=tmp_path / "run")
    assert not run.has_arrays("results/groups")
