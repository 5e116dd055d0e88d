import json
from collections.abc import Callable

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from modescape.core.errors import ArgumentError, StoreError
from modescape.core.trees import Tree, ravel
from modescape.store.tensors import parsed_tensors, tensor_bytes

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    names = draw(st.lists(TEXT.filter(lambda name: name != "__metadata__"), unique=True, max_size=4))
    shapes = st.lists(st.integers(0, 3), max_size=3)
    seeds = st.integers(0, 99)
    return {name: _tensor(draw(shapes), draw(st.sampled_from(DTYPES)), draw(seeds)) for name in names}


def _tensor(shape: list[int], dtype: torch.dtype, seed: int) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 5 - 1).clamp(min=0).to(dtype)


@settings(max_examples=60, deadline=None)
@given(trees(), st.dictionaries(TEXT, TEXT, max_size=3))
def test_tensors_their_order_and_text_round_trip(tree: Tree, metadata: dict[str, str]) -> None:
    read, text = parsed_tensors(tensor_bytes(tree, metadata), "x")
    assert list(read) == list(tree)
    assert text == metadata
    for name, tensor in tree.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor)


def test_the_order_of_parameters_survives_so_that_flattened_weights_agree() -> None:
    tree = {"z": torch.tensor([1.0, 2.0]), "a": torch.tensor([3.0]), "m": torch.tensor([4.0])}
    assert ravel(parsed_tensors(tensor_bytes(tree), "x")[0]).tolist() == [1.0, 2.0, 3.0, 4.0]


def test_views_shared_memory_and_gradients_are_stored_as_plain_numbers() -> None:
    base = torch.arange(12.0).reshape(3, 4).requires_grad_()
    tree = {"row": base[1], "column": base[:, 2], "turned": base.T, "again": base}
    read, _ = parsed_tensors(tensor_bytes(tree), "x")
    assert all(torch.equal(read[name], tree[name].detach()) and not read[name].requires_grad for name in tree)


def test_nan_and_infinity_keep_their_bits() -> None:
    tensor = torch.tensor([float("nan"), float("inf"), -0.0])
    read = parsed_tensors(tensor_bytes({"a": tensor}), "x")[0]["a"]
    assert read.view(torch.int32).tolist() == tensor.view(torch.int32).tolist()


def test_equal_content_makes_equal_bytes_and_plain_safetensors_reads_them(make_tree: Callable[..., Tree]) -> None:
    text = {"a": "1", "b": "2", "c": "3"}
    assert len({tensor_bytes(make_tree(), text) for _ in range(5)}) == 1
    assert set(safetensors.torch.load(tensor_bytes(make_tree(), text))) == {"out.weight", "bias"}


def test_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`tensors` must hold tensors only; got int for 'epoch'\. Use torch"):
        tensor_bytes({"epoch": 3})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["__metadata__", "\udc80"])
def test_names_that_the_format_can_not_hold_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"`tensors` must have names that are valid text other than __metadata__"):
        tensor_bytes({name: torch.zeros(1)})


def test_a_type_of_numbers_that_the_format_does_not_know_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`tensors` must have a type that safetensors holds; got torch.complex128"):
        tensor_bytes({"a": torch.zeros(1, dtype=torch.complex128)})


def test_metadata_that_is_no_text_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`metadata` must map text to text; got 'epoch': 3\. Turn the value"):
        tensor_bytes({}, {"epoch": 3})  # pyright: ignore[reportArgumentType]


FOREIGN = {
    "empty": b"",
    "noise": b"\xff" * 64,
    "no header of ours": safetensors.torch.save({"a": torch.zeros(1)}),
    "a tensor less": safetensors.torch.save(
        {"a": torch.zeros(1)}, metadata={"modescape": json.dumps({"order": ["a", "b"], "metadata": {}})}
    ),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_other_content_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(
        StoreError, match=r"`weights/x` must be a safetensors file written by modescape; got .*\. Restore"
    ):
        parsed_tensors(content, "weights/x")
