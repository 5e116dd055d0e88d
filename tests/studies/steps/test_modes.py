import numpy as np
import pytest
import xarray as xr

from modescape.evaluate import richness
from modescape.functions import decisions, disagreement_matrix
from modescape.studies.step import LeftOutError
from modescape.studies.steps.modes import modes
from studies.recomputed import context_of
from studies.steps.test_pairs import files


def test_the_tree_and_its_modes(copied):
    context = context_of(copied)
    modes.run(context)
    found = copied.arrays("results/modes")
    chosen = decisions(copied.arrays("predictions/test")["probability"].to_numpy())
    differ = disagreement_matrix(chosen)
    assert float(found["height"][0]) == pytest.approx(differ[np.triu_indices(3, 1)].min())
    assert found["size"].values.tolist() == [2, 3]
    late = decisions(copied.arrays("predictions/trajectories")["probability"].to_numpy())
    steps = context.late_steps
    pairs = [disagreement_matrix(path[steps])[np.triu_indices(len(steps), 1)] for path in late]
    if np.concatenate(pairs).size:
        assert found.attrs["threshold"] == pytest.approx(np.quantile(np.concatenate(pairs), 0.975))
        assert found.attrs["threshold_source"].startswith("measured: 97.5 % of")
    at = int(np.argmin(np.abs(found["threshold"].values - found.attrs["threshold"])))
    expected = richness(found["member_mode"].values)
    assert int(found["num_modes"][at]) == expected.num_modes
    assert float(found["chao1"][at]) == expected.chao1
    assert found["mode"].values.tolist() == found["member_mode"].values[found["leaf"].values].tolist()
    assert found["num_modes"].values[[0, -1]].tolist() == [3, 1]


def test_a_threshold_that_is_set(tmp_path):
    context = files(tmp_path)
    context.settings.differences.__dict__["same_mode"] = 0.3
    modes.run(context)
    found = context.run.arrays("results/modes")
    assert found.attrs["threshold"] == 0.3
    assert found.attrs["threshold_source"] == "as set by same_mode"
    assert found["member_mode"].values[0] == found["member_mode"].values[1] != found["member_mode"].values[2]
    assert found.attrs["verdict"].startswith(
        "3 members are in 2 modes at a threshold of 30.0 %; there are an estimated"
    )
    assert found["member_name"].values.tolist() == ["a.npy", "b.npy", "c.npy"]


def test_without_trajectories_members_are_one_mode_only_if_they_never_differ(tmp_path):
    context = files(tmp_path)
    modes.run(context)
    found = context.run.arrays("results/modes")
    assert found.attrs["threshold"] == 0.125
    assert found.attrs["threshold_source"].startswith("half the smallest disagreement between members")
    assert "there are more modes than can be seen with so many members, at least 3 with" in found.attrs["verdict"]


def test_one_member_has_no_modes(tmp_path):
    context = files(tmp_path)
    one = xr.Dataset({"decision": (("member", "example"), [[0, 1]])}, coords={"member": [0]})
    context.run.write_arrays("predictions/test", one)
    with pytest.raises(LeftOutError, match=r"One member has no other to be the same as. Train or pass more members."):
        modes.work(context)
