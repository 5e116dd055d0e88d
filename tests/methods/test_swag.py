"""SWAG and MultiSWAG: samples of the right Gaussian, around the right networks, at the right cost."""

import pytest
import torch

from methods.descent import RATE, Losing, Recording, check_close, descended, linear_task, normalised_task
from methods.tiny import digits
from modescape.core.errors import ArgumentError, TrainingError
from modescape.core.trees import ravel, stack
from modescape.methods import SWA, SWAG, MemoryTrainer, MultiSWAG
from modescape.methods.gaussian import VisitedGaussian
from modescape.methods.swag_samples import renewal_rows
from modescape.train import weights_of

NUM_EXAMPLES = len(digits().train)


def test_samples_are_of_the_gaussian_around_the_weights_that_descent_visits():
    task = linear_task(epochs=10)
    method = SWAG(pretraining=0.4, rate=0.7, samples=300, rank=4, scale=1.5)
    (part,) = method.ensembles(task, (1,), MemoryTrainer())[1].parts
    way = descended(weights_of(task.network(0)), [RATE] * 4 + [0.7 * RATE] * 6)
    gaussian = VisitedGaussian.fitted([ravel(tree) for tree in way[4:]], rank=4)
    samples = torch.stack([ravel(weights) for weights in part.weights]).double()
    variance = 1.5 * (gaussian.variance + (gaussian.deviations**2).sum(dim=0) / 3)
    error = (samples.mean(dim=0) - gaussian.mean).abs()
    assert (error <= 5 * (variance / 300).sqrt() + 1e-6).all()
    assert samples.var(dim=0).sum().item() == pytest.approx(variance.sum().item(), rel=0.2)
    # Most of the covariance lies along few directions: the deviations of all samples span them.
    assert variance.sum().sqrt() > 1e-3


def test_without_scale_all_samples_are_the_average():
    task = linear_task(epochs=8)
    (part,) = SWAG(samples=2, scale=0.0).ensembles(task, (1,), MemoryTrainer())[1].parts
    ((average,),) = (part.weights for part in SWA().ensembles(task, (1,), MemoryTrainer())[1].parts)
    for weights in part.weights:
        check_close(weights, {name: tensor.double() for name, tensor in average.items()}, tolerance=1e-6)


def test_without_batch_norm_it_shares_its_training_with_swa():
    trainer = MemoryTrainer()
    for method in (SWA(), SWAG(samples=2)):
        method.ensembles(linear_task(epochs=4), (1, 2), trainer)
    assert len(trainer._kept) == 4


def test_it_costs_the_training_and_keeps_mean_variance_and_directions():
    made = SWAG(samples=6, rank=3).ensembles(linear_task(epochs=8), (1, 2), MemoryTrainer())
    assert [(made[size].num_members, made[size].cost.prediction) for size in (1, 2)] == [(6, 6), (6, 6)]
    # Size 1 has two epochs at the constant rate, and as many directions.
    assert [made[size].cost.parameters for size in (1, 2)] == [4 * 650, 5 * 650]
    assert made[2].cost.training == 16 * NUM_EXAMPLES


@pytest.mark.parametrize("method", [SWAG(samples=4, renewal=0.25), MultiSWAG(samples=4, renewal=0.25)])
def test_batch_norm_of_each_sample_is_measured_on_a_share_of_the_examples(method):
    task, trainer = normalised_task(epochs=6, members=2), Recording()
    made = method.ensembles(task, (1,), trainer)[1]
    rows = renewal_rows(task, 0.25, 0)
    assert len(set(rows.tolist())) == 32
    pixels = digits().prepare(digits().train.inputs[rows]).flatten(1).double()
    for weights in made.parts[0].weights:
        torch.testing.assert_close(weights["1.running_mean"].double(), pixels.mean(dim=0), atol=1e-5, rtol=1e-5)
    # Four times a quarter of the examples forward are a third of an epoch.
    epochs = trainer.tasks["pretraining"][0][0].settings.epochs + trainer.tasks["averaged"][0][0].settings.epochs
    assert epochs == 5
    assert (made.cost.backward, made.cost.forward) == (5 * NUM_EXAMPLES, 6 * NUM_EXAMPLES)


def test_members_of_multiswag_are_trained_and_sampled_apart():
    task = linear_task(epochs=6, members=3)
    made = MultiSWAG(samples=5, scale=0.0, pretraining=0.5, rate=0.9).ensembles(task, (1, 3), MemoryTrainer())
    weights = made[3].parts[0].weights
    assert (len(weights), made[3].cost.prediction, made[3].cost.parameters) == (15, 15, 3 * 5 * 650)
    assert made[3].cost.training == 3 * 6 * NUM_EXAMPLES
    for member in range(3):
        way = descended(weights_of(task.network(member)), [RATE] * 3 + [0.9 * RATE] * 3)
        mean = {name: tensor.mean(dim=0) for name, tensor in stack(way[3:]).items()}
        check_close(weights[5 * member], mean)
    assert len(made[1].parts[0].weights) == 5


def test_samples_of_a_member_do_not_depend_on_the_others():
    few, many = (
        MultiSWAG(samples=2).ensembles(linear_task(epochs=4, members=members), (members,), MemoryTrainer())[members]
        for members in (1, 3)
    )
    for one, other in zip(few.parts[0].weights, many.parts[0].weights, strict=False):
        check_close(one, {name: tensor.double() for name, tensor in other.items()}, tolerance=1e-7)


def test_members_that_diverge_before_or_after_are_left_out():
    made = MultiSWAG(samples=2).ensembles(
        linear_task(epochs=4), (1, 3), Losing(members=(0,), names=("averaged",), calls=())
    )
    assert set(made) == {3}
    assert made[3].notes == ("1 of 3 members diverged and are left out.",)
    made = MultiSWAG(samples=2).ensembles(linear_task(epochs=4), (1, 3), Losing(names=("averaged",), calls=(2,)))
    assert (made[3].num_members, made[3].notes) == (4, ("1 of 3 members diverged and are left out.",))
    assert made[3].cost.training == 3 * 4 * NUM_EXAMPLES
    with pytest.raises(TrainingError, match="`learning_rate` must be lower"):
        MultiSWAG().ensembles(linear_task(epochs=4), (1, 3), Losing(names=("averaged",)))


def test_too_few_epochs_give_none():
    assert MultiSWAG().ensembles(linear_task(epochs=2), (1, 3), MemoryTrainer()) == {}
    assert set(SWAG().ensembles(linear_task(epochs=2), (1, 2), MemoryTrainer())) == {2}


@pytest.mark.parametrize("method", [SWAG, MultiSWAG])
@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("pretraining", 1.0, "above 0 and below 1"),
        ("samples", 0, "at least 1"),
        ("rank", 1, "at least 2"),
        ("rate", 0.0, "above 0"),
        ("scale", -0.5, "at least 0"),
        ("renewal", 0.0, "above 0 and at most 1"),
        ("renewal", 1.1, "above 0 and at most 1"),
    ],
)
def test_options_out_of_range_are_refused(method, option, value, rule):
    with pytest.raises(ArgumentError, match=rf"`{option}` must be {rule}; got {value}"):
        method(**{option: value})
