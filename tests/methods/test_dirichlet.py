"""The likelihood of a Dirichlet distribution against SciPy, and its uncertainty against samples."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modescape.methods import dirichlet_uncertainty
from modescape.methods.dirichlet import DirichletLikelihood


def drawn(shape, *, seed=0):
    """Return answers drawn at random, in double precision."""
    return torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(shape[-1]), size=shape[:-1]))


@pytest.mark.parametrize(("temperature", "smoothing"), [(1.0, 0.0), (2.5, 0.0), (1.0, 0.1), (3.0, 0.02)])
def test_the_loss_is_the_mean_of_scipys_densities(temperature, smoothing):
    logits = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2
    answers = drawn((6, 3, 4))
    found = DirichletLikelihood(temperature, smoothing)(logits, answers)
    for index in range(6):
        concentration = np.exp(logits[index].numpy() / temperature)
        seen = [(1 - smoothing) * answers[index, teacher].numpy() + smoothing / 4 for teacher in range(3)]
        densities = [stats.dirichlet.logpdf(each / each.sum(), concentration) for each in seen]
        assert found[index].item() == pytest.approx(-np.mean(densities), rel=1e-9)


def test_it_stays_finite_where_a_teacher_is_certain_and_a_parameter_is_zero_to_rounding():
    logits = torch.tensor([[-120.0, 3.0, 9.0]], requires_grad=True)
    answers = torch.tensor([[[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]])
    loss = DirichletLikelihood(1.0, 1e-3)(logits, answers)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert logits.grad.isfinite().all()


def test_many_answers_of_a_distribution_are_likeliest_under_it():
    concentration = np.array([0.7, 2.0, 5.0])
    answers = torch.from_numpy(np.random.default_rng(2).dirichlet(concentration, size=20_000))[None]
    logits = torch.from_numpy(np.log(concentration))[None].requires_grad_()
    loss = DirichletLikelihood(1.0, 0.0)
    loss(logits, answers).sum().backward()
    assert logits.grad.abs().max() < 0.05
    moved = loss(logits.detach() + torch.tensor([[0.4, 0.0, -0.4]]), answers)
    assert moved.item() > loss(logits.detach(), answers).item() + 0.05


@pytest.mark.parametrize("concentration", [[0.3, 0.3, 0.3], [0.05, 4.0, 1.0], [30.0, 2.0, 60.0]])
def test_uncertainty_agrees_with_samples(concentration):
    found = dirichlet_uncertainty(torch.tensor([concentration]).log())
    answers = np.random.default_rng(3).dirichlet(concentration, size=200_000)
    mean = answers.mean(axis=0)
    assert found.total.item() == pytest.approx(stats.entropy(mean), abs=4e-3)
    assert found.aleatoric.item() == pytest.approx(stats.entropy(answers, axis=1).mean(), abs=4e-3)
    assert found.epistemic.item() == pytest.approx(found.total.item() - found.aleatoric.item(), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-30, 30), min_size=2, max_size=6))
def test_uncertainty_has_its_bounds(logits):
    found = dirichlet_uncertainty(torch.tensor([logits]))
    assert -1e-12 <= found.epistemic.item() <= found.total.item() + 1e-9
    assert found.aleatoric.item() >= -1e-9
    assert found.total.item() <= np.log(len(logits)) + 1e-9


def test_what_is_certain_of_its_spread_has_no_epistemic_uncertainty_and_what_knows_nothing_has_no_other():
    sure = dirichlet_uncertainty(torch.full((1, 3), 20.0))
    assert sure.epistemic.item() == pytest.approx(0.0, abs=1e-6)
    assert sure.total.item() == pytest.approx(np.log(3))
    vague = dirichlet_uncertainty(torch.full((1, 3), -20.0))
    assert vague.aleatoric.item() == pytest.approx(0.0, abs=1e-6)
    assert vague.epistemic.item() == pytest.approx(np.log(3))
