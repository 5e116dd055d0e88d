import copy
import pickle
import re

import numpy as np
import pytest
import torch
from torch import nn

from deploy.ensembles import CLASSES, TwoHeads, ensemble, part, predictor, tiny_mlp
from modescape.core.errors import ArgumentError, ModelError
from modescape.deploy import OUTPUTS, DeployedEnsemble
from modescape.deploy.predictor import supported_temperature
from modescape.evaluate import entropy, expected_entropy, fitted_temperature, mutual_information, with_temperature
from modescape.methods import Part, dirichlet_uncertainty, ensemble_predictions
from modescape.models import small_cnn

RAW = torch.randn(11, 4, generator=torch.Generator().manual_seed(4)) * 3 + 1
SCALING = {"shift": torch.tensor([0.5, 1.0, 0.0, 2.0]), "scale": torch.tensor([2.0, 1.0, 0.5, 1.5])}


def mixed() -> list:
    return [part(tiny_mlp, 3), part(lambda: nn.Linear(4, 3), 2), part(TwoHeads, 1, heads=2)]


def expected_members(parts) -> np.ndarray:
    def prepare(raw):
        return (raw - SCALING["shift"]) * SCALING["scale"]

    return ensemble_predictions(ensemble(*parts), RAW, prepare=prepare).swapaxes(0, 1)


def test_members_of_mixed_architectures_answer_as_they_do_alone_on_raw_inputs():
    made = predictor(*mixed(), **SCALING)
    answers = made(RAW)
    assert list(answers) == list(OUTPUTS)
    assert made.num_members == 7
    np.testing.assert_allclose(answers["member_probabilities"], expected_members(mixed()), rtol=1e-5, atol=1e-6)


def test_probabilities_are_the_mean_at_the_temperature():
    answers = predictor(*mixed(), temperature=1.7, **SCALING)(RAW)
    expected = with_temperature(expected_members(mixed()).mean(axis=1, dtype=np.float64), 1.7)
    np.testing.assert_allclose(answers["probabilities"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(answers["total_uncertainty"], entropy(expected), rtol=1e-5, atol=1e-6)
    sums = answers["aleatoric_uncertainty"] + answers["epistemic_uncertainty"]
    np.testing.assert_allclose(answers["total_uncertainty"], sums, rtol=1e-5, atol=1e-6)


def test_without_temperature_uncertainty_is_what_evaluate_measures():
    answers = predictor(*mixed(), **SCALING)(RAW)
    members = expected_members(mixed()).swapaxes(0, 1)
    np.testing.assert_allclose(answers["aleatoric_uncertainty"], expected_entropy(members), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(answers["epistemic_uncertainty"], mutual_information(members), rtol=1e-3, atol=1e-6)


def scaled_logits(chosen) -> torch.Tensor:
    """Return the logits of a part's only predictor, in double precision."""
    chosen.network.load_state_dict(chosen.weights[0])
    return chosen.network.eval()((RAW - SCALING["shift"]) * SCALING["scale"]).detach().double()


@pytest.mark.parametrize("concentration", [0.7, 1.0, 2.5])
def test_at_the_temperature_of_its_training_a_student_of_the_spread_tells_the_spread_it_learned(concentration):
    chosen = part(tiny_mlp, 1, concentration=concentration)
    expected = dirichlet_uncertainty(scaled_logits(chosen) / concentration)
    answers = predictor(chosen, temperature=concentration, **SCALING)(RAW)
    for kind in ("total", "aleatoric", "epistemic"):
        np.testing.assert_allclose(answers[f"{kind}_uncertainty"], getattr(expected, kind), atol=2e-6, err_msg=kind)
    assert answers["epistemic_uncertainty"].max() > 0.1


def test_a_temperature_moves_the_expected_answer_and_keeps_the_sum_of_the_parameters():
    chosen = part(tiny_mlp, 1, concentration=2.5)
    logits, plain = scaled_logits(chosen), predictor(Part(chosen.network, chosen.weights), temperature=0.6, **SCALING)
    answers = predictor(chosen, temperature=0.6, **SCALING)(RAW)
    for name in ("probabilities", "total_uncertainty", "votes", "member_probabilities"):
        torch.testing.assert_close(answers[name], plain(RAW)[name])
    parameters = (logits / 2.5).exp().sum(dim=1, keepdim=True) * (logits / 0.6).softmax(dim=1)
    expected = dirichlet_uncertainty(parameters.log())
    np.testing.assert_allclose(answers["aleatoric_uncertainty"], expected.aleatoric, atol=2e-6)
    np.testing.assert_allclose(answers["epistemic_uncertainty"], expected.epistemic, atol=2e-6)


def test_spread_answers_stand_beside_others():
    parts = [part(tiny_mlp, 2, concentration=1.5), part(tiny_mlp, 2), part(TwoHeads, 1, heads=2, concentration=1.0)]
    made = predictor(*parts, temperature=0.8, **SCALING)
    assert made.is_spread
    spreads = made.predicted_spreads(RAW, batch_size=3)
    assert spreads.shape == (11, 6)
    assert ((spreads > 0) == [True, True, False, False, True, True]).all()
    logits = scaled_logits(parts[0])
    np.testing.assert_allclose(spreads[:, 0], 1 / (logits / 1.5).exp().sum(dim=1), rtol=1e-4)
    plain = [Part(each.network, each.weights, each.heads) for each in parts]
    answers, bare = made(RAW), predictor(*plain, temperature=0.8, **SCALING)
    sums = answers["aleatoric_uncertainty"] + answers["epistemic_uncertainty"]
    torch.testing.assert_close(answers["total_uncertainty"], sums, rtol=1e-5, atol=1e-6)
    assert (answers["epistemic_uncertainty"] > bare(RAW)["epistemic_uncertainty"] + 1e-3).all()
    assert not bare.is_spread
    assert bare.predicted_spreads(RAW) is None
    torch.testing.assert_close(
        copy.deepcopy(made).double()(RAW), {k: v.double() for k, v in answers.items()}, rtol=1e-4, atol=1e-5
    )


def test_logits_far_from_zero_give_numbers():
    for offset, epistemic in ((1e4, 0.0), (-1e4, np.log(3))):
        network = nn.Linear(4, 3)
        nn.init.zeros_(network.weight)
        nn.init.constant_(network.bias, offset)
        chosen = Part(network, (dict(network.named_parameters()),), concentration=2.5)
        answers = predictor(chosen)(RAW)
        np.testing.assert_allclose(answers["total_uncertainty"].detach(), np.log(3), rtol=1e-6)
        np.testing.assert_allclose(answers["epistemic_uncertainty"].detach(), epistemic, atol=1e-5)


def test_weights_of_members_are_scaled_to_one_and_used():
    weights = np.array([3.0, 0.0, 1.0, 0.0, 2.0, 0.0, 4.0])
    answers = predictor(*mixed(), member_weights=weights, temperature=0.6, **SCALING)(RAW)
    mixture = np.einsum("emc,m->ec", expected_members(mixed()), weights / 10)
    np.testing.assert_allclose(answers["probabilities"], with_temperature(mixture, 0.6), rtol=1e-4, atol=1e-6)


def test_votes_are_shares_of_members():
    answers = predictor(*mixed(), **SCALING)(RAW)
    chosen = expected_members(mixed()).argmax(axis=2)
    expected = [[np.mean(row == label) for label in range(3)] for row in chosen]
    np.testing.assert_allclose(answers["votes"], expected, atol=1e-6)


def test_eight_bit_images_are_scaled_inside():
    chosen = part(lambda: small_cnn((1, 6, 6), 3), 2)
    images = torch.randint(0, 256, (5, 1, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    made = DeployedEnsemble(
        ensemble(chosen), classes=CLASSES, input_shape=(1, 6, 6), input_dtype=torch.uint8, scale=1 / 255
    )
    expected = ensemble_predictions(ensemble(chosen), images, prepare=lambda raw: raw / 255)
    np.testing.assert_allclose(made(images)["member_probabilities"], expected.swapaxes(0, 1), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(made(images.float()), made(images))


def test_dropout_passes_are_members_that_do_not_depend_on_the_batch():
    chosen = part(lambda: tiny_mlp(dropout=0.4), 2, dropout_passes=6)
    made = predictor(chosen, seed=3)
    assert made.num_members == 12
    whole, alone = made(RAW), made(RAW[7:8])
    torch.testing.assert_close({name: value[7:8] for name, value in whole.items()}, alone, rtol=1e-5, atol=1e-6)
    assert whole["epistemic_uncertainty"].min() > 1e-4
    torch.testing.assert_close(made(RAW), predictor(chosen, seed=3)(RAW))
    assert not torch.equal(predictor(chosen, seed=4)(RAW)["votes"], whole["votes"])


def test_it_pickles_copies_and_stays_in_evaluation_mode():
    made = predictor(part(lambda: tiny_mlp(dropout=0.5), 3), temperature=1.3, **SCALING)
    expected = made(RAW)
    for other in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made), made.train()):  # noqa: S301
        torch.testing.assert_close(other(RAW), expected, rtol=0, atol=0)
        assert not any(module.training for module in other.modules())
        assert other.classes == CLASSES
    assert not list(made.parameters())


def test_the_state_has_all_that_was_learned():
    made = predictor(part(tiny_mlp, 3), temperature=1.3, member_weights=[1, 2, 3], **SCALING)
    chosen = part(tiny_mlp, 3)
    other = predictor(Part(chosen.network, chosen.weights[::-1]), shift=torch.zeros(4), scale=torch.ones(4))
    assert not torch.allclose(other(RAW)["probabilities"], made(RAW)["probabilities"])
    other.load_state_dict(made.state_dict())
    torch.testing.assert_close(other(RAW), made(RAW))


def test_buffers_move_and_change_precision():
    made = predictor(*mixed(), **SCALING)
    expected = made(RAW)
    assert {buffer.device.type for buffer in copy.deepcopy(made).to("meta").buffers()} == {"meta"}
    double = copy.deepcopy(made).double()(RAW)
    assert double["probabilities"].dtype == torch.float64
    torch.testing.assert_close(double, {k: v.double() for k, v in expected.items()}, rtol=1e-4, atol=1e-5)
    half = copy.deepcopy(made).bfloat16()(RAW)
    torch.testing.assert_close(half["probabilities"], expected["probabilities"], rtol=0.1, atol=0.1)


def test_predict_is_forward_in_batches():
    made = predictor(*mixed(), **SCALING)
    found = made.predict(RAW.numpy(), batch_size=4)
    for name, value in made(RAW).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "`temperature` must be above 0 and finite; got 0.0"),
        ({"temperature": float("nan")}, "`temperature` must be above 0"),
        ({"member_weights": [1.0, 2.0]}, "hold one number for each of the 3 members; got shape (2,)"),
        ({"member_weights": [1.0, -2.0, 3.0]}, "be at least 0, and not all 0; got [1.0, -2.0, 3.0]"),
        ({"member_weights": [0.0, 0.0, 0.0]}, "not all 0"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        predictor(part(tiny_mlp, 3), **options)


def test_wrong_inputs_are_refused():
    made = predictor(part(tiny_mlp, 3))
    with pytest.raises(ArgumentError, match=r"`raw` must have the shape \(example, 4\); got shape \(2, 5\)"):
        made(torch.zeros(2, 5))
    with pytest.raises(ArgumentError, match="`batch_size` must be at least 1"):
        made.predict(torch.zeros(2, 4), batch_size=0)
    with pytest.raises(ArgumentError, match="`classes` must name each class that networks predict; got 2 names"):
        DeployedEnsemble(ensemble(part(tiny_mlp, 3)), classes=["a", "b"], input_shape=(4,))
    with pytest.raises(ModelError, match="Check the networks against the data"):
        DeployedEnsemble(ensemble(part(tiny_mlp, 3)), classes=CLASSES, input_shape=(6,))


def test_calibration_fits_the_temperature_of_the_weighted_mean():
    weights, labels = np.arange(1.0, 8.0), np.arange(11) % 3
    made = predictor(*mixed(), member_weights=weights, **SCALING).calibrated(RAW, labels)
    mixture = np.einsum("emc,m->ec", expected_members(mixed()).astype(np.float64), weights / weights.sum())
    assert made.temperature.item() == pytest.approx(fitted_temperature(mixture, labels), rel=1e-4)
    with pytest.raises(ArgumentError, match="`raw` must hold validation examples to calibrate on; got none"):
        made.calibrated(RAW[:0], labels[:0])


def test_examples_that_are_all_answered_rightly_support_no_temperature():
    made = predictor(*mixed(), **SCALING)
    answered = made.predict(RAW)["probabilities"].argmax(axis=1)
    assert made.calibrated(RAW, answered).temperature.item() == 1.0
    mixture = np.array([[0.6, 0.4], [0.3, 0.7], [0.8, 0.2]])
    assert supported_temperature(mixture, np.array([0, 1, 0])) == 1.0
    for labels in (np.array([0, 0, 0]), np.array([1, 0, 1])):
        expected = fitted_temperature(mixture, labels)
        assert supported_temperature(mixture, labels) == expected != 1.0
