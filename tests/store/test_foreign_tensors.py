import argparse
import os
import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from modescape.core.errors import DataError
from modescape.store.foreign_tensors import fitted_names, read_tensors

WEIGHTS = {"0.weight": torch.randn(3, 2), "0.bias": torch.randn(3)}


@pytest.mark.parametrize("name", ["state_dict", "model", "model_state_dict", "net"])
def test_weights_are_found_beside_what_trainers_keep(tmp_path, name):
    torch.save({"epoch": 3, name: WEIGHTS, "optimizer": {"state": {0: {"step": torch.ones(1)}}}}, tmp_path / "a.pt")
    found = read_tensors(tmp_path / "a.pt")
    assert all(torch.equal(found[key], tensor) for key, tensor in WEIGHTS.items())
    assert len(found) == len(WEIGHTS)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module._orig_mod.", "model.module."])
def test_prefixes_of_wrappers_are_taken_away(prefix):
    wanted = nn.Sequential(nn.Linear(2, 3)).state_dict()
    found = fitted_names({prefix + name: tensor for name, tensor in WEIGHTS.items()}, wanted, "a.pt")
    assert list(found) == list(wanted)
    assert torch.equal(found["0.bias"], WEIGHTS["0.bias"])


def test_a_network_whose_own_names_begin_like_a_wrapper_keeps_them():
    network = nn.Sequential()
    network.add_module("model", nn.Linear(2, 3))
    state = network.state_dict()
    assert list(fitted_names(state, state, "a.pt")) == ["model.weight", "model.bias"]
    wrapped = {f"module.{name}": tensor for name, tensor in state.items()}
    assert list(fitted_names(wrapped, state, "a.pt")) == ["model.weight", "model.bias"]


def test_what_averaging_and_old_batch_norm_add_or_lack_does_not_matter():
    wanted = nn.BatchNorm1d(2).state_dict()
    averaged = {f"module.{name}": tensor + 1 for name, tensor in wanted.items() if "num_batches" not in name}
    found = fitted_names({"n_averaged": torch.tensor(4), **averaged}, wanted, "a.pt")
    assert list(found) == list(wanted)
    assert found["running_mean"].tolist() == [1, 1]


def test_safetensors_and_single_tensors_are_read(tmp_path):
    save_file(WEIGHTS, tmp_path / "a.safetensors")
    assert torch.equal(read_tensors(tmp_path / "a.safetensors")["0.weight"], WEIGHTS["0.weight"])
    torch.save(torch.ones(4, 2), tmp_path / "b.pt")
    assert read_tensors(tmp_path / "b.pt").shape == (4, 2)


class Evil:
    ran = False

    def __reduce__(self):
        return (setattr, (Evil, "ran", True))


def test_code_is_never_run(tmp_path):
    torch.save({"state_dict": WEIGHTS, "hook": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(DataError, match=r"evil\.pt holds Python objects.*only tensors are loaded, never code\. Save"):
        read_tensors(tmp_path / "evil.pt")
    assert not Evil.ran


def test_objects_are_named(tmp_path):
    torch.save({"args": argparse.Namespace(width=3), "model": WEIGHTS}, tmp_path / "a.pt")
    with pytest.raises(DataError, match=r"Python objects \(argparse\.Namespace\)"):
        read_tensors(tmp_path / "a.pt")
    torch.save(nn.Linear(2, 3), tmp_path / "b.pt")
    with pytest.raises(DataError, match=r"torch\.nn\.modules\.linear\.Linear"):
        read_tensors(tmp_path / "b.pt")


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_files_that_are_cut_short_are_named(tmp_path, suffix, share):
    whole = tmp_path / f"whole.{suffix}"
    big = {"w": torch.randn(400, 3)}
    torch.save(big, whole) if suffix == "pt" else save_file(big, whole)
    content = whole.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=rf"cut\.{suffix} can't be read as weights .*cut short"):
        read_tensors(cut)


def test_files_without_weights_are_named(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "a.pt")
    with pytest.raises(DataError, match=r"a\.pt holds no weights by name, only epoch\. Save"):
        read_tensors(tmp_path / "a.pt")
    with pytest.raises(DataError, match="There is no file"):
        read_tensors(tmp_path / "nowhere.pt")


def test_weights_of_another_network_are_named():
    wanted = nn.Sequential(nn.Linear(2, 3)).state_dict()
    with pytest.raises(DataError, match=r"b\.pt does not fit the network: it lacks 0\.bias and it has unknown 1\.bias"):
        fitted_names({"0.weight": WEIGHTS["0.weight"], "1.bias": torch.ones(3)}, wanted, "b.pt")
    many = {f"{name}.weight": torch.ones(1) for name in "abcde"}
    with pytest.raises(DataError, match=r"has unknown a\.weight, b\.weight, c\.weight and 2 more"):
        fitted_names(many, wanted, "b.pt")
    with pytest.raises(DataError, match=r"0\.bias has the shape \(4,\), and \(3,\) in the network"):
        fitted_names({**WEIGHTS, "0.bias": torch.ones(4)}, wanted, "b.pt")
    with pytest.raises(DataError, match=r"b\.pt has NaN or an infinity in 0\.bias"):
        fitted_names({**WEIGHTS, "0.bias": torch.tensor([0.0, float("nan"), 1.0])}, wanted, "b.pt")


def test_a_system_call_is_refused_as_code_and_not_as_damage(tmp_path):
    class Call:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    torch.save({"state_dict": {"w": torch.ones(2)}, "x": Call()}, tmp_path / "zip.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Call(), protocol=4))
    for name in ("zip.pt", "plain.pt"):
        with pytest.raises(DataError, match=r"holds Python objects.*only tensors are loaded, never code\. Save"):
            read_tensors(tmp_path / name)
    assert not (tmp_path / "ran").exists()
