"""The plane of weights that modescape and loss-landscapes are given."""

import pytest
import torch

from many_weights import Plane, peer_run, plain_run
from modescape.train import weights_of
from trainers import installed, made_images, task_of


@pytest.fixture(scope="module")
def plane():
    dataset = made_images(32)
    return Plane([task_of("small-cnn", dataset, 1, 1, seed=seed).network(0).eval() for seed in range(3)], dataset, 5, 3)


def test_points_lie_on_the_grid(plane):
    start, first, second = (weights_of(corner)["0.bias"] for corner in plane.corners)
    points = [tree["0.bias"] for tree in plane.weights(5)]
    assert len(points) == 25
    torch.testing.assert_close(points[2 * 5 + 1], start + 2 / 5 * (first - start) + 2 / 5 * (second - start))
    torch.testing.assert_close(points[3 * 5 + 1], start + 3 / 5 * (first - start) + 1 / 5 * (second - start))


def test_a_patch_is_the_beginning_of_the_grid(plane):
    whole, patch = list(plane.weights(5)), list(plane.weights(3))
    assert torch.equal(patch[4]["0.weight"], whole[6]["0.weight"])


def test_loss_landscapes_finds_the_losses_of_the_plain_loop(plane):
    package = installed("loss_landscapes")
    if package is None:
        pytest.skip("loss-landscapes is not installed")
    torch.testing.assert_close(
        torch.from_numpy(peer_run(plane, package)()), torch.from_numpy(plain_run(plane)()), rtol=1e-5, atol=1e-6
    )
