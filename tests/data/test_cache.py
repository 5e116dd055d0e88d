import errno
import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from modescape.core.errors import DataError
from modescape.core.progress import Silent
from modescape.data import cache as cache_module
from modescape.data.cache import Cache, cache_folder, entry_key
from modescape.data.images import Encoded, EncodedSet, EncodedSplit


@pytest.fixture
def pixels(make):
    return {"train": make.coloured(40), "test": make.coloured(9, seed=1)}


@pytest.fixture
def encoded(make, pixels):
    def split(images):
        contents = [Encoded(f"row {row}", make.png(image)) for row, image in enumerate(images)]
        return EncodedSplit(torch.arange(len(images)) % 2, lambda: iter(contents))

    return EncodedSet(("cat", "dog"), {name: split(images) for name, images in pixels.items()})


class Killer(Silent):
    """Kills its own process in the middle of decoding."""

    def advance(self, task, amount=1, note=""):  # noqa: ARG002
        if task == "Decode test images":
            os.kill(os.getpid(), signal.SIGKILL)


def check_contents(contents, pixels):
    assert contents.classes == ("cat", "dog")
    for split, images in pixels.items():
        part = contents.parts[split]
        np.testing.assert_array_equal(part.inputs.permute(0, 2, 3, 1), images)
        assert part.inputs.is_contiguous(memory_format=torch.channels_last)
        assert part.labels.tolist() == [row % 2 for row in range(len(images))]


def test_built_once_and_mapped_afterwards(tmp_path, encoded, pixels, listener):
    cache = Cache(tmp_path, listener)
    assert cache.opened("key", "toy") is None
    built = cache.built("key", "toy", encoded, image_size=None)
    opened = cache.opened("key", "toy")
    for contents in (built, opened):
        check_contents(contents, pixels)
    assert built.digest == opened.digest
    assert listener.started == listener.advanced == {"Decode train images": 40, "Decode test images": 9}
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_digest_sees_pixels_labels_and_names(tmp_path, make, encoded):
    def digest(key, *, labels=None, pixels=None, classes=("cat", "dog")):
        train = encoded.splits["train"]
        images = train.images if pixels is None else lambda: (Encoded("", make.png(image)) for image in pixels)
        splits = {"train": EncodedSplit(train.labels if labels is None else labels, images)}
        return Cache(tmp_path, Silent()).built(key, "toy", EncodedSet(classes, splits), image_size=None).digest

    changed = make.coloured(40)
    assert digest("0") == digest("1", pixels=changed)
    changed[39, 5, 4, 2] ^= 1
    others = [
        digest("2", pixels=changed),
        digest("3", labels=1 - encoded.splits["train"].labels),
        digest("4", classes=("cat", "cow")),
    ]
    assert len({digest("5"), *others}) == 4


def test_writing_to_the_map_leaves_the_entry_alone(tmp_path, encoded, pixels):
    cache = Cache(tmp_path, Silent())
    cache.built("key", "toy", encoded, image_size=None).parts["train"].inputs.zero_()
    check_contents(cache.opened("key", "toy"), pixels)


def test_one_colour_image_makes_all_rgb(tmp_path, make):
    grey, colour = make.coloured(5, channels=1), make.coloured(2)
    splits = {
        "train": EncodedSplit(torch.tensor([0, 1] * 3), lambda: (Encoded("", make.png(p)) for p in [*grey, colour[0]])),
        "test": EncodedSplit(torch.tensor([0, 1]), lambda: (Encoded("", make.png(p)) for p in [grey[0], colour[1]])),
    }
    parts = Cache(tmp_path, Silent()).built("key", "", EncodedSet(("a", "b"), splits), image_size=None).parts
    assert parts["train"].inputs.shape == (6, 3, 6, 5)
    np.testing.assert_array_equal(parts["train"].inputs[2, 1], grey[2])
    np.testing.assert_array_equal(parts["test"].inputs[1].permute(1, 2, 0), colour[1])


def test_splits_of_different_size(tmp_path, make, encoded):
    other = EncodedSplit(torch.tensor([0]), lambda: iter([Encoded("", make.png(make.coloured(1, size=(9, 9))[0]))]))
    mixed = EncodedSet(("cat", "dog"), {**encoded.splits, "test": other})
    with pytest.raises(
        DataError, match=r"Images of test are 9 x 9 pixels, those of train 5 x 6 pixels. Set image_size"
    ):
        Cache(tmp_path, Silent()).built("key", "toy", mixed, image_size=None)
    assert list(tmp_path.iterdir()) == []


def truncate(entry):
    path = entry / "train.npy"
    path.write_bytes(path.read_bytes()[:-1])


def change_label(entry):
    labels = np.load(entry / "test-labels.npy")
    np.save(entry / "test-labels.npy", 1 - labels)


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        change_label,
        lambda entry: (entry / "test.npy").unlink(),
        lambda entry: (entry / "entry.json").write_text("{"),
        lambda entry: (entry / "entry.json").write_text("[]"),
        lambda entry: (entry / "train-labels.npy").write_bytes(b""),
        lambda entry: np.save(entry / "train.npy", np.zeros((40, 6, 5, 3))),
    ],
)
def test_damaged_entries_are_rebuilt(tmp_path, encoded, pixels, damage):
    cache = Cache(tmp_path, Silent())
    cache.built("key", "toy", encoded, image_size=None)
    damage(tmp_path / "key")
    assert cache.opened("key", "toy") is None
    check_contents(cache.built("key", "toy", encoded, image_size=None), pixels)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_an_entry_of_another_process_is_kept(tmp_path, encoded, pixels):
    cache = Cache(tmp_path, Silent())
    first = cache.built("key", "toy", encoded, image_size=None)
    before = (tmp_path / "key" / "train.npy").stat().st_ino
    check_contents(cache.built("key", "toy", encoded, image_size=None), pixels)
    assert (tmp_path / "key" / "train.npy").stat().st_ino == before
    check_contents(first, pixels)


def build_in_process(folder, encoded):
    Cache(folder, Silent()).built("key", "toy", encoded, image_size=None)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_that_build_at_once_all_succeed(tmp_path, encoded, pixels):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=build_in_process, args=(tmp_path, encoded)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    check_contents(Cache(tmp_path, Silent()).opened("key", "toy"), pixels)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def build_and_die(folder, encoded):
    Cache(folder, Killer()).built("key", "toy", encoded, image_size=None)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_killed_build_leaves_nothing_that_counts(tmp_path, encoded, pixels):
    process = multiprocessing.get_context("fork").Process(target=build_and_die, args=(tmp_path, encoded))
    process.start()
    process.join()
    (partial,) = tmp_path.iterdir()
    assert (process.exitcode, partial.suffix) == (-signal.SIGKILL, ".partial")
    cache = Cache(tmp_path, Silent())
    assert cache.opened("key", "toy") is None
    check_contents(cache.built("key", "toy", encoded, image_size=None), pixels)
    assert partial.exists()
    old = time.time() - 2 * cache_module.ABANDONED_SECONDS
    for path in (*partial.iterdir(), partial):
        os.utime(path, (old, old))
    cache.built("other", "toy", encoded, image_size=None)
    assert not partial.exists()


def test_full_disk_says_where_and_what_to_do(tmp_path, encoded, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache_module.os, "fsync", full)
    with pytest.raises(
        DataError, match=r"can't be written to .* \(No space left.*\). Free space .* MODESCAPE_CACHE to"
    ):
        Cache(tmp_path, Silent()).built("key", "toy", encoded, image_size=None)
    assert list(tmp_path.iterdir()) == []


def test_writes_that_the_system_cuts_short(tmp_path, encoded):
    resource = pytest.importorskip("resource", reason="this system has no limit of file sizes")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DataError, match=r"can't be written to .* \(File too large\)"):
            Cache(tmp_path, Silent()).built("key", "toy", encoded, image_size=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_is_a_file(tmp_path, encoded):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"can't be written to"):
        Cache(tmp_path / "file" / "data", Silent()).built("key", "toy", encoded, image_size=None)


def test_entry_that_vanishes_after_it_is_built(tmp_path, encoded, monkeypatch):
    monkeypatch.setattr(Cache, "opened", lambda *_: None)
    monkeypatch.setattr(cache_module.time, "sleep", lambda _: None)
    with pytest.raises(DataError, match=r"can't be read back. Remove it, or set MODESCAPE_CACHE"):
        Cache(tmp_path, Silent()).built("key", "toy", encoded, image_size=None)


def test_folder_is_chosen_by_argument_then_variable_then_platform(tmp_path, monkeypatch):
    monkeypatch.setenv("MODESCAPE_CACHE", str(tmp_path / "variable"))
    assert cache_folder(tmp_path / "argument") == tmp_path / "argument" / "data"
    assert cache_folder(None) == tmp_path / "variable" / "data"
    monkeypatch.delenv("MODESCAPE_CACHE")
    assert cache_folder(None).parent.name in {"modescape", "Cache"}


def test_key_follows_names_sizes_times_and_decoding(tmp_path):
    path = tmp_path / "a"
    path.write_text("one")
    os.utime(path, (1, 1))
    keys = [
        entry_key("x", [path], {"size": 1}),
        entry_key("x", [path], {"size": 2}),
        entry_key("y", [path], {"size": 1}),
    ]
    path.write_text("four")
    os.utime(path, (1, 1))
    keys.append(entry_key("x", [path], {"size": 1}))
    os.utime(path, (2, 2))
    keys.append(entry_key("x", [path], {"size": 1}))
    keys.append(entry_key("x", [path.rename(tmp_path / "b")], {"size": 1}))
    assert len(set(keys)) == 6


def test_entry_describes_itself(tmp_path, encoded):
    Cache(tmp_path, Silent()).built("key", "toy", encoded, image_size=None)
    described = json.loads(Path(tmp_path, "key", "entry.json").read_text(encoding="utf-8"))
    assert described["splits"]["train"]["shape"] == [40, 6, 5, 3]
