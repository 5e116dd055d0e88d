from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modescape.core.errors import ArgumentError, DataError

SHARED = Path(__file__).parents[4] / "shared" / "data"


def all_images(dataset):
    parts = (dataset.train, dataset.validation, dataset.test)
    return {
        (image.permute(1, 2, 0).numpy().tobytes(), dataset.classes[label])
        for part in parts
        for image, label in zip(part.inputs, part.labels.tolist(), strict=True)
    }


@pytest.mark.parametrize("below", ["", "data"])
def test_hub_layout_with_shards(tmp_path, make, load, below):
    pixels, labels = make.coloured(30), [row % 2 for row in range(30)]
    for shard in range(3):
        rows = slice(shard * 10, shard * 10 + 10)
        name = f"train-0000{shard}-of-00003.parquet"
        make.write_image_parquet(tmp_path / "set" / below / name, pixels[rows], labels[rows])
    make.write_image_parquet(
        tmp_path / "set" / below / "test-00000-of-00001.parquet", make.coloured(4, seed=1), [0, 1, 1, 0]
    )
    dataset = load(f"parquet:{tmp_path / 'set'}", validation=6)
    assert (dataset.name, dataset.classes) == ("set", ("cat", "dog"))
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [24, 6, 4]
    expected = {(image.tobytes(), "dog" if label else "cat") for image, label in zip(pixels, labels, strict=True)}
    assert expected < all_images(dataset)
    assert dataset.test.labels.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("name", ["validation-00000-of-00001", "val", "valid_0", "dev"])
def test_own_validation_split(tmp_path, make, load, name):
    for split, count in (("train", 20), (name, 6), ("test", 4)):
        make.write_image_parquet(tmp_path / f"{split}.parquet", make.coloured(count), [0, 1] * (count // 2))
    dataset = load(f"parquet:{tmp_path}")
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [20, 6, 4]


@pytest.mark.parametrize("place", ["", "pictures.parquet"])
def test_a_lone_file_is_split(tmp_path, make, load, place):
    make.write_image_parquet(tmp_path / "pictures.parquet", make.coloured(40), [0, 1] * 20, names=None)
    dataset = load(f"parquet:{tmp_path / place}", test_fraction=0.25)
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [27, 3, 10]
    assert dataset.classes == ("0", "1")
    assert len(all_images(dataset)) == 40


def test_second_load_reads_no_parquet(tmp_path, make, load, monkeypatch):
    make.write_image_parquet(tmp_path / "train.parquet", make.coloured(40), [0, 1] * 20)
    first = load(f"parquet:{tmp_path}")
    monkeypatch.setattr(pq, "ParquetFile", None)
    monkeypatch.setattr(pq, "read_schema", None)
    assert load(f"parquet:{tmp_path}").fingerprint == first.fingerprint


def test_changed_files_are_decoded_anew(tmp_path, make, load):
    make.write_image_parquet(tmp_path / "train.parquet", make.coloured(40), [0, 1] * 20)
    first = load(f"parquet:{tmp_path}")
    make.write_image_parquet(tmp_path / "train.parquet", make.coloured(41, seed=1), [0, 1] * 20 + [0])
    assert all_images(first) & all_images(load(f"parquet:{tmp_path}")) == set()


def test_words_as_labels_and_another_column(tmp_path, make, load):
    words = pa.array(["b", "a"] * 10).dictionary_encode()
    make.write_image_parquet(tmp_path / "train.parquet", make.coloured(20), words, names=None, label="kind")
    assert load(f"parquet:{tmp_path}", label_column="kind").classes == ("a", "b")


def test_plain_columns_are_features(tmp_path, load):
    table = pa.table(
        {"age": [1, 2, 3, 4] * 5, "target": [0, 1] * 10, "tall": [True, False] * 10, "__index_level_0__": range(20)}
    )
    pq.write_table(table, tmp_path / "train.parquet")
    pq.write_table(table.select(["tall", "target", "age"]).slice(0, 4), tmp_path / "test.parquet")
    dataset = load(f"parquet:{tmp_path}")
    assert dataset.test.inputs.tolist() == [[1, 1], [2, 0], [3, 1], [4, 0]]
    assert dataset.test.labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"age": [1.0, None, 3.0, 4.0], "y": [0, 1, 0, 1]}, "Row 1, column 'age' of the train split is nan"),
        (
            {"city": ["a", "b", "a", "b"], "y": [0, 1, 0, 1]},
            "Column 'city' must be numbers to be a feature; got string",
        ),
        ({"y": [0, 1, 0, 1]}, "There is no column beside the labels 'y'"),
        ({"age": [1, 2, 3, 4], "y": [0, 1, None, 1]}, "Example 2 of the train split has no label"),
        ({"age": [1, 2, 3, 4], "y": [0.5, 1, 0, 1]}, "must be whole numbers or words; got float64"),
    ],
)
def test_tables_that_are_refused(tmp_path, load, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=message):
        load(f"parquet:{tmp_path}")


def test_test_file_without_a_column(tmp_path, load):
    pq.write_table(pa.table({"a": [1, 2], "b": [1, 2], "y": [0, 1]}), tmp_path / "train.parquet")
    pq.write_table(pa.table({"a": [1, 2], "y": [0, 1]}), tmp_path / "test.parquet")
    with pytest.raises(DataError, match=r"test.parquet has no column 'b', which the training files have"):
        load(f"parquet:{tmp_path}")


def test_test_file_without_the_images(tmp_path, make, load):
    make.write_image_parquet(tmp_path / "train.parquet", make.coloured(4), [0, 1, 0, 1])
    make.write_image_parquet(tmp_path / "test.parquet", make.coloured(4), [0, 1, 0, 1], image="picture")
    with pytest.raises(DataError, match=r"test.parquet has no column 'img', which the training files have"):
        load(f"parquet:{tmp_path}")


def test_shards_that_do_not_go_together(tmp_path, load):
    pq.write_table(pa.table({"a": [1, 2], "y": [0, 1]}), tmp_path / "train-0.parquet")
    pq.write_table(pa.table({"a": [1, 2], "y": ["b", "c"]}), tmp_path / "train-1.parquet")
    with pytest.raises(DataError, match=r"can't be read as Parquet \(Unable to merge"):
        load(f"parquet:{tmp_path}")


@pytest.mark.parametrize(("asked", "got"), [(None, "none of label, labels, y"), ("kind", "'kind'")])
def test_no_label_column(tmp_path, load, asked, got):
    pq.write_table(pa.table({"a": [1, 2], "b": [0, 1]}), tmp_path / "train.parquet")
    with pytest.raises(ArgumentError, match=f"`label_column` must be one of the columns a, b; got {got}"):
        load(f"parquet:{tmp_path}", label_column=asked)


def test_missing_folder_and_files(tmp_path, load, make):
    with pytest.raises(DataError, match=r"There is no folder or file .*nowhere. Check the path after parquet:"):
        load(f"parquet:{tmp_path / 'nowhere'}")
    with pytest.raises(DataError, match=r"holds no .parquet files. Pass the folder of train-\*.parquet"):
        load(f"parquet:{tmp_path}")
    make.write_image_parquet(tmp_path / "plain_text" / "train.parquet", make.coloured(4), [0, 1, 0, 1])
    with pytest.raises(DataError, match=r"holds no .parquet files. Pass parquet:.*plain_text"):
        load(f"parquet:{tmp_path}")
    make.write_image_parquet(tmp_path / "test.parquet", make.coloured(4), [0, 1, 0, 1])
    with pytest.raises(DataError, match=r"holds no file for training, only test.parquet"):
        load(f"parquet:{tmp_path}")


@pytest.mark.parametrize("keep", [0, 5, 0.5, 0.95])
def test_truncated_file(tmp_path, make, load, keep):
    path = tmp_path / "train.parquet"
    make.write_image_parquet(path, make.coloured(40), [0, 1] * 20)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if keep < 1 else keep])
    with pytest.raises(
        DataError, match=r"train.parquet can't be read as Parquet \(.*\). It may be cut short"
    ) as caught:
        load(f"parquet:{tmp_path}")
    assert "\n" not in str(caught.value)


def test_damage_inside_the_images(tmp_path, make, load):
    path = tmp_path / "train.parquet"
    make.write_image_parquet(path, make.coloured(400, size=(20, 20)), [0, 1] * 200)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"train.parquet(, row \d+: the image can't be decoded| can't be read)"):
        load(f"parquet:{tmp_path}")


def test_undecodable_image_names_file_and_row(tmp_path, make, load):
    images = [*make.coloured(30), b"no image", *make.coloured(9)]
    make.write_image_parquet(tmp_path / "train.parquet", images, [0, 1] * 20)
    with pytest.raises(
        DataError, match=r"^train.parquet, row 30: the image can't be decoded \(cannot identify image file\)"
    ):
        load(f"parquet:{tmp_path}")


def test_row_without_image(tmp_path, make, load):
    make.write_image_parquet(tmp_path / "train.parquet", [*make.coloured(3), None], [0, 1, 0, 1])
    with pytest.raises(DataError, match=r"train.parquet, row 3: column 'img' holds no image bytes. Embed the images"):
        load(f"parquet:{tmp_path}")


def test_label_outside_the_named_classes(tmp_path, make, load):
    make.write_image_parquet(tmp_path / "train.parquet", make.coloured(4), [0, 1, 2, 1])
    with pytest.raises(
        DataError, match=r"Example 2 of the train split has the label 2, but there are 2 classes: cat, dog"
    ):
        load(f"parquet:{tmp_path}")


@pytest.mark.parametrize(("name", "shape"), [("cifar10-jpeg", (3, 32, 32)), ("mnist", (1, 28, 28))])
def test_real_files(load, name, shape):
    path = SHARED / name / "test-00000-of-00001.parquet"
    if not path.is_file():
        pytest.skip(f"{name} is not on this machine")
    dataset = load(f"parquet:{path}", limit=500)
    assert (dataset.input_shape, dataset.num_classes) == (shape, 10)
    assert len(dataset.validation) == 500
    assert np.bincount(dataset.train.labels, minlength=10).min() > 40
