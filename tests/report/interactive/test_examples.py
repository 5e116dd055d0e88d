import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from modescape.report.drawables import ConfusionDetail, Dendrogram, ExamplesDetail, Gallery
from modescape.report.figures.voted import disputed_examples
from modescape.report.interactive import examples_spec, panel_spec
from modescape.report.interactive.examples import confusion_detail, examples_detail, image_address, packed
from report.difference_samples import CLASSES, disputed


def opened(address):
    kind, content = address.split(",")
    assert kind == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


@pytest.mark.parametrize("channels", [1, 3])
def test_small_images_lose_nothing(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 6, channels)).astype(np.uint8)
    shown = np.asarray(opened(image_address(pixels)).convert("RGB"))
    np.testing.assert_array_equal(shown, np.broadcast_to(pixels, (8, 6, 3)))


def test_large_images_are_made_smaller():
    assert opened(image_address(np.zeros((200, 100, 3), dtype=np.uint8))).size == (48, 96)


@pytest.mark.parametrize(("is_small", "code", "kind"), [(True, 255, "u1"), (False, 65535, "<u2")])
def test_classes_come_back_from_their_bytes(is_small, code, kind):
    classes = np.array([3, -1, 254 if is_small else 700])
    read = np.frombuffer(base64.b64decode(packed(classes, is_small=is_small)), dtype=kind)
    assert read.tolist() == [3, code, classes[2]]


def test_rows_without_answers_are_none_and_many_classes_need_two_bytes():
    decisions = np.array([[0, 1], [-1, -1]])
    spec = confusion_detail(ConfusionDetail(decisions, None, ("a", "b"), "note"))
    assert (spec["bytes"], spec["rows"][1], spec["labels"]) == (1, None, None)
    many = tuple(str(one) for one in range(256))
    assert confusion_detail(ConfusionDetail(decisions, None, many))["bytes"] == 2
    assert confusion_detail(ConfusionDetail(decisions, None, many[:255]))["bytes"] == 1


def test_pairs_are_found_in_either_order_and_only_their_members_have_votes():
    examples = disputed_examples({"disputed": disputed(4)})
    places = np.full((4, 4, 2), -1)
    places[2, 0] = [5, 7]
    places[0, 3, 0] = 1
    spec = examples_detail(ExamplesDetail(examples, places, np.array([0, 1, 2, -1])))
    assert spec["pairs"] == {"0,2": [5, 7], "0,3": [1]}
    assert list(spec["votes"]) == [0, 2]
    assert spec["votes"][2]["answers"] == examples.votes[:, 2].tolist()
    np.testing.assert_allclose(spec["votes"][0]["confidence"], examples.confidence[:, 0], atol=6e-4)


@pytest.mark.parametrize(("kind", "held"), [("image", "images"), ("feature", "features"), ("none", None)])
def test_examples_are_written_once_with_what_is_known_of_them(kind, held):
    dataset = disputed(4, kind, labelled=kind == "image")
    examples = disputed_examples({"disputed": dataset})
    spec = examples_spec(examples)
    assert {"images", "features"} & set(spec) == ({held} if held else set())
    assert spec["titles"][0] == f"example {int(dataset.row[0])}"
    assert spec["truths"][3] == (CLASSES[int(dataset.label[3])] if kind == "image" else None)
    if kind == "feature":
        assert spec["featureNames"] == ["age", "income", "feature 2"]
        assert spec["features"][1][0] == f"{float(dataset.feature_value[1, 0]):.4g}"
    gallery = panel_spec(Gallery("", "", examples, (4, 2)))
    assert (gallery["kind"], gallery["shown"], len(gallery["answers"])) == ("gallery", [4, 2], 2)
    json.dumps([spec, gallery], allow_nan=False)


def test_a_tree_has_a_trace_for_each_colour_and_a_line_at_the_threshold():
    merges = np.array([[0, 1, 1.0], [2, 3, 2.0], [4, 5, 5.0]])
    spec = panel_spec(Dendrogram("", "a", ("<b>", "b", "c" * 40, "d"), merges, "height", 3.0))
    assert [trace["line"]["color"]["theme"] for trace in spec["data"]] == ["many", "series-0", "series-1"]
    assert spec["data"][0]["x"] == [1.0, 5.0, 5.0, 2.0, None]
    assert spec["data"][0]["text"][0] == "2 and 2 join at 5.0"
    assert spec["layout"]["shapes"][0]["x0"] == 3.0
    labels = spec["layout"]["yaxis"]["ticktext"]
    assert labels[0] == "&lt;b&gt;"
    assert len(labels[2]) == 28
    assert labels[2].endswith("…")
    json.dumps(spec, allow_nan=False)
