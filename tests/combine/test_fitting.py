"""Ways by name: the same contract for all."""

import inspect
import pickle

import numpy as np
import pytest

from combine.samples import informed, members, truth
from modescape.combine import (
    COMBINATIONS,
    checked_validation,
    cross_fitted,
    fitted_combination,
    needs_fit,
    stratified_folds,
    way_options,
)
from modescape.core.errors import ArgumentError

FITTED = [name for name in COMBINATIONS if needs_fit(name)]
UNFITTED = [name for name in COMBINATIONS if not needs_fit(name)]


@pytest.fixture(scope="module")
def halves():
    """Validation members and labels, and those of test examples."""
    probabilities, labels = informed(1, [1.0, 2.0, 1.5], examples=120)
    return probabilities[:, :60], labels[:60], probabilities[:, 60:], labels[60:]


def test_all_ways_are_there_and_say_what_they_need():
    assert list(COMBINATIONS) == [*UNFITTED, *FITTED]
    assert UNFITTED == ["mean", "mean-logits", "median", "mode", "trimmed-mean"]
    expected = ["inverse-variance", "signal-to-noise", "learned-weights", "stacking", "gating", "greedy"]
    assert expected == FITTED
    assert all(way.name == name and way.title and way.__doc__ for name, way in COMBINATIONS.items())


@pytest.mark.parametrize("name", list(COMBINATIONS))
def test_every_way_gives_distributions_again_and_again(name, halves):
    held, labels, test, _ = halves
    combination = fitted_combination(name, validation=held, validation_labels=labels, seed=3)
    found = combination(test)
    assert found.shape == test.shape[1:]
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    assert found.min() >= 0.0
    again = pickle.loads(pickle.dumps(fitted_combination(name, held, labels, seed=3)))  # noqa: S301
    assert np.array_equal(again(test), found)
    assert np.array_equal(
        combination(test.astype(np.float32)[:, :7]), combination.predict(test.astype(np.float32)[:, :7])
    )


@pytest.mark.parametrize("name", list(COMBINATIONS))
def test_no_fit_takes_a_label_of_another_example(name):
    fits = getattr(COMBINATIONS[name], "fit", None)
    words = set(inspect.signature(fitted_combination).parameters)
    assert words == {"name", "validation", "validation_labels", "inputs", "seed", "options"}
    assert fits is None or set(inspect.signature(fits).parameters) == {"self", "validation", "seed"}
    assert set(inspect.signature(type(fitted_combination("mean")).__call__).parameters) == {"self", "members", "inputs"}


@pytest.mark.parametrize("name", FITTED)
def test_what_is_fitted_refuses_its_own_examples_but_serves_them(name, halves):
    held, labels, test, _ = halves
    combination = fitted_combination(name, held, labels)
    message = f"`members` must be of other examples than those that {name} was fitted on; got 60 examples, most of them"
    with pytest.raises(ArgumentError, match=message):
        combination(held)
    with pytest.raises(ArgumentError, match="Score it on examples that it has not seen"):
        combination(np.concatenate([test, held], axis=1))
    assert combination.predict(held).shape == held.shape[1:]


@pytest.mark.parametrize("name", UNFITTED)
def test_what_needs_no_fit_takes_all_examples(name, halves):
    held, labels, _, _ = halves
    assert fitted_combination(name)(held).shape == held.shape[1:]
    assert fitted_combination(name, held, labels)(held).shape == held.shape[1:]
    assert fitted_combination(name).fitted_on is None


@pytest.mark.parametrize("name", FITTED)
def test_what_needs_a_fit_says_so(name, halves):
    message = (
        f"`validation` must be given for {name}, which is fitted on it; got none. Pass it, or choose one that needs"
    )
    with pytest.raises(ArgumentError, match=message + " none: mean, mean-logits, median, mode, trimmed-mean"):
        fitted_combination(name)
    with pytest.raises(ArgumentError, match="`validation_labels` must be given for"):
        fitted_combination(name, halves[0])


def test_weights_are_known_where_there_is_one_a_member(halves):
    held, labels, _, _ = halves
    known = {name for name in COMBINATIONS if fitted_combination(name, held, labels).weights is not None}
    assert known == {"inverse-variance", "signal-to-noise", "learned-weights", "greedy"}


def test_options_reach_the_way(halves):
    held, labels, test, _ = halves
    assert way_options("greedy") == {"score": "nll", "rounds": 100, "initial": 1, "bags": 0, "share": 0.5}
    assert np.count_nonzero(fitted_combination("greedy", held, labels, rounds=1).weights) == 1
    cut, whole = (fitted_combination("trimmed-mean", trim=trim)(test) for trim in (0.4, 0.0))
    np.testing.assert_allclose(whole, fitted_combination("mean")(test), rtol=1e-12)
    np.testing.assert_allclose(cut, fitted_combination("median")(test), rtol=1e-12)
    assert fitted_combination("stacking", held, labels, regularisation=1).rule.regularisation == 1


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("average", {}, "`how` must be one of mean, mean-logits, median, mode, trimmed-mean, inverse-variance"),
        ("mean", {"trim": 0.1}, "`option` must be an option of mean, which has none; got 'trim'"),
        ("greedy", {"trim": 0.1}, "be an option of greedy, which has score, rounds, initial, bags, share; got 'trim'"),
        ("greedy", {"rounds": 2.5}, "`rounds` must be a whole number; got 2.5. greedy has 100 by default"),
        ("trimmed-mean", {"trim": "a"}, "`trim` must be a number; got 'a'. trimmed-mean has 0.2 by default"),
        ("mode", {"ties": 3}, "`ties` must be a word; got 3. mode has 'mean' by default"),
        ("greedy", {"bags": True}, "`bags` must be a whole number; got True"),
    ],
)
def test_refuses_unknown_ways_and_options(name, options, message):
    with pytest.raises(ArgumentError, match=message):
        fitted_combination(name, **options)


@pytest.mark.parametrize(
    ("held", "labels", "inputs", "message"),
    [
        (
            np.full((2, 3, 2), 0.5),
            [0, 1],
            None,
            "`validation_labels` must hold one class index for each of the 3 examples",
        ),
        (np.full((2, 3, 2), 0.5), [0, 1, 2], None, r"`validation_labels` must lie in \[0, 2\), one of the 2 classes"),
        (np.full((2, 3, 2), 0.7), [0, 1, 0], None, "`validation` must be at least 0 and sum to 1 over classes"),
        (
            np.full((2, 0, 2), 0.5),
            [],
            None,
            r"`validation` must have the shape \(member, example, class\) with at least",
        ),
        (np.full((3, 2), 0.5), [0, 1, 0], None, r"`validation` must have the shape \(member, example, class\)"),
        (np.full((2, 3, 2), np.nan), [0, 1, 0], None, "look for NaN in that member"),
        (np.full((2, 3, 2), 0.5), [0, 1, 0], np.ones(2), "`inputs of validation` must have an entry for each of the 3"),
        (np.full((2, 3, 2), 0.5), [0, 1, 0], np.array(["a"] * 3), "`inputs of validation` must be numbers; got dtype"),
        (np.full((2, 3, 2), 0.5), [0, 1, 0], np.array([[1.0], [np.inf], [0]]), r"must be finite; got inf at \(1, 0\)"),
    ],
)
def test_refuses_validation_that_does_not_fit_together(held, labels, inputs, message):
    with pytest.raises(ArgumentError, match=message):
        fitted_combination("learned-weights", held, np.asarray(labels, dtype=int), inputs=inputs)


def test_refuses_other_members_and_classes(halves):
    held, labels, test, _ = halves
    combination = fitted_combination("inverse-variance", held, labels)
    rule = "`members` must be those of the 3 members and 3 classes that were fitted; got"
    with pytest.raises(ArgumentError, match=f"{rule} 2 members and 3 classes"):
        combination(test[:2])
    with pytest.raises(ArgumentError, match=f"{rule} 3 members and 4 classes"):
        combination(members(2, 3, 5, 4))


@pytest.mark.parametrize("name", FITTED)
def test_cross_fitting_never_predicts_with_what_has_seen_the_example(name):
    probabilities, labels = informed(4, [1.0, 0.5], examples=30)
    found = cross_fitted(name, probabilities, labels, num_folds=3, seed=2)
    rest, fold = list(stratified_folds(labels, num_folds=3, seed=2))[1]
    slow = fitted_combination(name, probabilities[:, rest], labels[rest], seed=2).predict(probabilities[:, fold])
    np.testing.assert_allclose(found[fold], slow, rtol=1e-9)


def test_cross_fitting_shows_the_optimism_of_a_fit():
    noise, labels = members(5, 8, 60), truth(5, 60)
    combination = fitted_combination("greedy", noise, labels, score="accuracy")
    seen = (combination.predict(noise).argmax(axis=1) == labels).mean()
    honest = (cross_fitted("greedy", noise, labels, score="accuracy").argmax(axis=1) == labels).mean()
    assert seen > honest + 0.05


@pytest.mark.parametrize("name", UNFITTED)
def test_cross_fitting_what_needs_no_fit_is_the_way_itself(name):
    probabilities, labels = members(6), truth(6)
    assert np.array_equal(cross_fitted(name, probabilities, labels), fitted_combination(name)(probabilities))


def test_validation_examples_are_chosen_together():
    probabilities, labels = members(7), truth(7)
    chosen = np.array([5, 2])
    held = checked_validation(probabilities, labels, np.arange(40)).subset(chosen)
    assert np.array_equal(held.members, probabilities[:, chosen])
    assert (held.labels.tolist(), held.inputs.tolist()) == (labels[chosen].tolist(), [5, 2])
    assert checked_validation(probabilities, labels).subset(chosen).inputs is None
