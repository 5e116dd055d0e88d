"""Batches of anyone's data loader."""

from collections import namedtuple

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from modescape.core.errors import ArgumentError
from modescape.landscapes import batches as room
from modescape.landscapes.batches import Batches, mapped, size_of

CPU = torch.device("cpu")
Pair = namedtuple("Pair", ["inputs", "targets"])


def examples(number=23):
    return TensorDataset(torch.arange(number * 2.0).view(number, 2), torch.arange(number))


def batches(source, num_examples=None, seed=3):
    return Batches(source, device=CPU, num_examples=num_examples, seed=seed, argument="batches")


def labels(found):
    return [label for _, targets in found for label in targets.tolist()]


def test_a_loader_that_shuffles_is_read_once():
    loader = DataLoader(examples(), batch_size=5, shuffle=True)
    before = torch.get_rng_state()
    found = batches(loader)
    assert labels(found) == labels(found) != list(range(23))
    assert sorted(labels(found)) == list(range(23))
    assert labels(batches(loader)) == labels(found) != labels(batches(loader, seed=4))
    assert torch.equal(torch.get_rng_state(), before)
    assert (found.num_examples, found.num_available, found.largest, found.are_kept) == (23, 23, 5, True)


def test_an_iterator_is_enough_where_it_fits():
    found = batches(iter(DataLoader(examples(), batch_size=5)))
    assert labels(found) == labels(found) == list(range(23))


def test_a_loader_too_large_to_keep_is_read_anew(monkeypatch):
    monkeypatch.setattr(room, "MAX_KEPT_BYTES", 100)
    found = batches(DataLoader(examples(), batch_size=5, shuffle=True))
    assert not found.are_kept
    assert labels(found) == labels(found) != list(range(23))
    own = DataLoader(examples(), batch_size=5, shuffle=True, generator=torch.Generator().manual_seed(1))
    assert sorted(labels(batches(own))) == list(range(23))
    dropping = batches(DataLoader(examples(), batch_size=5, shuffle=True, generator=torch.Generator(), drop_last=True))
    with pytest.raises(
        ArgumentError, match=r"`batches` must give the same examples at each reading; got 6.*`examples`"
    ):
        list(dropping)
    with pytest.raises(ArgumentError, match=r"`batches` must be a collection that can be read again; got an iterator"):
        batches(iter(DataLoader(examples(), batch_size=5)))


@pytest.mark.parametrize("limit", [2**30, 100])
def test_a_sample_is_drawn_without_replacement_and_kept(monkeypatch, limit):
    monkeypatch.setattr(room, "MAX_KEPT_BYTES", limit)
    found = batches(DataLoader(examples(), batch_size=5), 9)
    assert (found.num_examples, found.num_available, found.are_kept) == (9, 23, True)
    assert len(set(labels(found))) == 9
    assert labels(found) == labels(batches(DataLoader(examples(), batch_size=4), 9))
    assert labels(found) != labels(batches(DataLoader(examples(), batch_size=5), 9, seed=4))
    for inputs, targets in found:
        assert torch.equal(inputs[:, 0], 2.0 * targets)
    found.regroup(4)
    assert max(len(targets) for _, targets in found) <= 4
    assert sum(len(targets) for _, targets in found) == 9
    assert batches(DataLoader(examples(), batch_size=5), 23).num_examples == 23


def test_each_example_is_as_likely_to_be_in_a_sample():
    counts = torch.zeros(6)
    for seed in range(300):
        counts[labels(batches([(torch.zeros(6, 1), torch.arange(6))], 2, seed=seed))] += 1
    assert (counts - 100).abs().max() < 4 * (300 * (1 / 3) * (2 / 3)) ** 0.5


def test_batches_are_cut_and_joined_but_not_mixed():
    found = batches([Pair(torch.zeros(number, 2), torch.arange(number)) for number in (9, 3, 2, 1)])
    before = labels(found)
    found.regroup(4)
    assert [len(targets) for _, targets in found] == [4, 4, 4, 3]
    assert labels(found) == before
    assert all(isinstance(batch, Pair) for batch in found)


def test_single_examples_join_those_before_them(monkeypatch):
    found = batches([(torch.zeros(number, 2), torch.arange(number)) for number in (5, 3, 1)])
    found.without_singles()
    assert [len(targets) for _, targets in found] == [5, 4]
    monkeypatch.setattr(room, "JOINED_SINGLES", 3)
    found = batches([(torch.zeros(1, 2), torch.arange(1))] * 7)
    found.without_singles()
    assert [len(targets) for _, targets in found] == [3, 4]


def test_what_is_not_rows_of_one_shape_is_left_as_it_is():
    padded = [{"ids": torch.zeros(2, length), "labels": torch.zeros(2)} for length in (3, 4)]
    found = batches(padded)
    found.regroup(9)
    assert [batch["ids"].shape for batch in found] == [(2, 3), (2, 4)]
    shared = [(torch.zeros(6, 1), torch.zeros(6), torch.zeros(())), (torch.zeros(6, 1), torch.zeros(6), "text")]
    found = batches(shared, 4)
    found.regroup(2)
    assert len(list(found)) == 2
    assert [batch[2] if isinstance(batch[2], str) else batch[2].shape for batch in found] == [(), "text"]


def test_layout_and_copies():
    found = batches([(torch.zeros(2, 3, 4, 4), torch.zeros(2))])
    found.lay_out(images_last=True, copied=True)
    (inputs, _), (again, _) = next(iter(found)), next(iter(found))
    assert inputs.is_contiguous(memory_format=torch.channels_last)
    inputs += 1
    assert again.sum() == 0 == next(iter(found))[0].sum()
    found.lay_out(images_last=True, copied=False)
    assert next(iter(found))[0] is next(iter(found))[0]


def test_nested_tensors():
    nested = Pair({"a": [torch.ones(2)]}, (torch.zeros(()), None))
    found = mapped(torch.neg, nested)
    assert found == Pair({"a": [found.inputs["a"][0]]}, (found.targets[0], None))
    assert found.inputs["a"][0].tolist() == [-1.0, -1.0]
    assert size_of((torch.zeros(()), {"b": torch.zeros(4, 2)}), "batches") == 4


class Nothing(Dataset):
    def __len__(self):
        return 0


@pytest.mark.parametrize(
    ("source", "num_examples", "message"),
    [
        ([], None, r"`batches` must hold at least one example; got 0\. Pass a DataLoader"),
        (DataLoader(Nothing()), None, r"`batches` must hold at least one example; got 0"),
        (["text"], None, r"`batches` must hold tensors with one row an example; got a batch of type str without one\."),
        ([(torch.zeros(3, 1), torch.zeros(3))], 0, r"`examples` must be at least 1; got 0\. Leave it out"),
    ],
)
def test_wrong_batches(source, num_examples, message):
    with pytest.raises(ArgumentError, match=message):
        batches(source, num_examples)
