"""Soups: linear branches whose mean is known, planted branches of which some are bad, and the budget."""

from math import ceil

import pytest
import torch

from methods.agreement import check_engines_agree
from methods.descent import RATE, Losing, Recording, check_close, descended, linear_task, normalised_task
from methods.tiny import EPOCHS, digits, tiny_task
from modescape.core.errors import ArgumentError, DataError, TrainingError
from modescape.functions.predictions import predict
from modescape.landscapes import renewed
from modescape.methods import GreedySoup, MemoryTrainer, UniformSoup
from modescape.methods.branches import Branching, branched, lengths, mean_of_weights
from modescape.methods.greedy_soup import chosen
from modescape.train import load_weights, weights_of

N = 128


def num_validation():
    """Return how many examples there are to choose by."""
    return len(digits().validation)


def test_a_soup_of_linear_branches_is_the_mean_of_what_each_learns():
    # Each step sees all examples, so that branches of one rate are alike.
    task = linear_task(epochs=6, schedule="constant")
    found = UniformSoup(common=0.6, rates=(1.0, 0.25)).ensembles(task, (3,), MemoryTrainer())[3]
    known = lengths(task, 3, 0.6)
    stem = descended(weights_of(task.network(0)), [RATE] * known.stem)[-1]
    fast, slow = (descended(stem, [rate * RATE] * known.branch)[-1] for rate in (1.0, 0.25))
    expected = {name: (2 * fast[name] + slow[name]) / 3 for name in fast}
    check_close(found.parts[0].weights[0], expected)
    assert (fast["1.weight"] - slow["1.weight"]).abs().max() > 1e-3


def accuracy(task, tree):
    """Return the accuracy on validation examples."""
    network = task.network(0)
    load_weights(network, tree)
    examples = digits().validation
    found = predict(network, examples.inputs, prepare=digits().prepare).argmax(dim=1)
    return (found == examples.labels).float().mean().item()


def planted(task, *, levels):
    """Return noisy versions of one trained network."""
    (trained,) = descended(weights_of(task.network(0)), [RATE] * 40)[-1:]
    random = torch.Generator().manual_seed(5)
    return [
        {name: (t + level * torch.randn(t.shape, generator=random)).float() for name, t in trained.items()}
        for level in levels
    ]


def test_greedy_choice_is_that_of_the_paper():
    task = linear_task(epochs=1)
    trees = planted(task, levels=(0.3, 0.02, 5.0, 0.1, 0.5))
    found, kept = chosen(task, trees)
    ranked = sorted(range(5), key=lambda index: -accuracy(task, trees[index]))
    soup, best = [], -1.0
    for index in ranked:
        average = {name: sum(trees[each][name].double() for each in [*soup, index]) / (len(soup) + 1) for name in found}
        if accuracy(task, average) >= best:
            soup, best = [*soup, index], accuracy(task, average)
    assert kept == tuple(soup)
    assert 2 not in kept
    assert len(kept) > 1
    assert accuracy(task, found) == best >= max(accuracy(task, tree) for tree in trees)
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, torch.stack([trees[each][name] for each in kept]).mean(dim=0))


def test_a_branch_that_changes_nothing_is_kept():
    task = linear_task(epochs=1)
    (tree,) = planted(task, levels=(0.0,))
    assert chosen(task, [tree, tree, tree])[1] == (0, 1, 2)


def test_the_budget_is_divided_after_what_choosing_takes():
    # 40 epochs of 4 members; 7 networks answer the validation examples, 3 answers for one training pass.
    whole = 160 - ceil(7 * num_validation() / 3 / N)
    for common in (0.25, 0.9):
        found = lengths(tiny_task(epochs=40, members=4), 4, common)
        assert found.stem + 4 * found.branch == whole
        assert found.stem == pytest.approx(common * whole, abs=2)
    assert lengths(tiny_task(epochs=1), 2, 0.5) is None


def test_both_soups_share_their_branches_and_count_their_passes():
    trainer = Recording()
    uniform = UniformSoup().ensembles(tiny_task(), (1, 3), trainer)
    known, kept = lengths(tiny_task(), 3, 0.5), dict(trainer.inner._kept)
    greedy = GreedySoup().ensembles(tiny_task(), (1, 3), trainer)
    assert trainer.inner._kept == kept
    assert set(uniform) == set(greedy) == {3}
    passes = (known.stem + 3 * known.branch) * N
    assert uniform[3].cost.backward == uniform[3].cost.forward == greedy[3].cost.backward == passes
    assert greedy[3].cost.forward == passes + 5 * num_validation()
    assert greedy[3].cost.training <= 3 * EPOCHS * N
    assert greedy[3].cost.prediction == uniform[3].cost.prediction == 1


def test_branches_differ_from_one_another_and_begin_where_the_stem_ends():
    trainer = Recording()
    found = branched(tiny_task(), 3, trainer, Branching(0.5, (1.0, 0.5)))
    (stem, _), ((first, _), (second, _)) = trainer.tasks["stem"][0], trainer.tasks["branch"]
    end = trainer.inner.train("stem", stem).solution(0)
    for task, members, rate in ((first, 2, 3e-3), (second, 1, 1.5e-3)):
        assert (task.settings.members, task.settings.learning_rate) == (members, pytest.approx(rate))
        assert all(torch.equal(tensor, end[name]) for name, tensor in weights_of(task.network(0)).items())
    orders = [first.order(0, 0), first.order(1, 0), second.order(0, 0), stem.order(0, 0)]
    assert len({tuple(order.flatten().tolist()) for order in orders}) == 4
    assert len(found.weights) == 3
    assert not torch.equal(found.weights[0]["0.weight"], found.weights[1]["0.weight"])
    check_engines_agree(first)


def test_statistics_of_batch_norm_are_those_of_the_mean():
    task, trainer = normalised_task(), MemoryTrainer()
    found = UniformSoup().ensembles(task, (3,), trainer)[3]
    branches = branched(task, 3, trainer, Branching(0.5, (1.0,)))
    mean = mean_of_weights(branches.weights)
    (expected,) = renewed(task.network(0), [mean], digits().train.inputs, prepare=digits().prepare)
    for name, tensor in found.parts[0].weights[0].items():
        torch.testing.assert_close(tensor, expected[name])
    assert found.cost.forward == found.cost.backward + N
    greedy = GreedySoup().ensembles(task, (3,), trainer)[3]
    assert greedy.cost.forward == greedy.cost.backward + 5 * num_validation() + 2 * N
    assert greedy.cost.training <= 3 * EPOCHS * N


def test_branches_that_diverge_are_left_out():
    lost = UniformSoup(rates=(1.0, 3.0)).ensembles(tiny_task(), (3,), Losing(names=("branch",), calls=(2,)))[3]
    assert lost.notes == ("1 of 3 members diverged and are left out.",)
    with pytest.raises(TrainingError, match="must be lower"):
        UniformSoup().ensembles(tiny_task(), (3,), Losing(names=("branch",)))
    with pytest.raises(TrainingError, match="must be lower"):
        GreedySoup().ensembles(tiny_task(), (3,), Losing(names=("stem",)))


def test_a_greedy_soup_needs_validation_examples():
    task = tiny_task()
    nothing = type(task.dataset.validation)(task.dataset.validation.inputs[:0], task.dataset.validation.labels[:0])
    empty = type(task)(task.recipe, _without(task.dataset, nothing), task.settings, 0)
    with pytest.raises(DataError, match=r"`validation` must hold examples, by which branches are chosen; got none"):
        GreedySoup().ensembles(empty, (2,), MemoryTrainer())


def _without(dataset, nothing):
    """Return a data set without validation examples."""
    fields = ("name", "classes", "train", "test", "shift", "scale", "fingerprint")
    return type(dataset)(**{name: getattr(dataset, name) for name in fields}, validation=nothing)


@pytest.mark.parametrize("soup", [UniformSoup, GreedySoup])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"common": 0.0}, r"`common` must be above 0 and below 1; got 0\.0\. Pass 0\.5"),
        ({"rates": ()}, r"`rates` must hold at least one rate, each above 0; got \(\)\. Pass"),
        ({"rates": (1.0, -1.0)}, r"`rates` must hold at least one rate, each above 0; got \(1\.0, -1\.0\)"),
    ],
)
def test_options_out_of_range_are_refused(soup, options, message):
    with pytest.raises(ArgumentError, match=message):
        soup(**options)
