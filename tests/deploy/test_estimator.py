import pickle
import unittest
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from deploy.ensembles import tiny_mlp
from modescape.core.errors import ArgumentError, ModelError
from modescape.deploy import EnsembleClassifier, Uncertainty, save_predictor
from modescape.deploy.tables import validation_rows
from modescape.evaluate import entropy, fitted_temperature, nll, with_temperature
from modescape.methods import Independent

X, CODES = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
Y = NAMES[CODES]


def quick(n_members: int = 2, **options) -> EnsembleClassifier:
    """Return an estimator that is trained in a fraction of a second."""
    chosen = {
        "model_options": {"hidden": [8], "dropout": 0.0},
        "epochs": 8,
        "batch_size": 32,
        "learning_rate": 0.03,
        "device": "cpu",
        "random_state": 0,
        **options,
    }
    return EnsembleClassifier(n_members, **chosen)


@parametrize_with_checks([quick(epochs=6, learning_rate=0.1)])
def test_it_passes_all_checks_of_scikit_learn(estimator, check):
    try:
        check(estimator)
    except unittest.SkipTest as skipped:
        pytest.skip(str(skipped))


@pytest.fixture(scope="module")
def fitted() -> EnsembleClassifier:
    return quick(3, validation_fraction=0.3).fit(X, Y)


def test_labels_of_any_type_come_back(fitted):
    assert fitted.classes_.tolist() == NAMES.tolist()
    assert fitted.score(X, Y) > 0.9
    for labels in (CODES * 2.0, CODES > 0, Y.astype(object), CODES.astype(np.int8) - 5):
        assert quick(1).fit(X, labels).predict(X).dtype == labels.dtype


def test_probabilities_are_the_mean_at_a_temperature_fitted_on_examples_kept_from_training(fitted):
    members = fitted.member_probabilities(X)
    assert members.shape == (3, 150, 3)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    kept = validation_rows(CODES, 0.3, seed=seed)
    assert fitted.n_validation_ == kept.sum() == 45
    temperature = fitted_temperature(members[:, kept].mean(axis=0), CODES[kept])
    assert fitted.temperature_ == pytest.approx(temperature, rel=1e-4)
    expected = with_temperature(members.mean(axis=0), fitted.temperature_)
    np.testing.assert_allclose(fitted.predict_proba(X), expected, rtol=1e-9, atol=1e-12)
    assert nll(fitted.predict_proba(X)[kept], CODES[kept]) <= nll(members.mean(axis=0)[kept], CODES[kept])


def test_uncertainty_adds_up_and_votes_are_shares(fitted):
    found = fitted.predict_uncertainty(X)
    assert isinstance(found, Uncertainty)
    np.testing.assert_allclose(found.total, entropy(fitted.predict_proba(X)), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.total, found.aleatoric + found.epistemic, atol=1e-9)
    decisions = fitted.member_probabilities(X).argmax(axis=2)
    expected = np.stack([(decisions == label).mean(axis=0) for label in range(3)], axis=1)
    np.testing.assert_allclose(fitted.votes(X), expected, atol=1e-6)


def test_without_validation_examples_there_is_no_temperature():
    bare = quick(2, validation_fraction=0).fit(X, Y)
    assert (bare.temperature_, bare.n_validation_) == (1.0, 0)
    np.testing.assert_allclose(bare.predict_proba(X), bare.member_probabilities(X).mean(axis=0), rtol=1e-9)


def test_warm_start_adds_the_members_that_training_all_at_once_gives():
    whole = quick(4).fit(X, Y)
    grown = quick(1, warm_start=True).fit(X, Y)
    kept = grown.members_[0]
    for number in (3, 4):
        grown.set_params(n_members=number).fit(X, Y)
        assert len(grown.members_) == number
    assert all(tensor is kept[name] for name, tensor in grown.members_[0].items())
    np.testing.assert_array_equal(grown.predict_proba(X), whole.predict_proba(X))
    assert grown.temperature_ == whole.temperature_


def test_warm_start_goes_on_after_pickling_and_without_a_seed():
    first = quick(1, warm_start=True, random_state=None).fit(X, Y)
    again = pickle.loads(pickle.dumps(first)).set_params(n_members=2).fit(X, Y)  # noqa: S301
    torch.testing.assert_close(again.members_[0], first.members_[0], rtol=0, atol=0)
    assert len(again.members_) == 2


def test_warm_start_refuses_what_it_cannot_go_on_from():
    grown = quick(2, warm_start=True).fit(X, Y)
    with pytest.raises(ArgumentError, match="`n_members` must be at least 2, the number of members that are kept"):
        clone_of(grown).set_params(n_members=1).fit(X, Y)
    for changed, labels in (({"epochs": 9}, Y), ({}, Y[::-1])):
        with pytest.raises(
            ArgumentError, match="be False unless data and options are those of the last fit; got others"
        ):
            clone_of(grown).set_params(**changed).fit(X, labels)


def clone_of(estimator):
    return pickle.loads(pickle.dumps(estimator))  # noqa: S301


def test_a_cold_start_forgets(fitted):
    again = clone_of(fitted).set_params(n_members=1).fit(X, Y)
    assert len(again.members_) == 1


def test_it_pickles_and_clones(fitted):
    np.testing.assert_array_equal(clone_of(fitted).predict_proba(X), fitted.predict_proba(X))
    copied = clone(fitted)
    with pytest.raises(NotFittedError):
        copied.predict(X)
    np.testing.assert_array_equal(copied.fit(X, Y).predict_proba(X), fitted.predict_proba(X))


def test_it_works_in_a_pipeline_and_a_search():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), quick(1, scaling="unit", epochs=4)),
        {"ensembleclassifier__n_members": [1, 2], "ensembleclassifier__learning_rate": np.array([0.01, 0.05])},
        cv=2,
        scoring="neg_log_loss",
    )
    search.fit(X, Y)
    assert search.best_estimator_.predict(X[:3]).shape == (3,)
    assert search.cv_results_["mean_test_score"].shape == (4,)


def test_the_module_answers_as_the_estimator(fitted, tmp_path):
    made = fitted.to_predictor()
    assert made.classes == tuple(NAMES)
    answers = made(torch.tensor(X, dtype=torch.float32))
    np.testing.assert_allclose(answers["probabilities"], fitted.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(answers["epistemic_uncertainty"], fitted.predict_uncertainty(X).epistemic, atol=1e-5)
    assert save_predictor(made, tmp_path / "iris.pt2").exists()


def test_members_are_combined_as_asked(fitted):
    learned = clone(fitted).set_params(combination="learned-weights").fit(X, Y)
    assert learned.to_predictor().member_weights.sum().item() == pytest.approx(1.0)
    middle = clone(fitted).set_params(combination="median").fit(X, Y)
    assert middle.score(X, Y) > 0.9
    np.testing.assert_allclose(middle.member_probabilities(X), fitted.member_probabilities(X))
    assert not np.allclose(middle.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
    with pytest.raises(ArgumentError, match="`combination` must give each member one weight"):
        middle.to_predictor()
    assert len(pickle.dumps(middle)) > 0


def test_images_go_to_networks_that_take_them():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 128, (40, 1, 8, 8)).astype(np.uint8)
    labels = np.repeat(["dark", "light"], 20)
    images[20:] += 100
    classifier = quick(2, model="small-cnn", model_options={"width": 0.25}, scaling="unit", epochs=10).fit(
        images, labels
    )
    assert classifier.score(images, labels) > 0.9
    assert classifier.to_predictor().input_dtype == torch.uint8
    np.testing.assert_allclose(classifier.predict_proba(images[:3]), classifier.predict_proba(images)[:3], atol=1e-5)
    with pytest.raises(ArgumentError, match=r"must have the shape \(example, 1, 8, 8\)"):
        classifier.predict(np.zeros((2, 1, 9, 9), np.uint8))


def test_a_function_can_build_the_network():
    classifier = quick(2, model=tiny_mlp, model_options={"num_features": 4}).fit(X, Y)
    assert classifier.predict(X).shape == (150,)
    with pytest.raises(ModelError, match="floating-point logits of shape"):
        quick(2, model=tiny_mlp, model_options={}).fit(X[CODES < 2], Y[CODES < 2])


def test_settings_of_training_and_of_workers_arrive(capsys):
    first = quick(2, n_jobs=2, verbose=1).fit(X, Y)
    assert "member 0: epoch 1 of 8, loss" in capsys.readouterr().err
    np.testing.assert_allclose(first.predict_proba(X), quick(2, n_jobs=-1).fit(X, Y).predict_proba(X))
    other = quick(2, train_options={"schedule": "cosine", "engine": "loop"}).fit(X, Y)
    assert not np.allclose(first.predict_proba(X), other.predict_proba(X))


def test_members_that_diverge_are_told_of(monkeypatch):
    def ensembles(self, task, sizes, trainer):
        found = original(self, task, sizes, trainer)
        object.__setattr__(found[sizes[0]], "notes", ("1 of 2 members diverged and are left out.",))
        return found

    original = Independent.ensembles
    monkeypatch.setattr(Independent, "ensembles", ensembles)
    with pytest.warns(ConvergenceWarning, match="1 of 2 members diverged"):
        quick(2).fit(X, Y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_members": 0}, "`n_members` must be at least 1; got 0"),
        ({"method": "boosting"}, "`method` must be one of independent"),
        ({"scaling": "robust"}, "`scaling` must be one of standard, unit"),
        ({"combination": "magic"}, "`combination` must be one of mean"),
        ({"n_jobs": 0}, "`n_jobs` must not be 0"),
        ({"epochs": 0}, "`epochs` must be greater than or equal to 1"),
        ({"optimizer": "lion"}, "`optimizer` must be "),
        ({"model": "transformer"}, "`model` must be one of"),
        ({"validation_fraction": 1.0}, "`validation_fraction` must be at least 0 and below 1"),
        ({"method_options": {"rate": 1}}, "`method_options` must hold options of independent only, which has none"),
        ({"method": "snapshot", "method_options": {"speed": 1}}, "options of snapshot only, rate; got 'speed'"),
        ({"train_options": {"members": 3}}, "`train_options` must hold settings that have no argument of their own"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        quick(**{"n_members": 1, **options}).fit(X, Y)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"combination": "magic"}, "combination"),
        ({"combination": "stacking", "validation_fraction": 0}, "validation_fraction"),
    ],
)
def test_a_combination_that_is_not_to_be_had_is_refused_before_training(monkeypatch, options, argument):
    def ensembles(*_):
        pytest.fail("trained before the combination was checked")

    monkeypatch.setattr(Independent, "ensembles", ensembles)
    with pytest.raises(ArgumentError, match=f"`{argument}` must"):
        quick(**options).fit(X, Y)


def test_one_class_is_refused_as_scikit_learn_expects():
    with pytest.raises(ValueError, match="`y` must have 2 classes or more; got 1 class, setosa"):
        quick().fit(X[:10], Y[:10])


def test_nothing_warns_on_plain_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick(2).fit(X, Y).predict_proba(X)
