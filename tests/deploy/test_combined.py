import numpy as np
import pytest
import torch

from deploy.ensembles import CLASSES, ensemble, part, tiny_mlp
from modescape.combine import COMBINATIONS, cross_fitted, fitted_combination
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed
from modescape.data import Dataset, Examples
from modescape.deploy import OUTPUTS, deployed
from modescape.deploy.combined import Combined, fitted_combined, uncalibrated
from modescape.evaluate import entropy, fitted_temperature, with_temperature
from modescape.methods import Ensemble, ensemble_predictions

WEIGHTED = ["learned-weights", "greedy"]


def data() -> Dataset:
    """Return a task that linear rules can solve in part, so that members differ in worth."""
    generator = torch.Generator().manual_seed(0)
    parts = []
    for size in (40, 60, 25):
        inputs = torch.randn(size, 4, generator=generator) * 3
        parts.append(Examples(inputs, (inputs[:, :3] + torch.randn(size, 3, generator=generator)).argmax(dim=1)))
    scale = torch.tensor([2.0, 1.0, 0.5, 1.5])
    return Dataset("toy", CLASSES, *parts, torch.tensor([0.5, 1.0, 0.0, 2.0]), scale, "0")


MEMBERS = ensemble(part(tiny_mlp, 5))


def validation(toy: Dataset) -> tuple[np.ndarray, np.ndarray]:
    members = ensemble_predictions(MEMBERS, toy.validation.inputs, prepare=toy.prepare)
    return members.astype(np.float64), toy.validation.labels.numpy()


def fitted(name: str, toy: Dataset, members: Ensemble = MEMBERS) -> Combined:
    made = uncalibrated(members, toy)
    return fitted_combined(made, name, toy.validation.inputs, toy.validation.labels, seed=3)


def test_the_temperature_is_fitted_on_validation_examples():
    toy = data()
    members, labels = validation(toy)
    expected = fitted_temperature(members.mean(axis=0), labels)
    assert deployed(MEMBERS, toy).temperature.item() == pytest.approx(expected, rel=1e-4)
    assert uncalibrated(MEMBERS, toy).temperature.item() == 1.0


def test_test_examples_are_not_looked_at():
    toy = data()
    blank = Examples(torch.full((25, 4), torch.nan), torch.zeros(25, dtype=torch.int64))
    other = Dataset("toy", CLASSES, toy.train, toy.validation, blank, toy.shift, toy.scale, "1")
    assert torch.equal(deployed(MEMBERS, toy).temperature, deployed(MEMBERS, other).temperature)


def test_without_validation_examples_nothing_is_deployed():
    toy = data()
    none = Examples(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    bare = Dataset("toy", CLASSES, toy.train, none, toy.test, toy.shift, toy.scale, "2")
    with pytest.raises(ArgumentError, match="`dataset` must hold validation examples to calibrate on; got none"):
        deployed(MEMBERS, bare)


@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_that_are_learned_become_part_of_the_module(name):
    toy = data()
    members, labels = validation(toy)
    made = deployed(MEMBERS, toy, combination=name, seed=3)
    seed = derived_seed(3, Stream.COMBINATION)
    combination = fitted_combination(name, members, labels, seed=seed)
    np.testing.assert_allclose(made.member_weights, combination.weights, atol=1e-3)
    assert made.member_weights.std() > 0.01
    temperature = fitted_temperature(cross_fitted(name, members, labels, seed=seed), labels)
    assert made.temperature.item() == pytest.approx(temperature, rel=1e-3)
    test = ensemble_predictions(MEMBERS, toy.test.inputs, prepare=toy.prepare)
    expected = with_temperature(combination(test), temperature)
    np.testing.assert_allclose(made(toy.test.inputs)["probabilities"], expected, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in COMBINATIONS if name not in ("mean", *WEIGHTED)])
def test_every_combination_answers_at_its_temperature(name):
    toy = data()
    found = fitted(name, toy)
    answers = found(toy.test.inputs.numpy())
    assert set(answers) == set(OUTPUTS)
    if found.combination is not None:
        members = answers["member_probabilities"].swapaxes(0, 1)
        mixture = found.combination(members, inputs=toy.prepare(toy.test.inputs).numpy())
        expected = with_temperature(mixture, found.temperature)
        np.testing.assert_allclose(answers["probabilities"], expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(answers["total_uncertainty"], entropy(answers["probabilities"]), atol=1e-5)
    parts = answers["aleatoric_uncertainty"] + answers["epistemic_uncertainty"]
    np.testing.assert_allclose(answers["total_uncertainty"], parts, atol=1e-5)
    # A predictor in use may meet the examples again that it was fitted on.
    assert found(toy.validation.inputs.numpy())["probabilities"].shape == (60, 3)


def test_the_spread_of_an_answer_is_known_to_every_combination():
    """Of one member, all combinations make what it says."""
    toy, student = data(), ensemble(part(tiny_mlp, 1, concentration=2.0))
    found, plain = (fitted(name, toy, student) for name in ("median", "mean"))
    assert found.temperature == pytest.approx(plain.temperature, rel=1e-4)
    expected = plain(toy.test.inputs.numpy())
    for name, value in found(toy.test.inputs.numpy()).items():
        np.testing.assert_allclose(value, expected[name], atol=1e-4, err_msg=name)
    assert expected["epistemic_uncertainty"].min() > 0.01


def test_other_combinations_are_no_module():
    with pytest.raises(ArgumentError, match=r"must give each member one weight, .* got .median.. Choose"):
        deployed(MEMBERS, data(), combination="median")


def test_what_learns_needs_examples():
    toy = data()
    made = uncalibrated(MEMBERS, toy)
    for count in (0, 1):
        with pytest.raises(ArgumentError, match=f"leave examples to fit stacking on; got {count}. Pass a larger"):
            fitted_combined(made, "stacking", toy.test.inputs[:count], toy.test.labels[:count], seed=0)
    bare = fitted_combined(made, "median", toy.test.inputs[:0], toy.test.labels[:0], seed=0)
    assert bare.temperature == 1.0
    with pytest.raises(ArgumentError, match="`combination` must be one of mean, "):
        fitted("magic", toy)


def test_on_the_cpu_it_stays_as_it_is():
    found = fitted("median", data())
    assert found.on_cpu() is found
