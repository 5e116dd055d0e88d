import math

import torch

from modescape.studies.checkpoints import RunCheckpoints, outcomes_of
from modescape.train import MemberOutcome


def outcome(**changes):
    values = {
        "member": 0,
        "status": "trained",
        "solution_step": 2,
        "losses": (1.5, 0.25),
        "accuracies": (0.5, 1.0),
        "seconds": 3.5,
        "note": "",
    }
    return MemberOutcome(**{**values, **changes})


def test_outcomes_come_back_as_they_were(copied):
    kept = RunCheckpoints(copied)
    first, second = outcome(), outcome(member=11, status="diverged", losses=(), accuracies=(), note="it diverged")
    kept.save_outcomes("group", [first, second])
    found = kept.load_outcomes()
    assert found[0] == first
    assert found[11] == second
    assert outcomes_of(copied) == found


def test_accuracies_without_validation_examples_stay_nan(copied):
    RunCheckpoints(copied).save_outcomes("group", [outcome(accuracies=(math.nan, 0.5))])
    first, second = outcomes_of(copied)[0].accuracies
    assert math.isnan(first)
    assert second == 0.5


def test_weights_and_states_are_kept_in_the_run(copied):
    kept = RunCheckpoints(copied)
    kept.save_weights({(7, 3): {"w": torch.tensor([1.0, -2.0])}})
    assert copied.read_weights(7, 3)["w"].tolist() == [1.0, -2.0]
    assert kept.load_state("members-007-007") is None
    kept.save_state("members-007-007", {"7/w": torch.tensor([3])}, {"epochs_done": "3"})
    tensors, metadata = kept.load_state("members-007-007")
    assert tensors["7/w"].tolist() == [3]
    assert metadata == {"epochs_done": "3"}


def test_a_part_keeps_all_of_its_own_beside_the_run(copied):
    before, members = outcomes_of(copied), copied.members
    kept = RunCheckpoints(copied, part="chain")
    assert kept.load_outcomes() == {}
    kept.save_weights({(0, 3): {"w": torch.tensor([1.0, -2.0])}})
    kept.save_state("members-000-000", {"0/w": torch.tensor([3])}, {"epochs_done": "3"})
    kept.save_outcomes("members-000-000", [outcome(accuracies=(math.nan,)), outcome(member=3, seconds=1.0)])
    assert copied.read_weights(0, 3, "chain")["w"].tolist() == [1.0, -2.0]
    assert kept.load_state("members-000-000")[1] == {"epochs_done": "3"}
    assert RunCheckpoints(copied).load_state("members-000-000") is None
    assert list(outcomes_of(copied, "chain")) == [0, 3]
    assert math.isnan(kept.load_outcomes()[0].accuracies[0])
    assert outcomes_of(copied, "chain")[3] == outcome(member=3, seconds=1.0)
    assert (outcomes_of(copied), copied.members) == (before, members)
    assert (outcomes_of(copied, "other"), copied.damage()) == ({}, [])
