"""The choice of one method and size."""

import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.evaluate import (
    Price,
    bootstrap_weights,
    fitted_temperature,
    frontier,
    nll,
    recommended,
    with_temperature,
)
from modescape.evaluate.scores import nll_per_example

OPTIONS = {"num_resamples": 60, "confidence": 0.8, "seed": 4}
PRICES = {
    ("independent", 1): Price(1.0, 1.0, 100),
    ("independent", 2): Price(2.0, 2.0, 200),
    ("independent", 5): Price(5.0, 5.0, 500),
    ("swag", 5): Price(5.04, 30.0, 100),
    ("mimo", 2): Price(1.98, 1.0, 110),
}


@pytest.fixture(scope="module")
def data(make_members):
    """Validation predictions and labels, and the frontier on test examples: five members are best, MIMO is like two."""
    members, labels = make_members(1, num_members=8, num_examples=400)
    arrays = {
        ("independent", 1): members[0],
        ("independent", 2): members[:2].mean(axis=0),
        ("independent", 5): members[:5].mean(axis=0),
        ("swag", 5): 0.5 * members[0] + 0.5 * members[5],
        ("mimo", 2): 0.97 * members[:2].mean(axis=0) + 0.03 / 3,
    }
    validation, test = ({entry: rows[part] for entry, rows in arrays.items()} for part in (slice(200), slice(200, 400)))
    measured = frontier(
        test, labels[200:], validation=validation, validation_labels=labels[:200], num_resamples=60, seed=0
    )
    return measured, validation, labels[:200]


def losses(data, entry):
    _, validation, labels = data
    return nll_per_example(with_temperature(validation[entry], fitted_temperature(validation[entry], labels)), labels)


def obvious_level(data):
    """Return the best entry and those that are worse by at most one standard error of the paired difference."""
    best = min(PRICES, key=lambda entry: losses(data, entry).mean())
    rows = [np.repeat(np.arange(200), row.astype(int)) for row in bootstrap_weights(200, num_resamples=60, seed=4)]
    level = []
    for entry in PRICES:
        apart = losses(data, entry) - losses(data, best)
        if apart.mean() <= np.std([apart[some].mean() for some in rows], ddof=1):
            level.append(entry)
    return best, tuple(level)


def test_the_cheapest_within_one_standard_error_of_the_best_is_chosen(data):
    best, level = obvious_level(data)
    found = recommended(*data, PRICES, **OPTIONS)
    assert (found.best, set(found.level)) == (best, set(level))
    assert best == ("independent", 5)
    assert (found.method, found.size) == min(
        level, key=lambda entry: (round(PRICES[entry].training, 1), PRICES[entry].prediction)
    )
    assert ("independent", 1) not in level


def test_training_counts_to_a_tenth_then_passes_then_parameters(data):
    measured, validation, labels = data
    same = dict.fromkeys(validation, validation["independent", 5])
    prices = {**PRICES, ("independent", 1): Price(9.0, 1.0, 1)}
    assert recommended(measured, same, labels, prices, **OPTIONS).method == "mimo"
    prices["mimo", 2] = Price(2.04, 2.0, 199)
    assert recommended(measured, same, labels, prices, **OPTIONS).method == "mimo"
    prices["mimo", 2] = Price(2.04, 2.0, 201)
    assert recommended(measured, same, labels, prices, **OPTIONS).method == "independent"
    prices["mimo", 2] = Price(2.06, 1.0, 1)
    assert recommended(measured, same, labels, prices, **OPTIONS).method == "independent"


def test_a_choice_by_net_value_weighs_costs(data):
    values = {entry: losses(data, entry).mean() for entry in PRICES}
    for cost, worth in ((0.0, 1.0), (1.0, 0.05), (1.0, 0.5), (1.0, 100.0)):
        found = recommended(*data, PRICES, cost_per_member=cost, worth=worth, **OPTIONS)
        net = {entry: -worth * values[entry] / 0.01 - cost * PRICES[entry].training for entry in PRICES}
        assert (found.method, found.size) == max(net, key=net.get)
        first, second = sorted(net.values())[-1:-3:-1]
        assert f"it leads by {first - second:.3g} [" in found.reasons[1]
    dear = recommended(*data, PRICES, cost_per_member=1e6, worth=1.0, **OPTIONS)
    assert (dear.method, dear.size, dear.level) == ("independent", 1, (("independent", 1),))
    assert "more than chance explains" in dear.reasons[1]


def test_an_accuracy_is_better_when_higher(data):
    found = recommended(*data, PRICES, metric="accuracy", cost_per_member=0.0, worth=1.0, **OPTIONS)
    _, validation, labels = data
    right = {entry: (rows.argmax(axis=1) == labels).mean() for entry, rows in validation.items()}
    assert right[found.method, found.size] == max(right.values())
    assert "scaled by its temperature" not in found.reasons[0]


def test_limits_leave_candidates_out(data):
    found = recommended(*data, PRICES, max_training=2, max_prediction=1.5, max_parameters=150, **OPTIONS)
    assert set(found.level) <= {("independent", 1), ("mimo", 2)}
    assert "among the 2 of 5 candidates within the limits (at most 2 trainings of one network and" in found.reasons[0]
    with pytest.raises(
        ArgumentError, match=r"`max_training` must leave a candidate.*got 0\.5\. The least .* training 1\."
    ):
        recommended(*data, PRICES, max_training=0.5, **OPTIONS)


def test_sentences_tell_test_numbers_of_scaled_probabilities(data):
    measured, *_ = data
    found = recommended(*data, PRICES, titles={"mimo": "MIMO", "independent": "members"}, **OPTIONS)
    place = (1, measured.methods.index(found.method), measured.sizes.tolist().index(found.size))
    value, low, high = (getattr(measured, name)[place][1] for name in ("value", "low", "high"))
    title = {"mimo": "MIMO", "independent": "members"}[found.method]
    assert found.sentence.startswith(
        f"Take {title} (size {found.size}), the cheapest within one standard error of the best"
    )
    assert f"NLL {value:.4f} nats [{low:.4f}, {high:.4f}] on test examples." in found.sentence
    text = " ".join(found.reasons)
    assert f"On 200 test examples: accuracy {100 * measured.value[place][0]:.2f} % [" in text
    assert "AUROC" not in text
    assert "Against one network (members, size 1), on the same test examples: accuracy" in text
    assert "The best of 5 on validation examples is partly a lucky one" in found.reasons[-1]


def test_the_best_is_named_where_another_is_recommended(data):
    measured, validation, labels = data
    right = validation["independent", 5].argmax(axis=1) == labels
    changed = [*np.flatnonzero(right)[:5], *np.flatnonzero(~right)[:3]]
    other = validation["independent", 5].copy()
    other[changed] = np.eye(3)[np.where(right, (labels + 1) % 3, labels)[changed]]
    same = {("independent", 5): validation["independent", 5], ("mimo", 2): other}
    found = recommended(measured, same, labels, PRICES, metric="accuracy", **OPTIONS)
    assert (found.method, found.best) == ("mimo", ("independent", 5))
    assert (
        "is that of independent (size 5); the recommended one differs by -1.00 percentage points [" in found.reasons[1]
    )
    assert "takes 1.98 trainings instead of 5 and 1 passes in a prediction instead of 5" in found.reasons[1]
    assert "Also within one standard error of the best value: independent (size 5)." in found.reasons[2]


def test_one_candidate_is_taken(data):
    measured, validation, labels = data
    one = {("independent", 5): validation["independent", 5]}
    for options, words in (
        ({}, "It has the best value itself"),
        ({"cost_per_member": 1.0, "worth": 2.0}, "the only candidate"),
    ):
        found = recommended(measured, one, labels, PRICES, **options, **OPTIONS)
        assert (found.method, found.size) == ("independent", 5)
        assert words in found.reasons[1]
        assert found.reasons[2].startswith("On 200 test examples")
        assert not any("Against independent of the same size" in reason for reason in found.reasons)
    assert nll(one["independent", 5], labels) > 0


def test_wrong_input_is_refused(data):
    measured, validation, labels = data
    some = {("swag", 5): validation["swag", 5]}
    cases = [
        ((measured, validation, labels, PRICES), {"metric": "ece"}, "`metric` must be one of accuracy, nll, brier"),
        ((measured, validation, labels, PRICES), {"worth": 1.0}, "`cost_per_member` must be given with the other"),
        ((measured, validation, labels, PRICES), {"cost_per_member": 1.0}, "`worth` must be given with the other"),
        (
            (measured, validation, labels, PRICES),
            {"cost_per_member": -1.0, "worth": 1.0},
            "`cost_per_member` must be at",
        ),
        ((measured, {}, labels, PRICES), {}, "`validation` must hold at least one candidate; got none"),
        ((measured, some, labels, {}), {}, "`prices` must hold every candidate; got none for swag of size 5"),
        (
            (measured, {("swa", 1): some["swag", 5]}, labels, {("swa", 1): Price(1, 1, 1)}),
            {},
            "`measured` must hold test",
        ),
        (
            (measured, {**some, ("mimo", 2): some["swag", 5][:9]}, labels, PRICES),
            {},
            r"`validation\[mimo, 2\]` must have",
        ),
        ((measured, some, labels[:9], PRICES), {}, "`validation_labels` must hold one class index for each of the 200"),
    ]
    for arguments, options, message in cases:
        with pytest.raises(ArgumentError, match=message):
            recommended(*arguments, **{**OPTIONS, **options})
