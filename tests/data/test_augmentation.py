import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.core.seeds import torch_generator
from modescape.data import crop_and_flip


def slow_versions(image, border):
    """All crops of a zero-padded image and their mirror images, by plain slicing."""
    padded = np.pad(image, ((0, 0), (border, border), (border, border)))
    _, height, width = image.shape
    places = [(top, left) for top in range(2 * border + 1) for left in range(2 * border + 1)]
    crops = [padded[:, top : top + height, left : left + width] for top, left in places]
    return [
        (*place, flip, crop[:, :, ::-1] if flip else crop)
        for place, crop in zip(places, crops, strict=True)
        for flip in (0, 1)
    ]


@pytest.mark.parametrize(
    ("size", "padding", "border"), [((32, 32), 4, 4), ((24, 40), 9, 3), ((8, 8), 4, 1), ((7, 7), 4, 0)]
)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_each_image_is_one_of_its_crops_and_all_kinds_occur(size, padding, border, dtype):
    image = torch.randint(1, 256, (2, *size), generator=torch_generator(0)).to(dtype)
    results = crop_and_flip(image.expand(1200, -1, -1, -1), generator=torch_generator(1), padding=padding)
    versions = {crop.tobytes(): (top, left, flip) for top, left, flip, crop in slow_versions(image.numpy(), border)}
    seen = [versions[result.numpy().tobytes()] for result in results.contiguous()]
    assert results.dtype == dtype
    for axis in (0, 1):
        assert {place[axis] for place in seen} == set(range(2 * border + 1))
    assert len(set(seen)) > 0.9 * 2 * (2 * border + 1) ** 2
    assert 500 < sum(flip for _, _, flip in seen) < 700


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**40), st.integers(1, 5))
def test_only_the_generator_decides(seed, count):
    images = torch.rand(count, 3, 16, 16, generator=torch_generator(seed))
    before = torch.get_rng_state()
    first = crop_and_flip(images, generator=torch_generator(seed))
    second = crop_and_flip(images, generator=torch_generator(seed))
    assert torch.equal(first, second)
    assert torch.equal(before, torch.get_rng_state())


def test_input_is_kept_and_channels_last_comes_out():
    images = torch.rand(4, 3, 32, 32)
    copy = images.clone()
    result = crop_and_flip(images, generator=torch_generator(3))
    assert torch.equal(images, copy)
    assert result.is_contiguous(memory_format=torch.channels_last)


def test_features_are_refused():
    with pytest.raises(
        ArgumentError, match=r"`inputs` must be images .*got examples of shape \(4,\)\. Set augment to none"
    ):
        crop_and_flip(torch.zeros(3, 4), generator=torch_generator(0))


def test_negative_padding_is_refused():
    with pytest.raises(ArgumentError, match=r"`padding` must be at least 0; got -1"):
        crop_and_flip(torch.zeros(1, 1, 8, 8), generator=torch_generator(0), padding=-1)
