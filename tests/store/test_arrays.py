import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modescape.core import axes
from modescape.core.errors import ArgumentError, StoreError
from modescape.store.arrays import AXIS_WORDS, check_dataset, chunk_shape, read_dataset, write_dataset

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
"""Without NUL, which NumPy itself strips from the end of text before anything is written."""
DTYPES = st.sampled_from(["f2", "f4", "f8", "i4", "i8", "u1", "?"])


@settings(max_examples=25, deadline=None)
@given(
    values=DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2, max_side=4))),
    texts=st.lists(TEXT, min_size=4, max_size=4),
)
def test_numbers_and_any_text_round_trip(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray, texts: list[str]
) -> None:
    names = np.array(texts[: values.shape[1]], dtype=object)
    dataset = xr.Dataset(
        {"loss_nats": (("member", "class"), values)}, coords={"class": ("class", names), "metric": texts[0]}
    )
    path = tmp_path_factory.mktemp("arrays") / "a.zarr"
    check_dataset(dataset)
    write_dataset(dataset, path)
    for read in (read_dataset(path), xr.open_zarr(path, chunks=None)):
        assert read["loss_nats"].dtype == values.dtype
        np.testing.assert_array_equal(read["loss_nats"].values, values)
        assert read["loss_nats"].dims == ("member", "class")
        assert [str(name) for name in read["class"].values] == texts[: values.shape[1]]
        assert str(read["metric"].values) == texts[0]


def test_what_is_read_is_identical_and_can_be_selected_and_written_again(tmp_path: Path) -> None:
    dataset = xr.Dataset(
        {"accuracy": (("member", "class"), np.random.default_rng(3).random((2, 3))), "note": ("member", ["a", "é"])},
        coords={"class": ["<script>", "b", "日本"], "member": [4, 7]},
        attrs={"reference": "test"},
    )
    write_dataset(dataset, tmp_path / "a.zarr")
    read = read_dataset(tmp_path / "a.zarr")
    xr.testing.assert_identical(read.load(), dataset)
    assert read.sel({"class": "<script>", "member": 7})["accuracy"] == dataset["accuracy"][1, 0]
    write_dataset(read, tmp_path / "b.zarr")
    xr.testing.assert_identical(read_dataset(tmp_path / "b.zarr").load(), dataset)


def test_numbers_are_read_only_when_they_are_used(tmp_path: Path, make_dataset: Callable[..., xr.Dataset]) -> None:
    write_dataset(make_dataset(), tmp_path / "a.zarr")
    assert "..." in repr(read_dataset(tmp_path / "a.zarr"))


def test_seconds_stay_numbers(tmp_path: Path) -> None:
    dataset = xr.Dataset({"duration": ("member", [1.5, 2.5], {"units": "seconds"})})
    write_dataset(dataset, tmp_path / "a.zarr")
    xr.testing.assert_identical(read_dataset(tmp_path / "a.zarr").load(), dataset)


def test_attributes_become_strict_json_and_the_caller_s_dataset_stays_as_it_is(tmp_path: Path) -> None:
    dataset = xr.Dataset({"a": ("member", [1.0], {"limit": math.nan})}, attrs={"path": Path("x"), "n": np.int64(3)})
    write_dataset(dataset, tmp_path / "a.zarr")
    read = read_dataset(tmp_path / "a.zarr")
    assert read.attrs == {"path": "x", "n": 3}
    assert read["a"].attrs == {"limit": "NaN"}
    assert dataset.attrs == {"path": Path("x"), "n": np.int64(3)}
    assert math.isnan(dataset["a"].attrs["limit"])
    for file in tmp_path.rglob("zarr.json"):
        json.loads(file.read_text(), parse_constant=pytest.fail)


def test_predictions_have_one_file_a_member(tmp_path: Path) -> None:
    shape = (3, 20_000, 10)
    dataset = xr.Dataset({"probabilities": (("member", "example", "class"), np.ones(shape, dtype=np.float32) / 10)})
    write_dataset(dataset, tmp_path / "a.zarr")
    files = [path for path in (tmp_path / "a.zarr/probabilities/c").rglob("*") if path.is_file()]
    assert len(files) == 3


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=4), st.sampled_from([1, 2, 4, 8]))
def test_chunks_fit_the_array_and_the_compressor(shape: list[int], itemsize: int) -> None:
    dimensions = ("step", "member", "example", "class")[: len(shape)]
    chunk = chunk_shape(dimensions, tuple(shape), itemsize)
    assert all(1 <= part <= max(1, length) for part, length in zip(chunk, shape, strict=True))
    assert math.prod(chunk) * itemsize <= 2**27
    if math.prod(max(1, length) for length in shape) * itemsize <= 2**20:
        assert chunk == tuple(max(1, length) for length in shape)


def test_every_axis_word_of_core_is_allowed() -> None:
    words = {word for name, word in vars(axes).items() if name.isupper()}
    assert words | {"alpha", "beta"} == AXIS_WORDS
    for word in AXIS_WORDS:
        check_dataset(xr.Dataset({"a": (word, [1.0])}))


def test_other_dimensions_are_refused_with_the_words() -> None:
    words = ", ".join(sorted(AXIS_WORDS))
    with pytest.raises(ArgumentError, match=rf"`dataset` must have dimensions among {words}; got 'seed'\. Rename it"):
        check_dataset(xr.Dataset({"a": ("seed", [1.0])}))


def test_what_is_no_dataset_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`dataset` must be an xarray.Dataset; got DataArray\. Name an array"):
        check_dataset(xr.DataArray([1.0]))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["a/b", "..", "", "a b", "é", 3])
def test_names_that_are_no_plain_words_are_refused(name: object) -> None:
    with pytest.raises(ArgumentError, match=r"`dataset` must name variables by ASCII letters, digits and _; got"):
        check_dataset(xr.Dataset({name: ("member", [1.0])}))


@pytest.mark.parametrize("value", [None, b"a", np.datetime64("2026-01-01", "ns"), 3.5, "\udc80"])
def test_values_that_are_no_numbers_or_text_are_refused(value: object) -> None:
    data = np.empty(1, dtype=object)
    data[0] = value
    if isinstance(value, np.datetime64 | bytes | str):
        data = np.array([value])
    with pytest.raises(
        ArgumentError, match=r"`dataset` must hold numbers or valid text; got dtype .* for 'a'\. Convert"
    ):
        check_dataset(xr.Dataset({"a": ("member", data)}))


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_folder_that_is_no_zarr_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "a.zarr").mkdir()
        (tmp_path / "a.zarr" / "zarr.json").write_text(content)
    with pytest.raises(
        StoreError, match=r"a\.zarr` must be arrays that xarray can open; got .*\. Restore it from a copy"
    ):
        read_dataset(tmp_path / "a.zarr")
