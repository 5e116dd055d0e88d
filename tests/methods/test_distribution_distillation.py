"""A student of the spread of answers: what it learns, from whom, and that its spread is theirs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from methods.agreement import check_engines_agree
from methods.descent import Losing, Recording
from methods.tiny import EPOCHS, digits, shared_trainer, tiny_task
from modescape.core.errors import ArgumentError
from modescape.functions.many import predict_each
from modescape.methods import DistributionDistillation, ensemble_predictions
from modescape.methods.dirichlet import DirichletLikelihood

N = 128


def test_its_targets_are_the_softened_answers_of_each_teacher():
    trainer = Recording(shared_trainer())
    DistributionDistillation(temperature=2.0, smoothing=0.01).ensembles(tiny_task(), (3,), trainer)
    task = trainer.only("distribution-distillation")
    teachers = trainer.inner.train("independent", tiny_task())
    network, trees = tiny_task().network(0), [teachers.solution(member) for member in (0, 1)]
    answers = predict_each(network, trees, digits().train.inputs, prepare=digits().prepare, output="logits")
    for index, logits in enumerate(answers):
        torch.testing.assert_close(task.targets[:, index], (logits / 2).softmax(dim=1))
    assert task.objective == DirichletLikelihood(2.0, 0.01)
    assert task.first_member == 2


def test_it_predicts_its_expected_answer_in_one_pass():
    found = DistributionDistillation().ensembles(tiny_task(), (3,), shared_trainer())[3]
    network, (weights,) = tiny_task().network(0), found.parts[0].weights
    inputs = digits().test.inputs
    (logits,) = predict_each(network, [weights], inputs, prepare=digits().prepare, output="logits")
    concentration = logits.double().exp().numpy()
    expected = concentration / concentration.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ensemble_predictions(found, inputs, prepare=digits().prepare)[0], expected, atol=1e-5)
    assert (found.cost.prediction, found.num_members) == (1, 1)
    assert [part.concentration for part in found.parts] == [2.5]
    assert found.cost.backward == N * (2 * EPOCHS + 3)
    assert found.cost.forward == found.cost.backward + 2 * N


def test_it_takes_two_teachers():
    assert set(DistributionDistillation().ensembles(tiny_task(), (1, 2, 3), shared_trainer())) == {3}
    assert DistributionDistillation().ensembles(tiny_task(), (2, 3), Losing(members=(1,), inner=shared_trainer())) == {}


def test_engines_agree():
    trainer = Recording(shared_trainer())
    DistributionDistillation().ensembles(tiny_task(), (3,), trainer)
    check_engines_agree(replace(trainer.only("distribution-distillation"), first_member=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, r"`temperature` must be above 0; got -1\.0\. Pass 1 to soften nothing"),
        ({"smoothing": -0.1}, r"`smoothing` must be at least 0\.0; got -0\.1"),
        ({"smoothing": 1.0}, r"`smoothing` must be below 1; got 1\.0\. Pass a small share"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        DistributionDistillation(**options)
