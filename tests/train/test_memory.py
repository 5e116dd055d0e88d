"""Groups as large as memory allows."""

import pytest
import torch

from modescape.train import ENGINES
from modescape.train.memory import COPIES, TRANSIENT, free_bytes, member_bytes, members_that_fit
from train.networks import AlwaysDropping


def test_a_member_takes_its_weights_and_what_autograd_keeps(make_task):
    task = make_task("mlp", {"hidden": [32], "dropout": 0.0}, batch_size=30)
    num_params = 6 * 32 + 32 + 32 * 3 + 3
    # Kept by autograd: inputs, hidden values after ReLU, log-probabilities, labels, both weights.
    kept = 4 * (30 * 6 + 30 * 32 + 30 * 3 + 6 * 32 + 32 * 3) + 8 * 30
    found = member_bytes(task)
    assert found == pytest.approx(COPIES * 4 * num_params + TRANSIENT * kept, rel=0.2)


def test_members_fit_into_half_of_what_is_free(monkeypatch, make_task):
    task = make_task()
    for number in (1, 7):
        monkeypatch.setattr("modescape.train.memory.free_bytes", lambda _, n=number: 2.0 * n * member_bytes(task) + 1)
        assert members_that_fit(task) == number
        assert ENGINES["vmap"].group_size(task) == number
    monkeypatch.setattr("modescape.train.memory.free_bytes", lambda _: 0.0)
    assert members_that_fit(task) == 1


def test_global_generators_are_not_moved(make_task):
    task = make_task(AlwaysDropping)
    before = torch.get_rng_state()
    member_bytes(task)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_cpu_has_memory_and_an_unknown_system_is_given_some(monkeypatch):
    assert 2**20 < free_bytes(torch.device("cpu")) < 2**50
    monkeypatch.delattr("os.sysconf")
    assert free_bytes(torch.device("cpu")) == 2**32
