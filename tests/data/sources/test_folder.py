from pathlib import Path

import numpy as np
import pytest

from modescape.core.errors import DataError


def test_a_folder_a_class(tmp_path, make, load):
    make.write_image_folder(tmp_path / "pets", make.coloured(40), ["dog", "cat"])
    dataset = load(f"folder:{tmp_path / 'pets'}")
    assert (dataset.name, dataset.classes, dataset.input_shape) == ("pets", ("cat", "dog"), (3, 6, 5))
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [27, 3, 10]


@pytest.mark.parametrize("validation", ["validation", "val", None])
def test_split_folders(tmp_path, make, load, validation):
    for seed, (split, count) in enumerate({"train": 20, "test": 4, validation: 6}.items()):
        if split is not None:
            make.write_image_folder(tmp_path / split, make.coloured(count, seed=seed), ["dog", "cat"])
    dataset = load(f"folder:{tmp_path}")
    sizes = [len(part) for part in (dataset.train, dataset.validation, dataset.test)]
    assert sizes == ([20, 6, 4] if validation else [18, 2, 4])
    image = dataset.test.inputs[dataset.test.labels == dataset.classes.index("dog")][0]
    np.testing.assert_array_equal(image.permute(1, 2, 0), make.coloured(4, seed=1)[0])


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".png"])
def test_kinds_of_files(tmp_path, make, load, suffix):
    make.write_image_folder(tmp_path, make.coloured(8), ["a", "b"], suffix=suffix)
    dataset = load(f"folder:{tmp_path}")
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == 8


def test_a_class_called_train(tmp_path, make, load):
    make.write_image_folder(tmp_path, make.coloured(8), ["train", "test"])
    assert load(f"folder:{tmp_path}").classes == ("test", "train")


def test_what_is_left_out(tmp_path, make, load, listener):
    make.write_image_folder(tmp_path, make.coloured(8), ["a", "b"])
    make.write_image_folder(tmp_path / "a", make.coloured(2), ["deeper"])
    make.write_image_folder(tmp_path, make.coloured(1), [".hidden"])
    make.write_image_folder(tmp_path / "a", make.coloured(1), [".hidden"])
    (tmp_path / "a" / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    dataset = load(f"folder:{tmp_path}", progress=listener)
    assert dataset.classes == ("a", "b")
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == 10
    assert listener.said == [f"{tmp_path / 'empty'} holds no images and is left out"]


def test_sizes_differ(tmp_path, make, load):
    make.write_image_folder(tmp_path, [*make.coloured(4), make.coloured(1, size=(9, 7))[0]], ["a"])
    make.write_image_folder(tmp_path, make.coloured(4), ["b"])
    with pytest.raises(DataError, match=r"Images differ in size: a/000.png is 5 x 6 pixels, a/004.png is 7 x 9 pixels"):
        load(f"folder:{tmp_path}")
    assert load(f"folder:{tmp_path}", image_size=4).input_shape == (3, 4, 4)


def test_undecodable_file_is_named(tmp_path, make, load):
    make.write_image_folder(tmp_path, make.coloured(8), ["a", "b"])
    Path(tmp_path, "b", "bad.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"^b/bad.png: the image can't be decoded"):
        load(f"folder:{tmp_path}")


def test_nothing_there(tmp_path, make, load):
    with pytest.raises(DataError, match=r"There is no folder .*nowhere. Check the path after folder:"):
        load(f"folder:{tmp_path / 'nowhere'}")
    with pytest.raises(
        DataError, match=r"holds no folders of images \(bmp, gif, jpeg.*\). Put the images of each class"
    ):
        load(f"folder:{tmp_path}")
    make.write_image_folder(tmp_path, make.coloured(3), ["only"])
    with pytest.raises(DataError, match=r"All training examples are of one class, 'only'"):
        load(f"folder:{tmp_path}")


def test_class_without_training_images(tmp_path, make, load):
    make.write_image_folder(tmp_path / "train", make.coloured(8), ["a", "b"])
    make.write_image_folder(tmp_path / "test", make.coloured(4), ["a", "zebra"])
    with pytest.raises(
        DataError, match=r"of the test split has the label 'zebra', which no training example has: a, b"
    ):
        load(f"folder:{tmp_path}")
