import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError, DataError
from modescape.data import Examples
from modescape.data.corruptions import CORRUPTIONS, official, official_names, official_rows

BLOCK = 6
LABELS = np.array([3, 1, 0, 2, 1, 3], dtype=np.uint8)


def published(folder, *, names=("fog", "contrast"), block=BLOCK, shape=(8, 8, 3), labels=LABELS):
    """Write a set as CIFAR-10-C is published; the first pixel tells the place in the file, the second the name."""
    folder.mkdir(exist_ok=True)
    for name in names:
        images = np.random.default_rng(0).integers(0, 256, (5 * block, *shape), dtype=np.uint8)
        images[:, 0, 0, 0], images[:, 0, 1, 0] = np.arange(5 * block), CORRUPTIONS.index(name)
        np.save(folder / f"{name}.npy", images)
    np.save(folder / "labels.npy", np.tile(labels, 5))
    return folder


@pytest.fixture
def folder(tmp_path):
    return published(tmp_path / "CIFAR-10-C")


@pytest.mark.parametrize("intensity", [1, 4, 5])
def test_a_block_is_one_intensity(folder, intensity):
    examples = official(folder, "contrast", intensity, num_classes=4, image_shape=(3, 8, 8))
    assert examples.inputs[:, 0, 0, 0].tolist() == list(range(BLOCK * (intensity - 1), BLOCK * intensity))
    assert set(examples.inputs[:, 0, 0, 1].tolist()) == {CORRUPTIONS.index("contrast")}
    assert examples.labels.tolist() == LABELS.tolist()
    assert examples.inputs.shape == (BLOCK, 3, 8, 8)
    stored = np.load(folder / "contrast.npy")[BLOCK * (intensity - 1) : BLOCK * intensity]
    assert np.array_equal(examples.inputs.permute(0, 2, 3, 1), stored)


def test_rows_are_those_of_the_run(folder):
    examples = official(folder, "fog", 2, rows=torch.tensor([5, 0, 3]), labels=torch.tensor([3, 3, 2]))
    assert examples.inputs[:, 0, 0, 0].tolist() == [BLOCK + 5, BLOCK, BLOCK + 3]
    assert examples.labels.tolist() == [3, 3, 2]


def test_names_are_those_in_the_folder(folder):
    (folder / "readme.npy").write_bytes(b"")
    assert official_names(folder) == ("fog", "contrast")


def test_no_folder_or_an_empty_one(tmp_path):
    with pytest.raises(DataError, match=r"There is no folder .*gone. Pass the folder of CIFAR-10-C"):
        official_names(tmp_path / "gone")
    with pytest.raises(DataError, match=r"holds no corrupted images. Pass the folder of CIFAR-10-C"):
        official_names(tmp_path)


@pytest.mark.parametrize("missing", ["labels", "fog"])
def test_missing_file(folder, missing):
    (folder / f"{missing}.npy").unlink()
    with pytest.raises(DataError, match=rf"There is no file .*{missing}.npy. Pass the folder"):
        official(folder, "fog", 1)


@pytest.mark.parametrize("broken", ["labels", "fog"])
@pytest.mark.parametrize("keep", [0, 40, -10])
def test_truncated_file(folder, broken, keep):
    path = folder / f"{broken}.npy"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
        DataError, match=rf"{broken}.npy can't be read as a NumPy array .*It may be cut short"
    ) as raised:
        official(folder, "fog", 1)
    assert "\n" not in str(raised.value)


def test_pickled_objects_are_never_loaded(folder):
    np.save(folder / "fog.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"fog.npy can't be read as a NumPy array"):
        official(folder, "fog", 1)


@pytest.mark.parametrize(
    "images", [np.zeros((30, 8, 8, 3)), np.zeros((30, 192), np.uint8), np.zeros((30, 3, 8, 8), np.uint8)]
)
def test_other_type_or_shape(folder, images):
    np.save(folder / "fog.npy", images)
    message = rf"must hold uint8 images .*; it holds {images.dtype} of shape \({images.shape[0]}, {images.shape[1]}"
    with pytest.raises(DataError, match=message):
        official(folder, "fog", 1)


@pytest.mark.parametrize("labels", [np.zeros(30), np.zeros((30, 1), int), np.zeros(29, int), np.zeros(0, int)])
def test_labels_that_are_none(folder, labels):
    np.save(folder / "labels.npy", labels)
    with pytest.raises(
        DataError, match=r"labels.npy must hold whole numbers, five blocks of the same length; it holds"
    ):
        official(folder, "fog", 1)


def test_blocks_in_another_order(folder):
    labels = np.tile(LABELS, 5)
    labels[2 * BLOCK + 1] = 2
    np.save(folder / "labels.npy", labels)
    with pytest.raises(DataError, match=r"has the label 2 for image 1 at intensity 3, and 1 at intensity 1"):
        official(folder, "fog", 1)


def test_more_images_than_labels(folder):
    published(folder, names=("fog",), block=BLOCK + 1)
    with pytest.raises(DataError, match=r"fog.npy holds 35 images, but labels.npy 30 labels. Download both again"):
        official(folder, "fog", 1)


def test_other_classes_or_size_than_the_run(folder):
    with pytest.raises(DataError, match=r"has labels from 0 to 3, but the data of the run have 3 classes"):
        official(folder, "fog", 1, num_classes=3)
    with pytest.raises(DataError, match=r"holds images of shape \(3, 8, 8\), but those of the run are \(1, 8, 8\)"):
        official(folder, "fog", 1, image_shape=(1, 8, 8))


def test_labels_that_are_not_those_of_the_run(folder):
    with pytest.raises(DataError, match=r"Test example 1 of the run has the label 2, but .*labels.npy has 3"):
        official(folder, "fog", 1, rows=[0, 5], labels=torch.tensor([3, 2]))
    with pytest.raises(DataError, match=r"gives 6 images, but the run has 2 test examples. Both must hold the same"):
        official(folder, "fog", 1, labels=torch.tensor([3, 2]))


@pytest.mark.parametrize("row", [-1, BLOCK])
def test_rows_outside(folder, row):
    with pytest.raises(ArgumentError, match=rf"`rows` must lie in \[0, 6\), the images of one intensity.*; got {row}"):
        official(folder, "fog", 1, rows=[0, row])


def test_unknown_name_or_intensity(folder):
    with pytest.raises(ArgumentError, match=r"`corruption` must be one of gaussian_noise.*; got 'rain'"):
        official(folder, "rain", 1)
    with pytest.raises(ArgumentError, match=r"`intensity` must be a whole number from 1 to 5; got 0"):
        official(folder, "fog", 0)


def examples_of(rows, labels):
    return Examples(torch.zeros(len(labels), 3, 8, 8, dtype=torch.uint8), torch.tensor(labels), rows)


def test_rows_of_the_run_are_taken_where_the_labels_agree(folder):
    rows, same = official_rows(folder, examples_of(torch.tensor([0, 3, 5]), [3, 2, 3]), seed=0)
    assert (rows.tolist(), same) == ([0, 3, 5], True)


@pytest.mark.parametrize(
    ("rows", "labels"), [(None, [3, 2, 3]), (torch.tensor([0, 3, 4]), [3, 2, 3]), (torch.tensor([0, 3, 99]), [3, 2, 3])]
)
def test_other_rows_are_drawn_where_they_do_not(folder, rows, labels):
    drawn, same = official_rows(folder, examples_of(rows, labels), seed=0)
    assert not same
    assert len(set(drawn.tolist())) == 3
    assert torch.equal(official_rows(folder, examples_of(rows, labels), seed=0)[0], drawn)
    assert len(official(folder, "fog", 1, rows=drawn)) == 3


def test_examples_are_stood_for_by_others_of_their_class_and_refused_where_there_are_too_few(folder):
    labels = np.load(folder / "labels.npy")[:BLOCK]
    wanted = labels[::-1].tolist()
    drawn, same = official_rows(folder, examples_of(None, wanted), seed=0)
    assert not same
    assert labels[drawn.numpy()].tolist() == wanted
    assert len(set(drawn.tolist())) == len(wanted)
    with pytest.raises(
        DataError, match=r"must hold at least 50 images of class 0 in each block; it holds 1. Use fewer"
    ):
        official_rows(folder, examples_of(None, [0] * 50), seed=0)
