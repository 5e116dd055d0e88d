import numpy as np
import pytest
import torch

from modescape.core.errors import ModelError
from modescape.functions.kernel_alignment import cka
from modescape.studies.step import LeftOutError
from modescape.studies.steps.representations import representations
from studies.asked import ask
from studies.recomputed import Slow, context_of


@pytest.fixture
def context(copied):
    made = context_of(copied)
    ask(made, cka_examples=50, cka_batch=16, confidence=0.9)
    return made


@pytest.fixture
def found(context):
    representations.run(context)
    return context.run.arrays("results/representations").load()


def outputs(slow, inputs, weights):
    """The outputs of both layers of a network with one hidden layer."""
    rows = slow.dataset.prepare(inputs).flatten(1).double()
    names = [name for name in weights if name.endswith("weight")]
    first = rows @ weights[names[0]].double().T + weights[names[0].replace("weight", "bias")].double()
    second = first.relu() @ weights[names[1]].double().T + weights[names[1].replace("weight", "bias")].double()
    return [first, second]


def test_the_results_are_named(found):
    for end in ("", "_low", "_high"):
        assert found[f"cka{end}"].dims == ("layer", "member", "member_other")
        assert found[f"cross{end}"].dims == ("layer", "layer_other")
        assert found[f"parting{end}"].dims == ("layer",)
    # The last batch has two examples.
    assert [found.attrs[name] for name in ("num_examples", "batch", "num_batches")] == [48, 16, 3]
    assert found.attrs["pair"] == "0-1"
    assert found.attrs["layers_left_out"] == ""
    assert found.attrs["members_left_out"] == 0


def test_solutions_are_compared_as_an_obvious_reference_does(context, found):
    slow = Slow(context.run)
    inputs = context.sample_of(context.dataset.test, 50).inputs[:48]
    rows = [outputs(slow, inputs, slow.tree(member)) for member in range(3)]
    for layer in range(2):
        for one in range(3):
            for other in range(3):
                expected = cka(rows[one][layer], rows[other][layer], batch_size=16, confidence=0.9)
                for name, part in (("cka", "value"), ("cka_low", "low"), ("cka_high", "high")):
                    measured = float(found[name][layer, one, other])
                    assert measured == pytest.approx(float(getattr(expected, part)), abs=1e-4)
    for layer in range(2):
        for other in range(2):
            expected = cka(rows[0][layer], rows[1][other], batch_size=16)
            assert float(found["cross"][layer, other]) == pytest.approx(float(expected.value), abs=1e-4)
    pairs = found["cka"].values[:, [0, 0, 1], [1, 2, 2]]
    np.testing.assert_allclose(found["parting"], pairs.mean(axis=1))


def test_networks_before_training_stand_beside(context, found):
    assert found.attrs["num_untrained"] == 5
    slow = Slow(context.run)
    inputs = context.sample_of(context.dataset.test, 50).inputs[:48]
    rows = [outputs(slow, inputs, context.task.network(member).state_dict()) for member in range(3, 8)]
    pairs = [float(cka(rows[i][0], rows[j][0], batch_size=16).value) for i in range(5) for j in range(i)]
    assert float(found["untrained"][0]) == pytest.approx(np.mean(pairs), abs=1e-4)


def test_exchanging_neurons_changes_nothing(context, found):
    weights = context.run.read_weights(1, context.solution_step(1))
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    first, last = (
        next(name for name in names if name.endswith("weight")) for names in (weights, reversed(list(weights)))
    )
    weights[first], weights[last] = weights[first][order], weights[last][:, order]
    bias = first.replace("weight", "bias")
    weights[bias] = weights[bias][order]
    before = context.run.read_weights

    def read(member, step):
        return weights if member == 1 else before(member, step)

    context.run.read_weights = read
    again = representations.work(context)["results/representations"]
    np.testing.assert_allclose(again["cka"], found["cka"], atol=1e-6)


def test_networks_that_can_not_be_drawn_are_left_out(context, monkeypatch):
    built, _ = type(context.task).network, context.network

    def refuse(_self, _member):
        raise ModelError("no")

    monkeypatch.setattr(type(context.task), "network", refuse)
    made = representations.work(context)["results/representations"]
    assert "untrained" not in made
    assert made.attrs["num_untrained"] == 0
    monkeypatch.setattr(type(context.task), "network", lambda self, _member: built(self, 0))
    assert "untrained" not in representations.work(context)["results/representations"]


def test_one_member_or_too_few_examples_leave_it_out(context, monkeypatch):
    ask(context, cka_examples=4)
    assert representations.work(context)["results/representations"].attrs["num_batches"] == 1
    monkeypatch.setattr(type(context), "trained", [0])
    with pytest.raises(LeftOutError, match="It needs two trained members"):
        representations.work(context)
