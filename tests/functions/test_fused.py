"""Dropout and pooling in one pass: the bits of plain torch, whatever the layout, with numba and without."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.core.errors import ArgumentError
from modescape.functions import fused, fused_kernels
from modescape.functions.fused import POOLING, dropped, dropped_max_pooled, expanded, kernels_available, max_pooled
from modescape.functions.intercept import Intercept

BOUND, SCALE = 9000, 2**16 / (9000 + 2**15 + 1)
SHAPES = [(2, 16, 8, 8), (3, 3, 7, 5), (2, 1, 5, 6), (1, 5, 3, 2), (2, 2, 2, 9)]


@pytest.fixture(params=["numba", "torch"])
def backend(request, monkeypatch):
    """Run a test with the compiled loops, if they can be there, and without."""
    if request.param == "torch":
        monkeypatch.setattr(fused, "kernels_available", lambda: False)
    elif not kernels_available():
        pytest.skip("numba is not installed")
    return request.param


@pytest.fixture
def only_numba():
    if not kernels_available():
        pytest.skip("numba is not installed")


def images(shape, *, last=True, special=True, seed=0):
    """Make images with many ties, and with NaN, infinities and both zeros."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(-3, 4, shape, generator=generator).float() / 3
    if special:
        place = torch.randint(0, 12, shape, generator=generator)
        for index, number in enumerate([float("nan"), float("inf"), float("-inf"), -0.0]):
            values[place == index] = number
    return values.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def drawn(shape, seed=1):
    numbers = np.random.default_rng(seed).integers(-(2**15), 2**15, int(np.prod(shape)), dtype=np.int16)
    numbers[::7] = BOUND
    return numbers


def mask(shape, words, dtype=torch.float32):
    """Make the mask as slowly and plainly as can be."""
    kept = np.array([np.float32(SCALE) if word <= BOUND else np.float32(0) for word in words.tolist()], np.float32)
    if len(shape) == 4:
        kept = kept.reshape(shape[0], *shape[2:], shape[1]).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(kept)).reshape(shape).to(dtype)


def forward_and_gradient(function, inputs, *, last=True):
    """Run a function and its gradient for upstream gradients that hold both zeros."""
    leaf = inputs.clone().requires_grad_()
    outputs = function(leaf)
    upstream = (torch.randint(-2, 3, outputs.shape, generator=torch.Generator().manual_seed(3)) / 2).to(outputs.dtype)
    upstream = torch.where(upstream == 0, -0.0, upstream)
    if outputs.ndim == 4 and last:
        upstream = upstream.contiguous(memory_format=torch.channels_last)
    outputs.backward(upstream)
    return outputs.detach(), leaf.grad


def assert_same_bits(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        assert torch.equal(ours.isnan(), theirs.isnan())
        assert torch.equal(ours.nan_to_num(7.0), theirs.nan_to_num(7.0))
        assert torch.equal(ours.signbit() & ~ours.isnan(), theirs.signbit() & ~theirs.isnan())


@pytest.mark.parametrize("shape", [*SHAPES, (4, 9), (7,), (2, 3, 5), (1, 2, 3, 4, 5), ()])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.usefixtures("backend")
def test_dropping_is_a_product_with_a_mask(shape, last):
    last = last and len(shape) == 4
    inputs, words = images(shape, last=last), drawn(shape)
    expected = forward_and_gradient(lambda x: x * mask(shape, words), inputs, last=last)
    assert_same_bits(forward_and_gradient(lambda x: dropped(x, words, BOUND, SCALE), inputs, last=last), expected)
    assert_same_bits([dropped(inputs, torch.from_numpy(words), BOUND, SCALE)], expected[:1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("special", [True, False])
@pytest.mark.usefixtures("backend")
def test_pooling_is_that_of_torch(shape, last, special):
    inputs = images(shape, last=last, special=special)
    expected = forward_and_gradient(lambda x: F.max_pool2d(x, 2), inputs)
    assert_same_bits(forward_and_gradient(max_pooled, inputs), expected)
    assert_same_bits([max_pooled(inputs)], expected[:1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("special", [True, False])
@pytest.mark.usefixtures("backend")
def test_both_in_one_pass_are_one_after_the_other(shape, last, special):
    inputs, words = images(shape, last=last, special=special), drawn(shape)
    expected = forward_and_gradient(lambda x: F.max_pool2d(x * mask(shape, words), 2), inputs)
    assert_same_bits(
        forward_and_gradient(lambda x: dropped_max_pooled(x, words, BOUND, SCALE), inputs, last=last), expected
    )
    with torch.inference_mode():
        assert_same_bits([dropped_max_pooled(inputs, torch.from_numpy(words), BOUND, SCALE)], expected[:1])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.usefixtures("backend")
def test_other_numbers_are_left_to_torch(dtype):
    shape = (2, 3, 5, 4)
    inputs, words = images(shape).to(dtype), drawn(shape)
    assert_same_bits(
        forward_and_gradient(lambda x: dropped_max_pooled(x, words, BOUND, SCALE), inputs),
        forward_and_gradient(lambda x: F.max_pool2d(x * mask(shape, words, dtype), 2), inputs),
    )
    assert_same_bits([max_pooled(inputs)], [F.max_pool2d(inputs, 2)])


@pytest.mark.usefixtures("backend")
def test_gradients_that_lie_differently_and_graphs_that_are_used_twice():
    shape = (2, 3, 6, 4)
    inputs, words = images(shape, special=False), drawn(shape)
    leaf = inputs.clone().requires_grad_()
    for function, plain in [
        (lambda x: dropped(x, words, BOUND, SCALE), lambda x: x * mask(shape, words)),
        (max_pooled, lambda x: F.max_pool2d(x, 2)),
        (lambda x: dropped_max_pooled(x, words, BOUND, SCALE), lambda x: F.max_pool2d(x * mask(shape, words), 2)),
    ]:
        total, expected = function(leaf).sum(), torch.autograd.grad(plain(leaf).sum(), leaf)
        assert_same_bits(torch.autograd.grad(total, leaf, retain_graph=True), expected)
        assert_same_bits(torch.autograd.grad(total, leaf), expected)


@pytest.mark.usefixtures("only_numba")
def test_gradients_of_gradients_are_refused():
    leaf = images((1, 2, 4, 4), special=False).requires_grad_()
    words = drawn(leaf.shape)
    for outputs in [
        max_pooled(leaf),
        dropped(leaf, words, BOUND, SCALE),
        dropped_max_pooled(leaf, words, BOUND, SCALE),
    ]:
        (gradient,) = torch.autograd.grad((outputs**2).sum(), leaf, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            gradient.sum().backward()


@pytest.mark.usefixtures("backend")
def test_nothing_is_recorded_where_no_gradient_is_wanted():
    inputs = images((1, 2, 4, 4)).requires_grad_()
    with torch.no_grad():
        assert not max_pooled(inputs).requires_grad
        assert not dropped(inputs, drawn(inputs.shape), BOUND, SCALE).requires_grad
    assert not max_pooled(inputs.detach()).requires_grad


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.usefixtures("backend")
def test_a_mask_lies_in_the_order_of_its_words(layout):
    words = drawn((2, 3, 4, 5))
    out = torch.full((2, 3, 4, 5), torch.nan).contiguous(memory_format=layout)
    assert expanded(words, BOUND, SCALE, out) is out
    lying = out.permute(0, 2, 3, 1) if layout == torch.channels_last else out
    assert lying.reshape(-1).tolist() == [np.float32(SCALE) if word <= BOUND else 0.0 for word in words]


@pytest.mark.usefixtures("backend")
def test_bounds_at_both_ends():
    words = np.array([-(2**15), 0, 2**15 - 1], np.int16)
    assert dropped(torch.ones(3), words, 2**15 - 1, 1.0).tolist() == [1.0, 1.0, 1.0]
    assert dropped(torch.ones(3), words, -(2**15), 8.0).tolist() == [8.0, 0.0, 0.0]


@pytest.mark.usefixtures("backend")
def test_no_examples():
    assert dropped(torch.zeros(0, 3), np.zeros(0, np.int16), BOUND, SCALE).shape == (0, 3)
    assert max_pooled(torch.zeros(0, 3, 4, 4)).shape == (0, 3, 2, 2)


@pytest.mark.usefixtures("only_numba")
def test_members_train_in_threads_of_their_own():
    def work(seed):
        inputs, words = images((4, 16, 8, 8), seed=seed), drawn((4, 16, 8, 8), seed)
        return forward_and_gradient(lambda x: dropped_max_pooled(x, words, BOUND, SCALE), inputs)

    alone = [work(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(work, range(8)), alone, strict=True):
            assert_same_bits(found, expected)


@pytest.fixture
def counted(monkeypatch):
    """Count the calls of `max_pooled`."""
    calls = []
    monkeypatch.setattr(fused, "max_pooled", lambda inputs: calls.append(inputs.shape) or max_pooled(inputs))
    return calls


@pytest.mark.parametrize(
    "pooling",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d((2, 2), stride=2),
        lambda x: F.max_pool2d(x, 2),
        lambda x: F.max_pool2d(x, [2, 2], (2, 2), 0, 1),
        lambda x: torch.max_pool2d(x, 2),
        lambda x: torch.max_pool2d(x, [2, 2], []),
    ],
)
@pytest.mark.usefixtures("only_numba")
def test_handlers_take_pooling_of_two_by_two(counted, pooling):
    inputs = images((2, 3, 5, 6))
    with Intercept(POOLING):
        found = pooling(inputs)
    assert counted == [inputs.shape]
    assert_same_bits([found], [pooling(inputs)])


@pytest.mark.parametrize(
    "pooling",
    [
        nn.MaxPool2d(3),
        nn.MaxPool2d(2, stride=1),
        nn.MaxPool2d((2, 1)),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d(2, dilation=2),
        nn.MaxPool2d(2, ceil_mode=True),
        lambda x: F.max_pool2d(x, 2, return_indices=True)[1],
        lambda x: F.max_pool2d(x[0], 2),
        lambda x: F.max_pool2d(x.double(), 2),
        lambda x: F.max_pool2d(x.contiguous(), 2),
    ],
)
def test_handlers_leave_other_pooling_alone(counted, pooling):
    inputs = images((2, 3, 5, 6))
    with Intercept(POOLING):
        found = pooling(inputs)
    assert not counted
    assert torch.equal(found.nan_to_num(7.0), pooling(inputs).nan_to_num(7.0))


@pytest.mark.usefixtures("backend")
def test_images_smaller_than_a_window_are_refused_by_torch():
    with Intercept(POOLING), pytest.raises(RuntimeError, match="too small"):
        nn.MaxPool2d(2)(torch.zeros(1, 2, 1, 4))


@pytest.mark.parametrize("words", [np.zeros(5, np.int16), torch.zeros(6), np.zeros((7,), np.int16)])
@pytest.mark.parametrize("function", [dropped, dropped_max_pooled])
@pytest.mark.usefixtures("backend")
def test_words_must_fit(words, function):
    with pytest.raises(ArgumentError, match=r"`words` must be 6 numbers of type int16, one a value; got [567] of type"):
        function(torch.zeros(1, 1, 2, 3), words, BOUND, SCALE)


@pytest.mark.parametrize(
    "out", [torch.zeros(4, dtype=torch.float64), torch.zeros(8)[::2], torch.zeros(2, 1, 1, 4)[..., ::2]]
)
@pytest.mark.usefixtures("backend")
def test_a_mask_needs_room_without_gaps(out):
    words = np.zeros(out.numel(), np.int16)
    with pytest.raises(ArgumentError, match="`out` must hold 32-bit floats without gaps between them; got torch"):
        expanded(words, BOUND, SCALE, out)


def test_without_numba_nothing_is_compiled(monkeypatch):
    assert kernels_available() is (fused_kernels.njit is not None)
    monkeypatch.setattr(fused_kernels, "njit", None)
    assert fused_kernels.compiled(len) is len
    assert not kernels_available.__wrapped__()


def test_other_errors_of_the_compiler_are_not_hidden(monkeypatch):
    def failing(**_):
        raise RuntimeError("out of registers")

    monkeypatch.setattr(fused_kernels, "njit", failing)
    with pytest.raises(RuntimeError, match="out of registers"):
        fused_kernels.compiled(len)


@pytest.mark.usefixtures("only_numba")
def test_the_loops_as_plain_python_are_right():
    """What numba compiles is also what Python would do: no vector instruction changed the meaning."""
    inputs, words = images((1, 2, 5, 5)).permute(0, 2, 3, 1).numpy(), drawn((1, 2, 5, 5)).reshape(1, 5, 5, 2)
    results = []
    for run in [fused_kernels.drop_and_pool, fused_kernels.drop_and_pool.py_func]:
        outputs, places = np.zeros((1, 2, 2, 2), np.float32), np.zeros((1, 2, 2, 2), np.uint8)
        with np.errstate(invalid="ignore"):
            run(inputs, words, np.int16(BOUND), np.float32(SCALE), outputs, places)
        results.append((outputs, places))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_numba_is_not_imported_before_it_is_used():
    code = "import sys, modescape.functions.fused; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
