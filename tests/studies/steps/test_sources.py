import numpy as np
import pytest
import torch

from modescape.studies import study
from studies.recomputed import Slow, cosine
from studies.samples import WHOLE

TWO = {**WHOLE, "members": 2, "epochs": 2, "trajectories": 0}


def cell(initialisation, order, noise):
    return {"initialisation": initialisation, "order": order, "noise": noise}


def part(initialisation, order, noise):
    return f"sources-{noise}-{initialisation}-start-{order}-order"


def test_the_results_are_named(whole):
    found = whole.arrays("results/sources")
    for name in ("disagreement", "disagreement_low", "disagreement_high", "cosine", "accuracy", "num_pairs"):
        assert found[name].dims == ("initialisation", "order", "noise")
        assert np.isfinite(found[name]).all()
    assert found["initialisation"].values.tolist() == found["order"].values.tolist() == ["same", "different"]
    assert found["noise"].values.tolist() == ["off", "on"]
    assert (found["num_pairs"] == 1).all()
    assert found.attrs == {"epochs": 4, "num_examples": 150, "confidence": 0.95}


def test_the_same_start_and_order_without_noise_is_the_same_network(whole, slow):
    found = whole.arrays("results/sources").sel(cell("same", "same", "off"))
    assert float(found["disagreement"]) == 0.0
    assert float(found["cosine"]) == pytest.approx(1.0, abs=1e-6)
    base, other = slow.tree(0, part="sources-off"), slow.tree(1, part=part("same", "same", "off"))
    assert all(torch.equal(base[name], other[name]) for name in base)


@pytest.mark.parametrize("chosen", [("same", "same", "on"), ("same", "different", "off"), ("different", "same", "on")])
def test_a_cell_compares_its_member_with_the_base_of_its_noise(whole, slow, chosen):
    found = whole.arrays("results/sources").sel(cell(*chosen))
    held = None if chosen[2] == "on" else "sources-off"
    base, other = slow.vector(0, part=held), slow.vector(1, part=part(*chosen))
    decided = slow.decide(base), slow.decide(other)
    assert float(found["disagreement"]) == pytest.approx(np.mean(decided[0] != decided[1])) != 0
    assert float(found["cosine"]) == pytest.approx(cosine(base, other), abs=1e-6)
    assert float(found["accuracy"]) == pytest.approx(np.mean([one == slow.labels for one in decided]))


def test_the_ordinary_cell_is_made_of_the_ensemble(whole, slow):
    found = whole.arrays("results/sources").sel(cell("different", "different", "on"))
    expected = np.mean(slow.decide(slow.tree(0)) != slow.decide(slow.tree(1)))
    assert float(found["disagreement"]) == pytest.approx(expected)
    assert part("different", "different", "on") not in whole.parts


def test_nothing_that_was_needed_to_go_on_is_left_behind(whole):
    left = {path.parts[-3] for path in whole.path.glob("parts/*/state/*")}
    # Fitted curves stay: planes are laid through their bends.
    assert left <= {"paths-curves"}


def test_more_pairs_than_the_ensemble_has_are_trained(tmp_path):
    run = study("fort2019", **TWO, source_pairs=2, only="sources", output=tmp_path / "run")
    assert (run.arrays("results/sources")["num_pairs"] == 2).all()
    slow, name = Slow(run), part("different", "different", "on")
    assert torch.equal(slow.vector(1, part=name), slow.vector(1))
    own = slow.decide(slow.tree(0))
    expected = np.mean([slow.decide(slow.tree(member, part=name)) != own for member in (1, 2)])
    found = run.arrays("results/sources").sel(cell("different", "different", "on"))
    assert float(found["disagreement"]) == pytest.approx(expected)


def test_other_epochs_have_a_base_of_their_own(tmp_path):
    settings = {**TWO, "engine": "vmap", "source_epochs": 1}
    run = study("fort2019", **settings, only="sources", output=tmp_path / "run")
    found = run.arrays("results/sources")
    assert {"sources-on", "sources-off", part("different", "different", "on")} <= set(run.parts)
    assert found.attrs["epochs"] == 1
    same = found.sel(cell("same", "same", "off"))
    assert float(same["disagreement"]) == 0.0
    assert float(same["cosine"]) == pytest.approx(1.0, abs=1e-6)
    assert float(found["disagreement"].sel(cell("different", "different", "on"))) > 0
