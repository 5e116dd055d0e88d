"""Loops over images that numba compiles: dropout masks and 2x2 max-pooling, for one thread and without the GIL.

Images have the axes (example, height, width, channel), all arrays lie in C order, values are 32-bit floats. The
innermost loops have no branch, so that the compiler turns them into vector instructions. Only `fused` imports this
module, and only when it is needed: importing numba takes half a second. Without numba the loops are plain Python.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float32, Int16, UInt8

try:
    from numba import njit
except ImportError:
    njit = None

Images = Float32[np.ndarray, "example height width channel"]
Words = Int16[np.ndarray, "example height width channel"]
Places = UInt8[np.ndarray, "example height_half width_half channel"]
"""Which of its four values a maximum is: 0 and 1 in the upper row, 2 and 3 in the lower."""

ZERO = np.float32(0.0)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop at its first call, and keep the machine code for the next process where that can be written.

    >>> compiled(lambda number: number + 1)(1)
    2
    """
    if njit is None:
        return function
    try:
        return njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        return njit(nogil=True, error_model="numpy")(function)


@compiled
def expand(
    words: Int16[np.ndarray, "row word"],
    start: int,
    bound: np.int16,
    scale: np.float32,
    masks: Float32[np.ndarray, "row value"],
) -> None:
    """Write a mask in each row, from the words of the row after a start: the scale where one is at most the bound."""
    for row in range(masks.shape[0]):
        for i in range(masks.shape[1]):
            masks[row, i] = scale if words[row, start + i] <= bound else ZERO


@compiled
def drop(
    inputs: Float32[np.ndarray, "value"],
    words: Int16[np.ndarray, "value"],
    bound: np.int16,
    scale: np.float32,
    outputs: Float32[np.ndarray, "value"],
) -> None:
    """Multiply each value by the scale where its word is at most the bound, else by 0 (which keeps signs and NaN)."""
    for i in range(inputs.size):
        outputs[i] = inputs[i] * (scale if words[i] <= bound else ZERO)


@compiled
def _pool_rows(
    upper: Float32[np.ndarray, "value"],
    lower: Float32[np.ndarray, "value"],
    outputs: Float32[np.ndarray, "width_half channel"],
    places: UInt8[np.ndarray, "width_half channel"],
) -> None:
    """Pool two rows of an image. As in PyTorch, the first of equal values wins, and of NaN the last."""
    width, channels = outputs.shape
    for j in range(width):
        left = 2 * j * channels
        right = left + channels
        for c in range(channels):
            best, place = upper[left + c], np.uint8(0)
            value = upper[right + c]
            better = (value > best) | (value != value)  # noqa: PLR0124
            best, place = (value if better else best), (np.uint8(1) if better else place)
            value = lower[left + c]
            better = (value > best) | (value != value)  # noqa: PLR0124
            best, place = (value if better else best), (np.uint8(2) if better else place)
            value = lower[right + c]
            better = (value > best) | (value != value)  # noqa: PLR0124
            outputs[j, c] = value if better else best
            places[j, c] = np.uint8(3) if better else place


@compiled
def _unpool_row(
    gradients: Float32[np.ndarray, "width_half channel"],
    places: UInt8[np.ndarray, "width_half channel"],
    left_place: int,
    outputs: Float32[np.ndarray, "value"],
) -> None:
    """Give the gradient of a maximum to the value it came from, and 0 to all others, in one row of an image."""
    width, channels = gradients.shape
    for j in range(width):
        left = 2 * j * channels
        right = left + channels
        # PyTorch adds to zeros: a gradient of -0.0 becomes 0.0.
        for c in range(channels):
            outputs[left + c] = gradients[j, c] + ZERO if places[j, c] == left_place else ZERO
        for c in range(channels):
            outputs[right + c] = gradients[j, c] + ZERO if places[j, c] == left_place + 1 else ZERO
    # A last odd column is in no window.
    outputs[2 * width * channels :] = ZERO


@compiled
def pool(inputs: Images, outputs: Images, places: Places) -> None:
    """Write the largest of each four values, and which of them it is."""
    num_examples, height, width, channels = inputs.shape
    rows = inputs.reshape(num_examples, height, width * channels)
    for n in range(num_examples):
        for i in range(height // 2):
            _pool_rows(rows[n, 2 * i], rows[n, 2 * i + 1], outputs[n, i], places[n, i])


@compiled
def pool_only(inputs: Images, outputs: Images) -> None:
    """Write the largest of each four values."""
    num_examples, height, width, channels = outputs.shape
    for n in range(num_examples):
        for i in range(height):
            for j in range(width):
                for c in range(channels):
                    best, value = inputs[n, 2 * i, 2 * j, c], inputs[n, 2 * i, 2 * j + 1, c]
                    best = value if (value > best) | (value != value) else best  # noqa: PLR0124
                    value = inputs[n, 2 * i + 1, 2 * j, c]
                    best = value if (value > best) | (value != value) else best  # noqa: PLR0124
                    value = inputs[n, 2 * i + 1, 2 * j + 1, c]
                    outputs[n, i, j, c] = value if (value > best) | (value != value) else best  # noqa: PLR0124


@compiled
def unpool(gradients: Images, places: Places, outputs: Images) -> None:
    """Write the gradient of `pool` with respect to its inputs."""
    num_examples, height, width, channels = outputs.shape
    rows = outputs.reshape(num_examples, height, width * channels)
    for n in range(num_examples):
        for i in range(height // 2):
            _unpool_row(gradients[n, i], places[n, i], 0, rows[n, 2 * i])
            _unpool_row(gradients[n, i], places[n, i], 2, rows[n, 2 * i + 1])
        if height % 2:
            rows[n, height - 1] = ZERO


@compiled
def drop_and_pool(  # noqa: PLR0917
    inputs: Images, words: Words, bound: np.int16, scale: np.float32, outputs: Images, places: Places
) -> None:
    """Drop, then pool, two rows at a time: what is dropped never leaves the cache (10 times faster than one loop)."""
    num_examples, height, width, channels = inputs.shape
    rows = inputs.reshape(num_examples, height, width * channels)
    row_words = words.reshape(num_examples, height, width * channels)
    upper, lower = np.empty(width * channels, np.float32), np.empty(width * channels, np.float32)
    for n in range(num_examples):
        for i in range(height // 2):
            drop(rows[n, 2 * i], row_words[n, 2 * i], bound, scale, upper)
            drop(rows[n, 2 * i + 1], row_words[n, 2 * i + 1], bound, scale, lower)
            _pool_rows(upper, lower, outputs[n, i], places[n, i])


@compiled
def undrop_and_unpool(  # noqa: PLR0917
    gradients: Images, places: Places, words: Words, bound: np.int16, scale: np.float32, outputs: Images
) -> None:
    """Write the gradient of `drop_and_pool` with respect to its inputs."""
    num_examples, height, width, channels = outputs.shape
    rows = outputs.reshape(num_examples, height, width * channels)
    row_words = words.reshape(num_examples, height, width * channels)
    row = np.empty(width * channels, np.float32)
    for n in range(num_examples):
        for i in range(height // 2):
            _unpool_row(gradients[n, i], places[n, i], 0, row)
            drop(row, row_words[n, 2 * i], bound, scale, rows[n, 2 * i])
            _unpool_row(gradients[n, i], places[n, i], 2, row)
            drop(row, row_words[n, 2 * i + 1], bound, scale, rows[n, 2 * i + 1])
        if height % 2:
            rows[n, height - 1] = ZERO
