import re

import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.deploy.tables import as_inputs, dataset_of, validation_rows


def test_each_class_gives_its_share_and_keeps_an_example():
    codes = np.repeat([0, 1, 2, 3], [40, 10, 3, 1])
    kept = validation_rows(codes, 0.3, seed=1)
    assert [int(kept[codes == code].sum()) for code in range(4)] == [12, 3, 1, 0]
    most = validation_rows(codes, 0.99, seed=1)
    assert [int((~most)[codes == code].sum()) for code in range(4)] == [1, 1, 1, 1]
    assert not validation_rows(codes, 0.0, seed=1).any()


def test_the_draw_depends_on_the_seed_alone():
    codes = np.repeat([0, 1], 50)
    assert np.array_equal(validation_rows(codes, 0.2, seed=1), validation_rows(codes, 0.2, seed=1))
    assert not np.array_equal(validation_rows(codes, 0.2, seed=1), validation_rows(codes, 0.2, seed=2))


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_wrong_fractions_are_refused(fraction):
    with pytest.raises(ArgumentError, match="`validation_fraction` must be at least 0 and below 1; got"):
        validation_rows(np.array([0, 1]), fraction, seed=0)


def test_scaling_is_that_of_the_training_examples():
    generator = np.random.default_rng(0)
    inputs, codes = generator.normal(3, 5, (60, 4)).astype(np.float32), np.repeat([0, 1], 30)
    data = dataset_of(inputs, codes, ["a", "b"], validation_fraction=0.2, scaling="standard", seed=3)
    kept = validation_rows(codes, 0.2, seed=3)
    np.testing.assert_allclose(data.shift, inputs[~kept].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(data.scale, 1 / inputs[~kept].std(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(data.validation.inputs, inputs[kept])
    np.testing.assert_array_equal(data.validation.labels, codes[kept])
    assert (len(data.train), len(data.validation), len(data.test)) == (48, 12, 0)
    unit = dataset_of(inputs, codes, ["a", "b"], validation_fraction=0.2, scaling="unit", seed=3)
    assert (unit.shift.item(), unit.scale.item()) == (0.0, 1.0)
    assert unit.fingerprint != data.fingerprint


def test_images_are_scaled_by_channel():
    images = np.random.default_rng(0).integers(0, 256, (20, 3, 4, 4)).astype(np.uint8)
    data = dataset_of(
        as_inputs(images), np.repeat([0, 1], 10), ["a", "b"], validation_fraction=0, scaling="unit", seed=0
    )
    assert data.train.inputs.dtype == torch.uint8
    assert data.scale.item() == pytest.approx(1 / 255)
    data = dataset_of(
        as_inputs(images), np.repeat([0, 1], 10), ["a", "b"], validation_fraction=0, scaling="standard", seed=0
    )
    np.testing.assert_allclose(data.shift[:, 0, 0], images.mean(axis=(0, 2, 3)), rtol=1e-5)


def test_unknown_scalings_are_refused():
    with pytest.raises(ArgumentError, match="`scaling` must be one of standard, unit; got 'robust'"):
        dataset_of(
            np.zeros((4, 1), np.float32),
            np.array([0, 0, 1, 1]),
            ["a", "b"],
            validation_fraction=0,
            scaling="robust",  # pyright: ignore[reportArgumentType]
            seed=0,
        )


def test_inputs_are_copied_as_float32_or_images():
    table = np.arange(12.0).reshape(3, 4)[::-1]
    table.flags.writeable = False
    copied = as_inputs(table)
    assert copied.dtype == np.float32
    assert copied.flags.writeable
    assert copied.flags.c_contiguous
    np.testing.assert_array_equal(copied, table)
    assert as_inputs(np.zeros((2, 5), np.uint8)).dtype == np.float32
    assert as_inputs(np.zeros((2, 1, 5, 5), np.uint8)).dtype == np.uint8


def test_inputs_that_mean_nothing_are_refused():
    with pytest.raises(
        ArgumentError, match=re.escape("`X` must be a table or images (example, channel, height, width)")
    ):
        as_inputs(np.zeros((2, 4, 4)))
    with pytest.raises(ArgumentError, match=r"`X` must hold numbers that fit into float32; got 1e\+300. Scale that"):
        as_inputs(np.array([[1.0], [1e300]]))
