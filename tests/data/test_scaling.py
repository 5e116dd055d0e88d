import numpy as np
import pytest
import torch

from modescape.data import scaling
from modescape.data.contents import whole_part
from modescape.data.scaling import standard_scaling, unit_scaling
from modescape.data.splits import taken


def part_of(inputs):
    return whole_part(inputs, torch.zeros(len(inputs), dtype=torch.int64), "train")


@pytest.mark.parametrize("shape", [(50, 4), (50, 3, 6, 5), (50, 2, 9)])
@pytest.mark.parametrize("pixels", [True, False])
def test_standard_against_numpy_in_chunks(shape, pixels, monkeypatch):
    monkeypatch.setattr(scaling, "CHUNK", 7)
    inputs = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 255
    inputs = inputs.to(torch.uint8) if pixels and len(shape) > 2 else inputs + 1000
    shift, scale = standard_scaling(part_of(inputs))
    array = inputs.double().numpy()
    axes = tuple(axis for axis in range(array.ndim) if axis != 1)
    np.testing.assert_allclose(shift.flatten(), array.mean(axes), rtol=1e-6)
    np.testing.assert_allclose(scale.flatten(), 1 / array.std(axes), rtol=1e-6)
    scaled = (inputs.float() - shift) * scale
    assert scaled.shape == inputs.shape
    torch.testing.assert_close(scaled.double().mean(axes), torch.zeros(shape[1]).double(), atol=1e-3, rtol=0)


def test_constant_features_are_only_shifted():
    shift, scale = standard_scaling(part_of(torch.tensor([[3.0, 1.0], [3.0, 2.0]])))
    assert (shift.tolist(), scale.tolist()) == ([3.0, 1.5], [1.0, 2.0])


def test_unit():
    assert [number.item() for number in unit_scaling(torch.zeros(1, 2))] == [0.0, 1.0]
    shift, scale = unit_scaling(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))
    assert (shift.item(), scale.item() * 255) == (0.0, pytest.approx(1.0))


def test_kept_for_the_same_rows_only(tmp_path, monkeypatch):
    part = part_of(torch.rand(20, 3))
    first = standard_scaling(part, tmp_path)
    computed = []
    monkeypatch.setattr(
        scaling, "_moments", lambda inputs: computed.append(len(inputs)) or (torch.zeros(3), torch.ones(3))
    )
    assert [numbers.tolist() for numbers in standard_scaling(part, tmp_path)] == [numbers.tolist() for numbers in first]
    assert computed == []
    standard_scaling(taken(part, torch.arange(5)), tmp_path)
    assert computed == [5]


@pytest.mark.parametrize("damage", ["", "[1, 2", "[[1.0], [2.0]]", '"text"', "[1, null]"])
def test_damaged_statistics_are_computed_again(tmp_path, damage):
    part = part_of(torch.rand(20, 3))
    first = standard_scaling(part, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_text(damage, encoding="utf-8")
    assert standard_scaling(part, tmp_path)[0].tolist() == first[0].tolist()


def test_a_folder_that_can_not_be_written_is_no_obstacle(tmp_path):
    assert standard_scaling(part_of(torch.rand(4, 2)), tmp_path / "missing")[0].shape == (2,)
