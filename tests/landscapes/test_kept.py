"""Points kept on disk."""

import errno
import math
import os
from pathlib import Path

import numpy as np
import pytest

from modescape.core.errors import ArgumentError, StoreError
from modescape.landscapes import KeptPoints, adaptive_surface

POINTS = {
    (0.1, -1 / 3): {"loss": 0.1 + 0.2, "loss/error": 5e-324},
    (1.0, 2.0): {"loss": math.inf, "loss/error": math.nan},
    (): {"loss": -0.0, "loss/error": 1e308},
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "points.jsonl"


@pytest.fixture
def written(path):
    kept = KeptPoints(path, "key")
    for point, values in POINTS.items():
        kept.keep(point, values)
    return path


def test_points_come_back_to_the_bit(written):
    kept = KeptPoints(written, "key")
    assert len(kept) == 3
    for point, values in POINTS.items():
        found = kept.known(point)
        assert np.array(list(found.values())).tobytes() == np.array(list(values.values())).tobytes()
        assert list(found) == list(values)
    assert kept.known((0.1, -1 / 3 + 1e-17)) == kept.known((0.1, -1 / 3))
    assert kept.known((0.1, -0.33)) is None


def test_each_point_is_on_disk_at_once(path):
    kept = KeptPoints(path, "key")
    for number in range(3):
        kept.keep((float(number),), {"loss": np.float32(0.5)})
        assert len(KeptPoints(path, "key")) == number + 1


@pytest.mark.parametrize("rest", range(0, 400, 7))
def test_a_line_that_was_cut_off_is_dropped_and_the_file_goes_on(written, rest):
    content = written.read_bytes()
    written.write_bytes(content[:rest])
    kept = KeptPoints(written, "key")
    whole = max(0, content[:rest].count(b"\n") - 1)
    assert len(kept) == whole
    kept.keep((7.0, 7.0), {"loss": 7.0})
    again = KeptPoints(written, "key")
    assert (len(again), again.known((7.0, 7.0))) == (whole + 1, {"loss": 7.0})


@pytest.mark.parametrize("damage", [b"\0" * 30 + b"\n", b'{"at": [1.0]}\n', b"[1]\n", b"\xff\xfe\n"])
def test_damaged_lines_are_dropped_with_what_follows(written, damage):
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join([*lines[:2], damage, *lines[2:]]))
    assert len(KeptPoints(written, "key")) == 1
    assert written.read_bytes() == b"".join(lines[:2])


def test_points_of_another_key_are_refused_or_replaced(written):
    content = written.read_bytes()
    with pytest.raises(ArgumentError, match=r"`keep` must hold points of the same landscape.*Delete it, or choose"):
        KeptPoints(written, "another")
    assert written.read_bytes() == content
    assert len(KeptPoints(written, "another", other="replace")) == 0
    assert len(KeptPoints(written, "another")) == 0


@pytest.mark.parametrize("content", [b"precious\n", b"precious", b'{"a": 1}\n', b"\x80\x02\n"])
def test_a_file_of_something_else_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    for other in ("refuse", "replace"):
        with pytest.raises(ArgumentError, match=r"`keep` must be a file of kept points; got .*weights\.pt"):
            KeptPoints(path, "key", other=other)
    assert path.read_bytes() == content


def test_a_path_that_cant_be_written_is_one_line_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "points.jsonl"):
        with pytest.raises(StoreError, match=r"`.*` must be read and written in full; got .*\. Check the path"):
            KeptPoints(path, "key")


def test_a_full_disk_is_one_line_and_what_was_kept_stays(written, monkeypatch):
    kept = KeptPoints(written, "key")
    content = written.read_bytes()

    def full(file, line):
        file.write(line[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("modescape.landscapes.kept._write", full)
        with pytest.raises(
            StoreError, match=r"got no space left on device\. Free space, and run again: kept points are"
        ):
            kept.keep((9.0, 9.0), {"loss": 9.0})
    assert written.read_bytes() == content
    assert kept.known((9.0, 9.0)) is None
    kept.keep((9.0, 9.0), {"loss": 9.0})
    assert len(KeptPoints(written, "key")) == 4


def test_a_write_that_stops_short_is_an_error(written, monkeypatch):
    class Short:
        def write(self, line):
            return len(line) - 1

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    kept = KeptPoints(written, "key")
    monkeypatch.setattr(Path, "open", lambda *_, **__: Short())
    with pytest.raises(StoreError, match="no space left"):
        kept.keep((9.0,), {"loss": 9.0})


def test_a_killed_grid_goes_on_from_disk_with_the_same_surface_to_the_bit(path):
    evaluated = []

    def evaluate(points, fails_at=None):
        for number, (x, y) in enumerate(points):
            if number == fails_at:
                raise KeyboardInterrupt
            evaluated.append((x, y))
            yield {"loss": math.log1p(x * x + y / 3 + 1), "loss/error": x / 7}

    ranges = [(-0.3, 0.7), (0.0, 1.0)]
    whole = adaptive_surface(evaluate, ranges, num=17)
    evaluated.clear()
    with pytest.raises(KeyboardInterrupt):
        adaptive_surface(lambda points: evaluate(points, 30), ranges, num=17, kept=KeptPoints(path, "key"))
    surface = adaptive_surface(evaluate, ranges, num=17, kept=KeptPoints(path, "key"))
    assert len(evaluated) == len(set(evaluated)) == whole.num_measured
    for name, values in whole.values.items():
        assert surface.values[name].tobytes() == values.tobytes()
