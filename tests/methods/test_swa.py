"""Averages of weights against gradient descent in double precision."""

import pytest
import torch

from methods.descent import RATE, Losing, Recording, check_close, descended, linear_task, normalised_task
from methods.tiny import EPOCHS, digits
from modescape.core.errors import ArgumentError
from modescape.core.trees import stack
from modescape.methods import SWA, MemoryTrainer
from modescape.methods.swa import averaged
from modescape.train import weights_of

NUM_EXAMPLES = len(digits().train)


def test_it_is_the_mean_of_the_weights_before_and_after_each_epoch_at_the_constant_rate():
    task = linear_task(epochs=5, schedule="step", step_epochs=2, step_factor=0.5)
    made = SWA(pretraining=0.6, rate=0.7).ensembles(task, (2,), MemoryTrainer())[2]
    rates = [RATE] * 2 + [RATE / 2] * 2 + [RATE / 4] * 2 + [0.7 * RATE] * 4
    way = descended(weights_of(task.network(0)), rates)
    mean = {name: tensor.mean(dim=0) for name, tensor in stack(way[6:]).items()}
    ((weights,),) = (part.weights for part in made.parts)
    check_close(weights, mean)
    assert (made.num_members, made.cost.prediction, made.cost.parameters) == (1, 1, 650)
    assert made.cost.training == 10 * NUM_EXAMPLES


def test_batch_norm_is_renewed_and_its_passes_are_counted():
    task, trainer = normalised_task(), Recording()
    made = SWA().ensembles(task, (2,), trainer)[2]
    epochs = trainer.only("pretraining").settings.epochs + trainer.only("averaged").settings.epochs
    assert epochs == 2 * EPOCHS - 1
    assert (made.cost.backward, made.cost.forward) == (epochs * NUM_EXAMPLES, (epochs + 1) * NUM_EXAMPLES)
    ((weights,),) = (part.weights for part in made.parts)
    pixels = digits().prepare(digits().train.inputs).flatten(1).double()
    torch.testing.assert_close(weights["1.running_mean"].double(), pixels.mean(dim=0), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(weights["1.running_var"].double(), pixels.var(dim=0), atol=1e-5, rtol=1e-4)


def test_buffers_are_not_averaged():
    task = normalised_task()
    trees = [{name: tensor + add for name, tensor in weights_of(task.network(0)).items()} for add in (0, 4)]
    mean = averaged(task, trees)
    assert torch.equal(mean["1.running_mean"], trees[1]["1.running_mean"])
    assert torch.equal(mean["1.num_batches_tracked"], trees[1]["1.num_batches_tracked"])
    torch.testing.assert_close(mean["2.weight"], trees[0]["2.weight"] + 2)


def test_too_few_epochs_give_none_and_a_size_that_diverges_is_left_out():
    assert set(SWA().ensembles(linear_task(epochs=1), (1, 2, 3), MemoryTrainer())) == {3}
    assert set(SWA().ensembles(linear_task(epochs=3), (1, 2), Losing(names=("averaged",), calls=(2,)))) == {1}


@pytest.mark.parametrize(
    ("option", "value", "rule"), [("pretraining", 0.0, "above 0 and below 1"), ("rate", -1.0, "above 0")]
)
def test_options_out_of_range_are_refused(option, value, rule):
    with pytest.raises(ArgumentError, match=rf"`{option}` must be {rule}; got {value}"):
        SWA(**{option: value})
