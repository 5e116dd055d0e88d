"""What the benchmark of loss surfaces compares."""

import numpy as np
import pytest

from loss_surfaces import between, equal_error, losses_of, own_run, stated_places
from many_weights import Plane, peer_run, plain_run
from trainers import installed, made_images, task_of


@pytest.fixture(scope="module")
def plane():
    dataset = made_images(24)
    corners = [task_of("small-cnn", dataset, 1, 1, seed=seed).network(0).eval() for seed in range(3)]
    return Plane(corners, dataset, 3, 3)


def test_modescape_measures_the_points_of_the_plain_loop(plane):
    np.testing.assert_allclose(own_run(plane, "float32")(), plain_run(plane)(), rtol=1e-5)


def test_loss_landscapes_shifts_every_second_row_by_a_step(plane):
    package = installed("loss_landscapes")
    if package is None:
        pytest.skip("loss-landscapes is not installed")
    theirs = peer_run(plane, package)()
    np.testing.assert_allclose(theirs, own_run(plane, "float32")(), rtol=1e-5)
    stated = np.array(list(losses_of(plane, stated_places(3, 3)))).reshape(3, 3)
    np.testing.assert_allclose(theirs[1], stated[1], rtol=1e-5)
    np.testing.assert_allclose(theirs[::2, :-1], stated[::2, 1:], rtol=1e-5)
    assert (np.abs(theirs - stated)[::2] > 1e-4).all()


def test_averages_of_batch_norm_stay_those_of_the_first_network():
    package = installed("loss_landscapes")
    if package is None:
        pytest.skip("loss-landscapes is not installed")
    dataset = made_images(16)
    corners = [task_of("resnet20", dataset, 1, 1, seed=seed).network(0) for seed in range(3)]
    for corner in corners:
        corner(dataset.prepare(dataset.train.inputs))
    plane = Plane([corner.eval() for corner in corners], dataset, 3, 2, "resnet20")
    np.testing.assert_allclose(peer_run(plane, package)(), own_run(plane, "float32")(), rtol=1e-4)


def test_interpolation_is_bilinear():
    coarse, fine = np.linspace(0, 1, 3), np.linspace(0, 1, 9)
    values = np.add.outer(coarse, 2 * coarse) + np.multiply.outer(coarse, coarse)
    expected = np.add.outer(fine, 2 * fine) + np.multiply.outer(fine, fine)
    np.testing.assert_allclose(between(coarse, values, fine), expected, atol=1e-12)


def test_a_grid_is_held_against_uniform_ones_of_equal_error(plane):
    text = "\n".join(equal_error(plane, 9))
    assert "on 24 images" in text
    assert "at 17 x 17 points that were all measured" in text
    errors = [float(line.split("|")[3].strip(" %")) for line in text.splitlines() if line.startswith("| uniform")]
    assert len(errors) == 2
    assert errors[0] > errors[1] > 0
