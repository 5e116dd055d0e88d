"""Dropout masks: uniform words, exact rates, one logical mask in every layout."""

import random

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from modescape.functions.intercept import Intercept
from modescape.train.noise import Draw, MaskSource, StackedMasks, drawing, given_masks, noise_profile
from train.networks import AlwaysDropping, Awkward, CumulativeNorm, Noisy

NUM_WORDS = 2**18


def test_words_are_uniform_in_each_of_their_four_places_and_bytes():
    words = MaskSource(seed=11).words(Draw((NUM_WORDS,), 0.5)).numpy()
    assert (words.min(), words.max()) < (-(2**15) + 10, 2**15)
    for place in range(4):
        in_place = words[place::4].copy().view(np.uint8).reshape(-1, 2)
        for column in in_place.T:
            assert stats.chisquare(np.bincount(column, minlength=256)).pvalue > 1e-4
        counts = np.histogram(words[place::4], bins=64, range=(-(2**15), 2**15))[0]
        assert stats.chisquare(counts).pvalue > 1e-4


def test_neighbouring_words_are_independent():
    words = MaskSource(seed=12).words(Draw((NUM_WORDS,), 0.5)).double()
    for lag in (1, 2, 3, 4, 64):
        correlation = torch.corrcoef(torch.stack([words[:-lag], words[lag:]]))[0, 1].item()
        assert abs(correlation) < 4 / NUM_WORDS**0.5


@pytest.mark.parametrize("probability", [0.5, 0.1, 0.25, 1 / 3, 1 / 65536, 0.999, 1 - 1 / 65536])
def test_the_keep_rate_is_exact_to_one_65536th(monkeypatch, probability):
    # All 65,536 words once: the share kept is the rate itself, without chance.
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    monkeypatch.setattr(MaskSource, "words", lambda self, draw: every[: draw.num_values])  # noqa: ARG005
    mask = MaskSource(seed=0).mask(Draw((65536,), probability))
    kept = int((mask > 0).sum())
    assert kept == round((1 - probability) * 65536)
    assert mask.mean().item() == pytest.approx(1.0, abs=1e-6), "the scale keeps the expectation"
    assert mask.unique().tolist() == pytest.approx([0.0, 65536 / kept])


@pytest.mark.parametrize("probability", [0.05, 0.1, 0.5, 0.9])
def test_the_share_kept_in_a_sample_fits_the_rate_in_every_position_of_a_row(probability):
    mask = MaskSource(seed=5).mask(Draw((20_000, 8), probability))
    for column in (mask > 0).T:
        assert stats.binomtest(int(column.sum()), 20_000, 1 - probability).pvalue > 1e-4


def test_almost_nothing_and_almost_everything_dropped():
    assert MaskSource(seed=0).mask(Draw((1000,), 1e-9)).unique().tolist() == [1.0]
    assert MaskSource(seed=0).mask(Draw((1000,), 1 - 1e-9)).unique().tolist() == [0.0]
    assert MaskSource(seed=0).mask(Draw((1000,), 1.0)).unique().tolist() == [0.0]


@pytest.mark.parametrize("count", [1, 3, 4, 5, 1023])
def test_any_number_of_values(count):
    assert MaskSource(seed=1).mask(Draw((count,), 0.5)).shape == (count,)


def test_masks_depend_on_the_seed_and_the_position_alone():
    source = MaskSource(seed=3)
    first, second = source.mask(Draw((40, 3), 0.5)), source.mask(Draw((40, 3), 0.5))
    assert not torch.equal(first, second)
    assert not torch.equal(first, MaskSource(seed=4).mask(Draw((40, 3), 0.5)))
    torch.rand(3)
    again = MaskSource(seed=3)
    assert torch.equal(again.mask(Draw((40, 3), 0.5)), first)
    assert torch.equal(again.mask(Draw((40, 3), 0.5)), second)


def dropped(inputs, seed=8, **options):
    with drawing(MaskSource(seed=seed)):
        return F.dropout(inputs, **options)


@pytest.mark.parametrize("shape", [(5, 3, 4, 6), (7, 9), (2, 3, 5), (2, 3, 4, 5, 6)])
def test_the_same_mask_whatever_the_memory_order(shape):
    inputs = torch.rand(shape) + 1.0
    turned = inputs.transpose(0, -1).contiguous().transpose(0, -1)
    layouts = [inputs, turned]
    if len(shape) == 4:
        layouts.append(inputs.contiguous(memory_format=torch.channels_last))
    found = [dropped(layout, p=0.4) for layout in layouts]
    assert all(torch.equal(result, found[0]) for result in found)
    kept = found[0] != 0
    level = round(0.6 * 65536)
    torch.testing.assert_close(found[0], torch.where(kept, inputs * (65536 / level), 0.0))


def test_images_get_masks_in_the_order_of_channels_last():
    mask = MaskSource(seed=2).mask(Draw((2, 3, 4, 5), 0.5))
    flat = MaskSource(seed=2).mask(Draw((2 * 4 * 5 * 3,), 0.5))
    assert torch.equal(mask.permute(0, 2, 3, 1).flatten(), flat)


def test_nothing_is_drawn_where_nothing_is_dropped():
    inputs = torch.rand(4, 5)
    source = MaskSource(seed=6)
    with drawing(source):
        assert torch.equal(F.dropout(inputs, p=0.0), inputs)
        assert torch.equal(F.dropout(inputs, p=0.5, training=False), inputs)
        assert torch.equal(nn.Dropout(0.5).eval()(inputs), inputs)
        assert not F.dropout(inputs, p=1.0).any()
    assert torch.equal(source.mask(Draw((9,), 0.5)), MaskSource(seed=6).mask(Draw((9,), 0.5)))


@pytest.mark.parametrize("probability", [-0.1, 1.5])
def test_an_impossible_probability_is_refused_as_torch_refuses_it(probability):
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1"):
        dropped(torch.rand(4), p=probability)


def test_dropout_in_place_changes_its_input():
    for layer in (nn.Dropout(0.5, inplace=True), nn.Dropout2d(0.5, inplace=True)):
        inputs = torch.ones(6, 8, 2, 2)
        with drawing(MaskSource(seed=1)):
            outputs = layer(inputs)
        assert outputs is inputs
        assert sorted(inputs.unique().tolist()) == [0.0, 2.0]


@pytest.mark.parametrize(
    ("layer", "shape"), [(nn.Dropout1d, (60, 7, 5)), (nn.Dropout2d, (60, 7, 3, 5)), (nn.Dropout3d, (60, 7, 2, 3, 4))]
)
def test_channels_are_dropped_whole(layer, shape):
    with drawing(MaskSource(seed=9)):
        outputs = layer(0.25)(torch.ones(shape)).flatten(2)
    assert (outputs == outputs[..., :1]).all()
    kept = (outputs[..., 0] != 0).double()
    assert stats.binomtest(int(kept.sum()), kept.numel(), 0.75).pvalue > 1e-4
    assert outputs.max().item() == pytest.approx(1 / 0.75)


def test_the_gradient_is_the_mask():
    inputs = torch.rand(50, requires_grad=True)
    outputs = dropped(inputs, p=0.3)
    outputs.sum().backward()
    torch.testing.assert_close(inputs.grad, (outputs / inputs).detach())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_the_type_of_the_input_is_kept(dtype):
    assert dropped(torch.ones(8, dtype=dtype)).dtype == dtype


def test_given_masks_are_those_that_would_be_drawn():
    draws = [Draw((6, 4), 0.5), Draw((6, 3, 1, 1), 0.25)]
    inputs = [torch.rand(6, 4), torch.rand(6, 3, 2, 2)]
    source = MaskSource(seed=1)
    with Intercept(given_masks([source.mask(draw) for draw in draws])):
        given = [F.dropout(inputs[0], 0.5), F.dropout2d(inputs[1], 0.25)]
    with drawing(MaskSource(seed=1)):
        drawn = [F.dropout(inputs[0], 0.5), F.dropout2d(inputs[1], 0.25)]
    assert all(torch.equal(one, other) for one, other in zip(given, drawn, strict=True))


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


def test_a_profile_lists_dropouts_in_order_and_leaves_no_trace():
    network = Awkward((1, 8, 8), 4).eval()
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    inputs, generators = torch.rand(5, 1, 8, 8), states()
    profile = noise_profile(network, inputs)
    assert profile.draws == (Draw((5, 6, 1, 1), 0.2), Draw((5, 6), 0.1))
    assert not profile.uncontrolled
    assert not network.training
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())
    assert states() == generators


@pytest.mark.parametrize("source", ["torch", "numpy", "python"])
def test_other_random_numbers_are_noticed(source):
    network, inputs, generators = Noisy((6,), 3, source), torch.rand(5, 6), states()
    profile = noise_profile(network, inputs)
    assert profile.uncontrolled
    assert states() == generators


@pytest.mark.parametrize("builder", [AlwaysDropping, CumulativeNorm])
def test_dropout_and_batch_norm_are_no_other_random_numbers(builder):
    assert not noise_profile(builder((6,), 3), torch.rand(5, 6)).uncontrolled


def test_dropout_of_another_kind_is_noticed():
    assert noise_profile(nn.Sequential(nn.AlphaDropout(0.2)), torch.rand(5, 6)).uncontrolled


def on_accelerator(seed):
    """A source that draws as on an accelerator, with a generator of torch and in blocks."""
    source = MaskSource(seed)
    source._torch = torch.Generator().manual_seed(seed)
    return source


def test_words_of_an_accelerator_do_not_depend_on_the_portions_they_are_drawn_in(monkeypatch):
    monkeypatch.setattr("modescape.train.noise.BLOCK", 64)
    whole, parts = on_accelerator(5), on_accelerator(5)
    assert torch.equal(whole.raw(300), torch.cat([parts.raw(count) for count in (1, 62, 1, 130, 106)]))
    assert len(torch.unique(whole.raw(300))) == 300


def test_words_of_an_accelerator_use_all_bits():
    words = on_accelerator(6).words(Draw((NUM_WORDS,), 0.5)).numpy()
    for place in range(4):
        counts = np.histogram(words[place::4], bins=64, range=(-(2**15), 2**15))[0]
        assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("ahead", [1, 10_000, 2**22])
def test_stacked_masks_are_those_of_each_member_drawn_one_by_one(monkeypatch, ahead):
    monkeypatch.setattr("modescape.train.noise.AHEAD_BYTES", ahead)
    draws = [Draw((3, 2, 4, 5), 0.3), Draw((7, 3), 0.6), Draw((5,), 1.0), Draw((2, 9), 0.1)]
    stacked = StackedMasks(draws)
    for epoch in range(2):
        stacked.begin([MaskSource(10 * epoch + member) for member in range(3)], num_steps=5)
        alone = [MaskSource(10 * epoch + member) for member in range(3)]
        for _ in range(5):
            for draw, masks in zip(draws, stacked.step(), strict=True):
                assert all(torch.equal(masks[member], source.mask(draw)) for member, source in enumerate(alone))


def test_dropout_of_nothing_and_a_probability_in_a_tensor():
    with drawing(MaskSource(seed=1)):
        assert F.dropout(torch.empty(0, 3), 0.5).shape == (0, 3)
        assert F.dropout(torch.ones(100), torch.tensor(0.5)).unique().tolist() == [0.0, 2.0]


def test_masks_of_other_shapes_than_drawn_are_refused():
    with Intercept(given_masks([torch.ones(3)])), pytest.raises(RuntimeError, match="other values than in the first"):
        F.dropout(torch.ones(4), 0.5)
