import re

import numpy as np
import pytest

from modescape.core.errors import ArgumentError, TrainingError
from modescape.studies import study
from modescape.studies.report import report_contents
from modescape.studies.steps import chain
from studies.recomputed import cosine
from studies.samples import WHOLE, Listener


def test_the_results_are_named(whole):
    found = whole.arrays("results/chain")
    names = ["cycle 1, epoch 4", "cycle 2, epoch 8", "member 0", "member 1", "member 2"]
    assert found["point"].values.tolist() == found["point_other"].values.tolist() == names
    assert found["cosine"].dims == found["disagreement"].dims == ("point", "point_other")
    assert found["accuracy"].dims == found["kind"].dims == found["cycle"].dims == ("point",)
    assert found["kind"].values.tolist() == ["chain", "chain", "member", "member", "member"]
    assert found["cycle"].values.tolist() == [1, 2, -1, -1, -1]
    assert found.attrs == {"num_examples": 150, "epochs": 8, "cycles": 2, "confidence": 0.95}
    ensembles = whole.arrays("results/chain-ensemble")
    assert ensembles["value"].dims == ensembles["independent_value"].dims == ("metric", "size")
    assert ensembles["size"].values.tolist() == [1, 2]


def test_matrices_are_those_of_the_stored_weights(whole, slow):
    found = whole.arrays("results/chain")
    vectors = [slow.vector(0, step, part="chain") for step in (4, 8)] + [slow.vector(member) for member in range(3)]
    decided = [slow.decide(vector) for vector in vectors]
    for one in range(5):
        assert found["accuracy"].values[one] == pytest.approx(np.mean(decided[one] == slow.labels))
        for other in range(5):
            assert found["cosine"].values[one, other] == pytest.approx(cosine(vectors[one], vectors[other]), abs=1e-6)
            differs = np.mean(decided[one] != decided[other])
            assert found["disagreement"].values[one, other] == pytest.approx(differs)


def test_ensembles_of_samples_stand_beside_those_of_members(whole, slow):
    found = whole.arrays("results/chain-ensemble").sel(metric="nll")
    inputs, rows = slow.dataset.test.inputs, range(150)
    samples = [slow.predict(slow.tree(0, step, part="chain"), inputs) for step in (4, 8)]
    members = [slow.predict(slow.tree(member), inputs) for member in range(3)]
    expected = -np.log(np.mean(samples, axis=0)[rows, slow.labels]).mean()
    assert float(found["value"].sel(size=2)) == pytest.approx(expected, rel=1e-5)
    pairs = [(members[one] + members[other]) / 2 for one, other in ((0, 1), (0, 2), (1, 2))]
    expected = np.mean([-np.log(pair[rows, slow.labels]).mean() for pair in pairs])
    assert float(found["independent_value"].sel(size=2)) == pytest.approx(expected, rel=1e-5)


def test_it_runs_as_long_as_a_member_made_up_to_whole_cycles(tmp_path):
    settings = {**WHOLE, "members": 2, "epochs": 2, "trajectories": 0, "engine": "vmap", "chain_epochs": None}
    run = study("fort2019", **{**settings, "chain_cycles": 3}, only="chain", output=tmp_path / "run")
    found = run.arrays("results/chain")
    assert found.attrs["epochs"] == found.attrs["cycles"] == 3
    assert found["kind"].values.tolist() == ["chain"] * 3 + ["member"] * 2
    # Three samples beside two members: there is nothing to compare the largest ensemble with.
    assert np.isnan(run.arrays("results/chain-ensemble")["independent_value"].sel(size=3)).all()


def test_a_length_that_is_not_whole_cycles_is_refused_before_anything_is_trained(tmp_path):
    message = "`chain_epochs` must be a multiple of the 2 cycles; got 5. Change it or --chain-cycles"
    with pytest.raises(ArgumentError, match=re.escape(message)):
        study("fort2019", **{**WHOLE, "chain_epochs": 5}, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_chain_that_diverges_is_left_out_with_a_note(whole_copied, monkeypatch):
    listener = Listener()
    with monkeypatch.context() as patch:
        patch.setattr(chain.Experiment, "train", diverging)
        study(resume=True, output=whole_copied.path, chain_epochs=2, progress=listener)
    assert whole_copied.status == "finished"
    assert "a cyclical SG-MCMC chain: left out. all diverged" in listener.said
    contents = report_contents(whole_copied)
    assert contents.notes == ["chain is left out: all diverged"]
    assert not {"chain", "chain-ensemble"} & set(contents.results)
    study(resume=True, output=whole_copied.path)
    assert whole_copied.arrays("results/chain").attrs["epochs"] == 2


def diverging(*_):
    raise TrainingError("all diverged")
