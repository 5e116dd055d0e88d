"""Checkpoints in memory."""

import json

import torch

from modescape.train import MemberOutcome, MemoryCheckpoints


def outcome(member):
    return MemberOutcome(member, "trained", 3, (0.5, 0.25), (0.9, 1.0), 1.5)


def test_memory_gives_back_what_it_was_given():
    kept = MemoryCheckpoints()
    assert kept.load_state("g") is None
    assert kept.load_outcomes() == {}
    kept.save_weights({(0, 1): {"w": torch.ones(2)}})
    kept.save_weights({(1, 1): {"w": torch.zeros(2)}})
    assert set(kept.weights) == {(0, 1), (1, 1)}
    kept.save_state("g", {"a": torch.ones(1)}, {"epochs_done": "1"})
    kept.save_state("g", {"b": torch.ones(1)}, {"epochs_done": "2"})
    tensors, metadata = kept.load_state("g")
    assert (list(tensors), metadata) == (["b"], {"epochs_done": "2"})
    kept.save_state("h", {}, {})
    kept.save_outcomes("g", [outcome(0), outcome(2)])
    assert kept.load_state("g") is None
    assert kept.load_state("h") == ({}, {})
    assert kept.load_outcomes() == {0: outcome(0), 2: outcome(2)}


def test_a_record_holds_plain_values():
    record = outcome(4).as_record()
    assert json.loads(json.dumps(record))["losses"] == [0.5, 0.25]
    assert MemberOutcome(**record) == outcome(4)
