import json

import numpy as np
import pytest

from modescape.combine import COMBINATIONS, cross_fitted, fitted_combination, needs_fit
from modescape.core.errors import ArgumentError
from modescape.evaluate import fitted_temperature, nll, with_temperature
from modescape.studies.combine import combined_predictions
from studies.combined.predicted import made_run, predicted

UNFITTED = [name for name in COMBINATIONS if not needs_fit(name)]
(TEST, LABELS), (HELD, TRUTH) = predicted(1), predicted(2)
BOTH = {"validation": HELD, "validation_labels": TRUTH}


@pytest.mark.parametrize("how", ["median", "greedy", "stacking"])
def test_one_way_is_what_the_room_gives(how):
    found = combined_predictions(TEST, how=how, **BOTH, labels=LABELS, num_resamples=50, seed=4)
    expected = fitted_combination(how, HELD, TRUTH, seed=4)(TEST)
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-12)
    assert (found.how, found.temperature, [row.how for row in found.table]) == (how, 1.0, ["mean", how])
    assert (found.weights is None) == (how != "greedy")
    assert found.table[1].nll.value == pytest.approx(nll(expected, LABELS))
    assert json.loads(json.dumps(found.as_dict()))["members"] == ["members 0/0", "members 0/1", "members 0/2"]


@pytest.fixture(scope="module")
def everything():
    """All ways side by side."""
    return combined_predictions(TEST, how="all", **BOTH, labels=LABELS, num_resamples=50)


def test_the_best_way_is_chosen_by_validation_examples_alone(everything):
    # No label of a test example is known here, and the choice is the same.
    found = combined_predictions(TEST, how="best", **BOTH)
    assert found.table == ()
    assert list(found.validation_nll) == list(COMBINATIONS)
    assert found.how == everything.how == min(found.validation_nll, key=found.validation_nll.__getitem__)
    assert np.array_equal(found.probabilities, everything.probabilities)
    for how in ("median", "learned-weights", "greedy"):
        assert found.validation_nll[how] == pytest.approx(nll(cross_fitted(how, HELD, TRUTH), TRUTH))


def test_all_ways_are_scored_side_by_side(everything):
    assert [row.how for row in everything.table] == list(everything.ways) == list(COMBINATIONS)
    assert np.array_equal(everything.probabilities, everything.ways[everything.how])
    assert everything.notes == ("Gating sees the members' answers, since no inputs were given.",)
    for row in everything.table[1:]:
        assert row.nll.difference_low <= row.nll.difference <= row.nll.difference_high


def test_without_validation_ways_that_need_none_are_left():
    found = combined_predictions(TEST, how="all", labels=LABELS, num_resamples=20)
    assert ([row.how for row in found.table], found.how) == (UNFITTED, "mean")
    assert (
        "Left out, since they need validation predictions and labels: inverse-variance, signal-to-noise"
        in found.notes[0]
    )


@pytest.mark.parametrize("how", ["mean", "learned-weights"])
def test_temperature_is_fitted_on_predictions_that_were_cross_fitted(how):
    sharp, held = (one**3 / (one**3).sum(axis=2, keepdims=True) for one in (TEST, HELD))
    found = combined_predictions(sharp, how=how, validation=held, validation_labels=TRUTH, temperature=True)
    expected = fitted_temperature(cross_fitted(how, held, TRUTH), TRUTH)
    assert found.temperature == pytest.approx(expected)
    assert abs(np.log(found.temperature)) > 0.01
    plain = fitted_combination(how, held, TRUTH)(sharp)
    np.testing.assert_allclose(found.probabilities, with_temperature(plain, expected), rtol=1e-9)


def test_inputs_reach_the_gate():
    generator = np.random.default_rng(3)
    sides = []
    for _ in range(2):
        inputs, labels = generator.normal(size=(200, 1)), generator.integers(3, size=200)
        right, wrong = (0.8 * np.eye(3)[said] + 0.2 / 3 for said in (labels, generator.integers(3, size=200)))
        sides.append(
            (np.stack([np.where(inputs < 0, right, wrong), np.where(inputs < 0, wrong, right)]), labels, inputs)
        )
    (test, labels, seen), (held, truth, held_seen) = sides
    given = {"how": "gating", "validation": held, "validation_labels": truth, "labels": labels, "num_resamples": 50}
    found = combined_predictions(test, **given, inputs=seen, validation_inputs=held_seen)
    assert found.table[1].nll.difference_high < -0.1
    assert found.table[1].nll.value < combined_predictions(test, **given).table[1].nll.value - 0.1
    for missing, only in (("validation_inputs", {"inputs": seen}), ("inputs", {"validation_inputs": held_seen})):
        with pytest.raises(ArgumentError, match=f"`{missing}` must be given with the other inputs; got none"):
            combined_predictions(test, **given, **only)


def test_a_run_is_all_that_is_needed(tmp_path):
    found = combined_predictions(made_run(tmp_path / "run"), how="inverse-variance", num_resamples=20)
    assert found.weights.sum() == pytest.approx(1.0)
    assert found.table[1].how == "inverse-variance"


@pytest.mark.parametrize("how", ["mean", "stacking", "best"])
def test_validation_examples_among_the_test_examples_are_refused(how):
    with pytest.raises(
        ArgumentError, match="`validation` must be other examples than those of the test predictions; got"
    ):
        combined_predictions(TEST, how=how, validation=TEST[:, ::-1], validation_labels=LABELS[::-1])


@pytest.mark.parametrize("how", COMBINATIONS)
def test_votes_that_coincide_are_no_alarm(how):
    test, held = (np.eye(3)[one.argmax(axis=2)] for one in (TEST, HELD))
    found = combined_predictions(
        test, how=how, validation=held, validation_labels=TRUTH, labels=LABELS, num_resamples=20
    )
    assert np.isfinite(found.table[-1].nll.value)


def test_options_go_to_the_ways_that_have_them():
    plain = combined_predictions(TEST, how="trimmed-mean")
    cut = combined_predictions(TEST, how="trimmed-mean", options={"trim": 0.4})
    assert not np.array_equal(plain.probabilities, cut.probabilities)
    found = combined_predictions(TEST, how="all", options={"trim": 0.4})
    assert np.array_equal(found.ways["trimmed-mean"], cut.probabilities)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"how": "average"}, "`how` must be one of mean, mean-logits, .*, greedy, all, best; got 'average'"),
        ({"kind": "odds"}, "`kind` must be one of auto, probabilities, logits, labels; got 'odds'"),
        ({"confidence": 1.0}, "`confidence` must lie strictly between 0 and 1; got 1.0"),
        (
            {"how": "stacking"},
            "`validation` must be given for stacking, which is fitted on it; got none. Pass it; these need",
        ),
        ({"how": "best"}, "`validation` must be given for best, which is chosen by it; got none"),
        ({"temperature": True}, "`validation` must be given for a temperature, which is fitted on it; got none"),
        ({"how": "all", "temperature": True}, "`validation` must be given for a temperature"),
        ({"how": "greedy", "validation": HELD}, "`validation_labels` must be given for greedy, which is fitted on it"),
        ({"options": {"trim": 0.1}}, "`option` must be one of: none; got 'trim'"),
        ({"how": "median", "options": {"rounds": 3}}, "`option` must be one of: none; got 'rounds'"),
        (
            {"how": "greedy", **BOTH, "options": {"trim": 0.1}},
            "`option` must be one of: score of greedy, rounds of greedy",
        ),
        ({"labels": LABELS, "num_resamples": 0}, "`num_resamples` must be at least 1; got 0"),
        ({"how": "best", "validation": HELD[:, :1], "validation_labels": TRUTH[:1]}, "hold at least two examples"),
    ],
)
def test_refuses_in_one_line(given, message):
    with pytest.raises(ArgumentError, match=message):
        combined_predictions(TEST, **given)
