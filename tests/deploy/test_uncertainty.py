import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import digamma

from modescape.deploy.uncertainty import decomposition, expected_surprise, speakers, tempered
from modescape.evaluate import entropy, expected_entropy, mutual_information, with_temperature


def drawn(seed: int, members: int = 4, examples: int = 6, classes: int = 5, sharpness: float = 3.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    logits = sharpness * torch.randn(examples, members, classes, generator=generator, dtype=torch.float64)
    return logits.softmax(dim=2)


def joint_of(members: torch.Tensor, weights: torch.Tensor, temperature: float) -> torch.Tensor:
    mixture = (members * weights[:, None]).sum(dim=1)
    return speakers(members, weights) * tempered(mixture, temperature)[:, None]


def weights_drawn(seed: int, members: int) -> torch.Tensor:
    numbers = torch.rand(members, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.05
    return numbers / numbers.sum()


def test_at_temperature_one_it_is_what_evaluate_measures():
    members = drawn(1)
    total, aleatoric, epistemic = decomposition(joint_of(members, torch.full((4,), 0.25, dtype=torch.float64), 1.0))
    by_member = members.movedim(1, 0).numpy()
    np.testing.assert_allclose(total, entropy(by_member.mean(axis=0)), rtol=1e-10)
    np.testing.assert_allclose(aleatoric, expected_entropy(by_member), rtol=1e-10)
    np.testing.assert_allclose(epistemic, mutual_information(by_member), rtol=1e-8)


def test_tempered_is_with_temperature():
    mixture = drawn(2)[:, 0]
    np.testing.assert_allclose(tempered(mixture, 0.37), with_temperature(mixture.numpy(), 0.37), rtol=1e-12)
    single = torch.tensor([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    np.testing.assert_allclose(tempered(single, 2.5), with_temperature(single.numpy(), 2.5), rtol=1e-5)


def test_decomposition_is_that_of_the_joint_distribution_by_a_loop():
    weights, temperature = weights_drawn(3, 4), 1.8
    members = drawn(3)
    found = decomposition(joint_of(members, weights, temperature))
    for example in range(len(members)):
        p, w = members[example].numpy(), weights.numpy()
        mixture = w @ p
        q = mixture ** (1 / temperature) / (mixture ** (1 / temperature)).sum()
        joint = np.array([[q[c] * w[m] * p[m, c] / mixture[c] for c in range(5)] for m in range(4)])
        speaker = joint.sum(axis=1)
        total = -sum(q[c] * np.log(q[c]) for c in range(5))
        aleatoric = sum(
            speaker[m] * -sum(joint[m, c] / speaker[m] * np.log(joint[m, c] / speaker[m]) for c in range(5))
            for m in range(4)
        )
        expected = (total, aleatoric, total - aleatoric)
        np.testing.assert_allclose([part[example] for part in found], expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 20.0), st.integers(1, 6))
def test_total_is_the_sum_and_each_lies_in_its_range(seed, temperature, members):
    weights = weights_drawn(seed, members)
    probabilities = drawn(seed, members=members)
    total, aleatoric, epistemic = decomposition(joint_of(probabilities, weights, temperature))
    torch.testing.assert_close(total, aleatoric + epistemic, rtol=1e-9, atol=1e-9)
    assert (aleatoric >= 0).all()
    assert (epistemic >= 0).all()
    assert (epistemic <= np.log(members) + 1e-9).all()
    assert (total <= np.log(5) + 1e-9).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 5.0))
def test_members_that_agree_dispute_nothing(seed, temperature):
    members = drawn(seed, members=1).expand(-1, 3, -1)
    _, _, epistemic = decomposition(joint_of(members, weights_drawn(seed, 3), temperature))
    assert epistemic.abs().max() < 1e-12


def test_members_that_are_sure_of_different_classes_dispute_all():
    members = torch.eye(3, dtype=torch.float64)[None]
    total, aleatoric, epistemic = decomposition(joint_of(members, torch.full((3,), 1 / 3, dtype=torch.float64), 0.6))
    np.testing.assert_allclose([total[0], aleatoric[0], epistemic[0]], [np.log(3), 0.0, np.log(3)], atol=1e-12)


def test_classes_that_no_member_thinks_possible_give_numbers():
    members = torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]])
    weights = torch.tensor([0.25, 0.75])
    torch.testing.assert_close(speakers(members, weights)[0, :, 2], weights)
    for temperature in (0.05, 1.0, 20.0):
        parts = decomposition(joint_of(members, weights, temperature))
        assert all(torch.isfinite(part).all() for part in parts)
        torch.testing.assert_close(parts[0], parts[1] + parts[2], rtol=1e-5, atol=1e-6)


def test_a_member_without_weight_says_nothing():
    members = drawn(5, members=3)
    weights = torch.tensor([0.5, 0.0, 0.5], dtype=torch.float64)
    without = decomposition(joint_of(members[:, [0, 2]], torch.full((2,), 0.5, dtype=torch.float64), 1.4))
    torch.testing.assert_close(decomposition(joint_of(members, weights, 1.4)), without)


@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-10), (torch.float32, 2e-6)])
def test_the_expected_surprise_is_a_difference_of_scipys_digammas(dtype, close):
    sums, shares = np.meshgrid(10.0 ** np.arange(-8, 9), [1e-12, 1e-3, 0.1, 0.5, 1.0])
    expected = digamma(sums + 1) - digamma(sums * shares + 1)
    found = expected_surprise(torch.tensor(shares, dtype=dtype), torch.tensor(1 / sums, dtype=dtype))
    np.testing.assert_allclose(found, expected, rtol=close, atol=close)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_spread_answers_have_the_uncertainty_of_answers_that_are_drawn(temperature):
    """Members 0 and 1 draw answers from Dirichlet distributions, member 2 has one answer."""
    members, weights = drawn(6, members=3, examples=1, sharpness=1.0), weights_drawn(6, 3)
    sums = np.array([0.8, 6.0, np.inf])
    joint = joint_of(members, weights, temperature)
    total, aleatoric, epistemic = (part.item() for part in decomposition(joint, torch.from_numpy(1 / sums)[None]))
    (shares,) = joint.numpy()
    random = np.random.default_rng(1)
    left, informed = 0.0, 0.0
    for member, spread in zip(shares, sums, strict=True):
        mean = member / member.sum()
        answers = mean[None] if np.isinf(spread) else random.dirichlet(spread * mean, size=100_000)
        left += member.sum() * stats.entropy(answers, axis=1).mean()
        informed += member.sum() * stats.entropy(answers, shares.sum(axis=0)[None], axis=1).mean()
    assert total == pytest.approx(stats.entropy(shares.sum(axis=0)), abs=1e-12)
    assert aleatoric == pytest.approx(left, abs=3e-3)
    assert epistemic == pytest.approx(informed, abs=3e-3)
    assert total == pytest.approx(aleatoric + epistemic, abs=1e-12)
    assert epistemic > decomposition(joint)[2].item() + 0.05


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 20.0), st.lists(st.floats(0.0, 1e26), min_size=1, max_size=4))
def test_total_is_the_sum_whatever_the_spread_and_the_temperature(seed, temperature, spreads):
    joint = joint_of(drawn(seed, members=len(spreads)), weights_drawn(seed, len(spreads)), temperature)
    total, aleatoric, epistemic = decomposition(joint, torch.tensor(spreads, dtype=torch.float64).expand(6, -1))
    torch.testing.assert_close(total, aleatoric + epistemic, rtol=1e-9, atol=1e-9)
    assert (epistemic >= decomposition(joint)[2] - 1e-9).all()
    assert (aleatoric >= 0).all()


def test_answers_without_spread_are_answers():
    joint = joint_of(drawn(7), weights_drawn(7, 4), 1.3)
    torch.testing.assert_close(decomposition(joint, torch.zeros(6, 4, dtype=torch.float64)), decomposition(joint))
    sure = torch.tensor([[[1.0, 0.0, 0.0]]])
    assert [part.item() for part in decomposition(sure, torch.zeros(1, 1))] == [0.0, 0.0, 0.0]
