"""Students: their loss against its formula, their training against a linear model's, their budget against a count."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from methods.agreement import check_engines_agree
from methods.descent import RATE, Losing, Recording, linear_task
from methods.tiny import EPOCHS, digits, shared_trainer, tiny_task
from modescape.core.errors import ArgumentError, TrainingError
from modescape.methods import Distillation
from modescape.methods.distillation import SoftTargets
from modescape.train import weights_of

N = 128


def softmax(logits):
    """Return probabilities."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 0.0), (3.0, 0.25), (0.7, 1.0)])
def test_the_loss_is_that_of_the_formula(temperature, alpha):
    random = np.random.default_rng(0)
    logits, soft, labels = random.normal(size=(5, 4)), softmax(random.normal(size=(5, 4))), [0, 3, 1, 1, 2]
    targets = torch.from_numpy(np.stack([soft, np.eye(4)[labels]], axis=1))
    found = SoftTargets(temperature, alpha)(torch.from_numpy(logits), targets)
    for index, label in enumerate(labels):
        learned = softmax(logits[index] / temperature)
        likeness = -sum(soft[index, each] * np.log(learned[each]) for each in range(4))
        truth = -np.log(softmax(logits[index])[label])
        expected = (1 - alpha) * temperature**2 * likeness + alpha * truth
        assert found[index].item() == pytest.approx(expected, rel=1e-9)


def test_at_a_high_temperature_its_gradient_is_the_difference_of_centred_logits():
    # Hinton et al. (2015), equation 4, times T^2: (z - v) / C.
    random = torch.Generator().manual_seed(1)
    student, teacher = (torch.randn(1, 5, dtype=torch.float64, generator=random) for _ in range(2))
    student, teacher = (each - each.mean() for each in (student, teacher))
    student.requires_grad_()
    targets = torch.stack([(teacher / 1e4).softmax(dim=1), torch.zeros(1, 5, dtype=torch.float64)], dim=1)
    SoftTargets(1e4, 0.0)(student, targets).sum().backward()
    torch.testing.assert_close(student.grad, (student.detach() - teacher) / 5, rtol=1e-3, atol=1e-4)


def logits_of(weights):
    """Return the answers of a linear network to all training examples, in double precision."""
    inputs = digits().prepare(digits().train.inputs).flatten(1).double()
    return inputs @ weights["1.weight"].double().T + weights["1.bias"].double()


def test_a_linear_student_takes_the_steps_of_gradient_descent_on_the_answers_of_its_teachers():
    task = linear_task(epochs=6, members=3)
    trainer = Recording(shared_trainer())
    found = Distillation(temperature=3.0, alpha=0.25).ensembles(task, (3,), trainer)[3]
    teachers = trainer.inner.train("independent", task)
    answers = torch.stack([logits_of(teachers.solution(member)) for member in (0, 1)])
    soft = (answers / 3).softmax(dim=2).mean(dim=0)
    inputs = digits().prepare(digits().train.inputs).flatten(1).double()
    inputs = torch.cat([inputs, torch.ones(N, 1)], dim=1)
    start = weights_of(task.network(2))
    way = torch.cat([start["1.weight"], start["1.bias"][:, None]], dim=1).double()
    hard = torch.eye(10, dtype=torch.float64)[digits().train.labels]
    epochs = 6 - 1  # Two answers to each example cost two thirds of an epoch.
    assert trainer.only("distillation").settings.epochs == epochs
    for _ in range(epochs):
        soft_slope = 3.0 * ((inputs @ way.T / 3).softmax(dim=1) - soft)
        hard_slope = (inputs @ way.T).softmax(dim=1) - hard
        way = way - RATE * (0.75 * soft_slope + 0.25 * hard_slope).T @ inputs / N
    (weights,) = found.parts[0].weights
    torch.testing.assert_close(weights["1.weight"].double(), way[:, :-1], atol=2e-5, rtol=2e-5)
    torch.testing.assert_close(weights["1.bias"].double(), way[:, -1], atol=2e-5, rtol=2e-5)


def test_what_a_linear_student_of_one_teacher_learns_in_the_end_is_that_teacher():
    # Convex, with its minimum at the teacher.
    random = torch.Generator().manual_seed(4)
    inputs, teacher = (torch.randn(*shape, dtype=torch.float64, generator=random) for shape in ((50, 6), (6, 3)))
    targets = torch.stack([(inputs @ teacher).softmax(dim=1), torch.eye(3, dtype=torch.float64)[[0] * 50]], dim=1)
    student = torch.zeros(6, 3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([student], max_iter=200, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = SoftTargets(1.0, 0.0)(inputs @ student, targets).mean()
        value.backward()
        return value

    optimiser.step(loss)
    torch.testing.assert_close((inputs @ student).softmax(dim=1).detach(), targets[:, 0], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("size", "epochs"), [(2, 3), (3, 3)])
def test_its_cost_is_that_of_teachers_their_answers_and_the_student(size, epochs):
    cost = Distillation().ensembles(tiny_task(), (size,), shared_trainer())[size].cost
    teachers = size - 1
    assert cost.backward == N * (teachers * EPOCHS + epochs)
    assert cost.forward == cost.backward + teachers * N
    assert cost.prediction == 1
    assert cost.parameters == sum(p.numel() for p in tiny_task().network(0).parameters())


def test_there_is_none_without_teachers_or_without_an_epoch_for_the_student():
    assert Distillation().ensembles(tiny_task(), (1,), shared_trainer()) == {}
    # An answer to each example costs a third of an epoch of training.
    assert Distillation().ensembles(tiny_task(epochs=1), (2, 3), shared_trainer()) == {}


def test_it_has_random_numbers_of_the_member_in_whose_place_it_is():
    trainer = Recording(shared_trainer())
    Distillation().ensembles(tiny_task(), (2, 3), trainer)
    assert [task.first_member for task, _ in trainer.tasks["distillation"]] == [1, 2]


def test_without_a_teacher_that_is_left_there_is_none():
    found = Distillation().ensembles(tiny_task(), (2, 3), Losing(members=(0,), inner=shared_trainer()))
    assert set(found) == {3}


def test_a_size_whose_student_diverges_is_left_out():
    found = Distillation().ensembles(
        tiny_task(), (2, 3), Losing(names=("distillation",), calls=(1,), inner=shared_trainer())
    )
    assert set(found) == {3}
    with pytest.raises(TrainingError, match="must be lower"):
        Distillation().ensembles(tiny_task(), (2,), Losing(names=("distillation",), inner=shared_trainer()))


def test_what_is_left_of_the_teachers_teaches():
    found = Distillation().ensembles(tiny_task(), (2, 3), Losing(members=(1,), inner=shared_trainer()))
    assert found[2].notes == ()
    assert found[3].notes == ("1 of 2 members diverged and are left out.",)
    assert found[3].cost.forward - found[3].cost.backward == N


def test_engines_agree():
    trainer = Recording(shared_trainer())
    Distillation().ensembles(tiny_task(), (2,), trainer)
    check_engines_agree(replace(trainer.only("distillation"), first_member=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, r"`temperature` must be above 0; got 0\.0\. Pass 1 to soften nothing"),
        ({"temperature": float("nan")}, r"`temperature` must be above 0; got nan"),
        ({"alpha": -0.1}, r"`alpha` must be at least 0\.0; got -0\.1"),
        ({"alpha": 1.5}, r"`alpha` must be at most 1; got 1\.5"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        Distillation(**options)
