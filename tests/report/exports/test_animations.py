import io
import stat
import sys
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from PIL.ImageSequence import Iterator as Sequence

from modescape.core.errors import ArgumentError, MissingDependencyError, StoreError
from modescape.report.exports import animations
from modescape.report.exports.animations import as_gif, as_mp4
from report import plane_samples

PICTURES = np.full((3, 4, 6, 3), 255, np.uint8)
PICTURES[0, 1, 2] = PICTURES[1, 2, 3] = PICTURES[2, 3, 4] = (0, 114, 178)
"""A blue pixel that walks over a white ground."""

ENCODER = """#!{python}
import sys
from itertools import pairwise
content = sys.stdin.buffer.read()
open(sys.argv[-1], "wb").write(" ".join(sys.argv[1:-1]).encode() + b"|" + content)
"""
FAILS = """#!{python}
import sys
from itertools import pairwise
sys.stderr.write("Unknown encoder\\n'libx264'")
sys.exit(1)
"""


@pytest.fixture
def three(monkeypatch):
    """Make three small pictures in place of those of a surface."""
    monkeypatch.setattr(animations, "frames", lambda surface, title: iter(PICTURES))  # noqa: ARG005


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """A function that puts a program of that name on the path, and nothing else."""

    def put(text):
        program = tmp_path / "bin" / "ffmpeg"
        program.parent.mkdir()
        if text:
            program.write_text(text.format(python=sys.executable))
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(program.parent))

    return put


def read(content):
    """Return the pictures of a GIF."""
    with Image.open(io.BytesIO(content)) as opened:
        pictures = [np.asarray(frame.convert("RGB")) for frame in Sequence(opened)]
        return pictures, opened.info


@pytest.mark.usefixtures("three")
def test_a_gif_holds_every_picture_and_begins_again():
    pictures, info = read(as_gif(plane_samples.random_plane(5), "")[".gif"])
    np.testing.assert_array_equal(pictures, PICTURES)
    assert (info["loop"], info["duration"]) == (0, 80)


def test_colours_of_members_that_come_later_are_kept(monkeypatch):
    """The first picture has more colours than a GIF has room for, and none of the member that walks in the second."""
    ramp = np.arange(48 * 64 * 3).reshape(48, 64, 3) % 251
    first = ramp.astype(np.uint8)
    first[:20] = 255
    second = first.copy()
    second[0, 0] = (213, 94, 0)
    monkeypatch.setattr(animations, "frames", lambda surface, title: iter([first, second]))  # noqa: ARG005
    _, last = read(as_gif(plane_samples.random_plane(5), "")[".gif"])[0]
    assert last[0, 0].tolist() == [213, 94, 0]
    assert (last[1:20] == 255).all()
    assert np.abs(last.astype(int) - second).max(axis=2).mean() < 12


def test_a_walk_becomes_pictures_of_one_size(monkeypatch):
    short = plane_samples.trajectory_plane(9, num_epochs=3)
    real, asked = animations.frames, []

    def few(surface, title):
        asked.append((surface.title, surface.color_label, title))
        return real(surface, title=title, each=1, hold=0, dots_per_inch=20)

    monkeypatch.setattr(animations, "frames", few)
    pictures, _ = read(as_gif(short, "nats")[".gif"])
    assert len(pictures) == 4
    assert asked == [("Loss", "loss (nats)", "Loss landscape")]
    assert all(np.abs(one.astype(int) - other).sum() > 1000 for one, other in pairwise(pictures))


@pytest.mark.usefixtures("three")
def test_an_mp4_is_made_by_ffmpeg_from_every_picture(ffmpeg):
    ffmpeg(ENCODER)
    words, _, pixels = as_mp4(plane_samples.random_plane(5), "")[".mp4"].partition(b"|")
    opaque = np.frombuffer(pixels, np.uint8).reshape((*PICTURES.shape[:3], 4))
    assert np.array_equal(opaque[..., :3], PICTURES)
    assert (opaque[..., 3] == 255).all()
    said = words.decode()
    assert "-f rawvideo" in said
    assert "-s 6x4 -pix_fmt rgba -framerate 12.5" in said
    assert "-vcodec libx264 -pix_fmt yuv420p -crf 18 -movflags +faststart" in said


@pytest.mark.usefixtures("three")
def test_without_ffmpeg_it_says_what_to_do(ffmpeg):
    ffmpeg("")
    message = (
        r"MP4 needs the program `ffmpeg`, which is not on the PATH\. Install it, or write \.gif or \.html instead\."
    )
    with pytest.raises(MissingDependencyError, match=message):
        as_mp4(plane_samples.random_plane(5), "")


@pytest.mark.usefixtures("three")
def test_an_ffmpeg_that_fails_is_told_in_one_line(ffmpeg):
    ffmpeg(FAILS)
    message = r"ffmpeg could not make an MP4 \(Unknown encoder 'libx264'\)\. Install an ffmpeg with libx264"
    with pytest.raises(StoreError, match=message):
        as_mp4(plane_samples.random_plane(5), "")


@pytest.mark.parametrize(("make", "suffix"), [(as_gif, "gif"), (as_mp4, "mp4")])
def test_a_line_has_nothing_to_walk_over(make, suffix):
    with pytest.raises(ArgumentError, match=rf"must be over alpha and beta, for \.{suffix}; got \(alpha\)"):
        make(plane_samples.line(), "")
