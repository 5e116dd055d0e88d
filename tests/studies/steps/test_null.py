import numpy as np
import pytest
import torch
from scipy.stats import beta

from modescape.core.errors import ModelError
from modescape.studies.steps import null as room
from modescape.studies.steps.null import null
from modescape.weights.symmetry import UnsupportedGraphError
from studies.asked import ask
from studies.recomputed import Slow, context_of


@pytest.fixture
def context(copied):
    made = context_of(copied)
    ask(made, null_samples=20, confidence=0.9)
    return made


@pytest.fixture
def found(context):
    null.run(context)
    return context.run.arrays("results/null").load()


def cosine(one, other):
    return float(one @ other / one.norm() / other.norm())


def test_the_results_are_named(found):
    assert found["null"].values.tolist() == ["independent", "initialisations", "permutations"]
    for name in ("mean", "low", "high", "num"):
        assert found[name].dims == ("null",)
        assert name == "num" or found[f"layer_{name}"].dims == ("null", "layer")
    assert found["num"].values.tolist() == [199, 190, 20]
    assert found["cosine"].dims == ("null", "sample")
    assert np.isfinite(found["cosine"]).sum("sample").values.tolist() == [199, 190, 20]
    assert found.attrs["confidence"] == 0.9
    assert found.attrs["permutations_left_out"] == found.attrs["initialisations_left_out"] == ""


def test_independent_directions_are_known(found):
    half = (found.attrs["num_params"] - 1) / 2
    chosen = found.sel(null="independent")
    expected = 2 * beta.ppf([0.05, 0.95], half, half) - 1
    assert [float(chosen["mean"]), float(chosen["low"]), float(chosen["high"])] == pytest.approx([0.0, *expected])
    assert (np.diff(chosen["cosine"]) > 0).all()


def test_networks_before_training_are_not_those_of_members(context, found):
    task = context.task
    networks = [task.network(member) for member in range(3, 23)]
    vectors = [torch.nn.utils.parameters_to_vector(network.parameters()).detach().double() for network in networks]
    expected = sorted(cosine(vectors[i], vectors[j]) for i in range(20) for j in range(i))
    chosen = found.sel(null="initialisations")
    np.testing.assert_allclose(chosen["cosine"][:190], expected, atol=1e-12)
    assert float(chosen["low"]) == pytest.approx(np.quantile(expected, 0.05))
    assert float(chosen["mean"]) == pytest.approx(np.mean(expected))


def test_permuted_copies_are_farther_apart_than_the_member_itself(found):
    chosen = found.sel(null="permutations")
    assert 0 < float(chosen["high"]) < 0.9
    assert float(chosen["low"]) <= float(chosen["mean"]) <= float(chosen["high"])
    assert len(np.unique(chosen["cosine"].values[:20])) == 20


def test_members_stand_beside(context, found):
    slow = Slow(context.run)
    vectors = [slow.vector(member) for member in range(3)]
    expected = np.mean([cosine(vectors[i], vectors[j]) for i in range(3) for j in range(i)])
    assert float(found["members_mean"]) == pytest.approx(expected)
    assert float(found["members_low"]) < expected < float(found["members_high"])


def test_the_same_seed_gives_the_same(context, found):
    again = null.work(context)["results/null"]
    np.testing.assert_array_equal(again["cosine"], found["cosine"])


def test_a_network_that_is_not_understood_is_named(context, monkeypatch):
    def refused(_network, _inputs):
        raise UnsupportedGraphError("`network` must be understood; got gru. Take another.")

    monkeypatch.setattr(room, "symmetry_of", refused)
    made = null.work(context)["results/null"]
    assert np.isnan(made["mean"].sel(null="permutations"))
    assert int(made["num"].sel(null="permutations")) == 0
    assert "got gru" in made.attrs["permutations_left_out"]
    assert np.isfinite(made["mean"].sel(null=["independent", "initialisations"])).all()


def test_networks_that_can_not_be_drawn_are_left_out(context, monkeypatch):
    first = context.task.network(0)
    monkeypatch.setattr(type(context.task), "network", lambda _self, _member: first)
    made = null.work(context)["results/null"]
    assert "same weights each time" in made.attrs["initialisations_left_out"]
    assert np.isnan(made["mean"].sel(null="initialisations"))

    def refuse(_self, member):
        if member >= 3:
            raise ModelError("`model` must be a function; got a checkpoint. Pass one.")
        return first

    monkeypatch.setattr(type(context.task), "network", refuse)
    made = null.work(context)["results/null"]
    assert "got a checkpoint" in made.attrs["initialisations_left_out"]


def test_it_depends_on_its_settings(context):
    key = null.key(context)
    ask(context, null_samples=21)
    assert null.key(context) != key
