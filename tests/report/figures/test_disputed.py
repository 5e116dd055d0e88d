import numpy as np
import pytest

from modescape.core.errors import ArgumentError
from modescape.report.drawables import Gallery
from modescape.report.figures import disputed
from report.difference_samples import CLASSES
from report.difference_samples import disputed as sample


def compute(dataset):
    return disputed.compute({"disputed": dataset})


def test_the_most_disputed_examples_are_shown_in_order():
    dataset = sample(5)
    dataset["score"] = dataset.score[::-1].drop_vars("dispute", errors="ignore")
    drawing = compute(dataset)
    [gallery] = drawing.panels
    assert isinstance(gallery, Gallery)
    assert gallery.shown == tuple(range(29, 5, -1))
    assert "entropy of the votes, nats" in drawing.shows
    one = int(dataset.row[29])
    counts = np.bincount(dataset.vote.values[29], minlength=4)
    votes = ", ".join(f"{name} {count}" for name, count in zip(CLASSES, counts, strict=True) if count)
    assert drawing.alt.endswith(f"example {one}, true class {CLASSES[int(dataset.label[29])]}, with votes {votes}.")


def test_the_numbers_to_download_are_each_vote():
    dataset = sample(3)
    columns = compute(dataset).table.columns
    assert len(columns["member"]) == 24 * 3
    place = (columns["example"] == str(int(dataset.row[7]))) & (columns["member"] == "3")
    assert columns["answer"][place] == CLASSES[int(dataset.vote[7, 2])]
    assert columns["probability"][place] == pytest.approx(float(dataset.confidence[7, 2]))
    assert columns["true_class"][place] == CLASSES[int(dataset.label[7])]


def test_what_was_found_is_counted():
    dataset = sample(3)
    dataset["vote"] = (("dispute", "member"), np.tile(dataset.label.values[:, None], (1, 3)))
    assert compute(dataset).found == (
        "The most frequent answer is right on 24 of these 24 examples, and on each of them some member is right.",
    )
    dataset["vote"] = (dataset.vote + 1) % 4
    assert "right on 0 of these 24 examples, and on 24 of them no member is right" in compute(dataset).found[0]
    assert compute(dataset.drop_vars("label")).found == ()


def test_limits_are_said():
    assert "The first 3 of 70 features are shown." in compute(sample(3, "feature")).shows
    large = sample(3).assign_attrs(image_size=[300, 200], image_shown=[96, 64])
    assert "Images of 300 x 200 pixels are shown at 96 x 64." in compute(large).shows
    four = sample(3, "none")
    four["image"] = (("dispute", "height", "width", "channel"), np.zeros((30, 2, 2, 4), dtype=np.uint8))
    assert "Images have 4 channels; their mean is shown." in compute(four).shows


def test_members_are_called_by_their_names_and_classes_by_their_numbers_where_they_have_none():
    dataset = sample(3, "none", named=True, labelled=False)
    dataset.attrs.pop("classes")
    [gallery] = compute(dataset).panels
    assert gallery.examples.members[2] == "resnet-seed-3.npy"
    assert gallery.examples.classes == ("0", "1", "2", "3")
    assert gallery.examples.word == ""
    assert (gallery.examples.labels == -1).all()


def test_other_shapes_are_refused():
    with pytest.raises(ArgumentError, match=r"must hold `vote` over \(dispute, member\)"):
        compute(sample(3).rename(member="somebody"))
