import io

import numpy as np
import pytest
from PIL import Image

from modescape.report import Drawing, Table, pictures
from modescape.report.drawables import Dendrogram, Gallery
from modescape.report.figures.voted import disputed_examples
from modescape.report.static.dendrogram import dendrogram_inches
from modescape.report.static.gallery import gallery_inches
from report.difference_samples import disputed


def texts(*panels):
    """Return the picture as SVG, whose texts are written out in its comments, and its pixels."""
    files = pictures(Drawing("x", "A figure", "", "", panels, Table({})))
    return files["svg"].decode(), np.asarray(Image.open(io.BytesIO(files["png"])).convert("RGB")).astype(int)


def gallery(dataset, number=24):
    return Gallery("", "", disputed_examples({"disputed": dataset}), tuple(range(number)))


def test_images_and_answers_are_in_the_picture_and_what_is_not_is_said():
    dataset = disputed(3)
    dataset["image"] = dataset.image * 0 + np.array([200, 10, 90], dtype=np.uint8)
    text, pixels = texts(gallery(dataset))
    assert (np.abs(pixels - [200, 10, 90]).max(axis=2) <= 4).mean() > 0.1
    assert "The first 12 of 24; the page shows all." in text
    assert f"Example {int(dataset.row[11])}, true: " in text
    assert f"Example {int(dataset.row[12])}, true: " not in text
    assert " ✓: " in text
    assert "The first" not in texts(gallery(dataset, 12))[0]


@pytest.mark.parametrize("kind", ["feature", "none"])
def test_examples_that_are_no_images_are_lines_of_text(kind):
    dataset = disputed(3, kind)
    text, _ = texts(gallery(dataset, 2))
    assert f"Example {int(dataset.row[1])}, true: " in text
    assert ("(age " in text) is (kind == "feature")
    assert gallery_inches(gallery(dataset, 2))[1] < gallery_inches(gallery(dataset, 12))[1]


def test_a_tree_has_its_names_and_its_threshold():
    panel = Dendrogram("", "", ("first", "second", "x" * 60), np.array([[0, 1, 2.0], [2, 3, 6.0]]), "height", 3.0)
    text, pixels = texts(panel)
    assert "second" in text
    assert "x" * 27 + "…" in text
    assert (np.abs(pixels - [214, 0, 110]).max(axis=2) <= 40).any()
    assert dendrogram_inches(panel)[0] == pytest.approx(5.2)
