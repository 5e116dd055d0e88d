"""Small sources on disk in the layouts that users have."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from modescape.data import DataSettings, load_dataset


class Listener:
    """Remembers what it was told."""

    def __init__(self):
        self.started, self.advanced, self.said = {}, {}, []

    def start(self, task, total):
        self.started[task] = total

    def advance(self, task, amount=1, note=""):  # noqa: ARG002
        self.advanced[task] = self.advanced.get(task, 0) + amount

    def say(self, text):
        self.said.append(text)


@pytest.fixture
def listener():
    return Listener()


def png(pixels):
    """Encode pixels without loss."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def coloured(count, *, size=(6, 5), seed=0, channels=3):
    """Random pixels, (image, height, width, channel)."""
    shape = (count, *size, channels) if channels == 3 else (count, *size)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_image_parquet(path, pixels, labels, *, names=("cat", "dog"), image="img", label="label"):
    """Write one file as Hugging Face dataset repositories hold it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    contents = [item if isinstance(item, bytes | None) else png(item) for item in pixels]
    images = pa.array(
        [{"bytes": content, "path": None} for content in contents],
        type=pa.struct({"bytes": pa.binary(), "path": pa.string()}),
    )
    table = pa.table({image: images, label: pa.array(labels)})
    if names is not None:
        features = {image: {"_type": "Image"}, label: {"names": list(names), "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=7)


def write_image_folder(folder, pixels, classes, *, suffix=".png"):
    """Write images into one folder a class, in turn."""
    for index, item in enumerate(pixels):
        place = Path(folder, classes[index % len(classes)])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item).save(place / f"{index:03d}{suffix}")


@pytest.fixture
def make():
    """The writers above, for tests that can't import this file."""

    class Make:
        pass

    for function in (png, coloured, write_image_parquet, write_image_folder):
        setattr(Make, function.__name__, staticmethod(function))
    return Make


@pytest.fixture
def load(tmp_path):
    """Load with a cache of the test's own."""

    def loaded(source, *, seed=0, progress=None, **settings):
        more = {} if progress is None else {"progress": progress}
        return load_dataset(DataSettings(source=source, **settings), seed=seed, cache_dir=tmp_path / "cache", **more)

    return loaded


@pytest.fixture
def rows_of():
    """Show which rows a part holds, for parts whose first number is the row."""
    return lambda examples: set(examples.inputs.reshape(len(examples), -1)[:, 0].int().tolist())
