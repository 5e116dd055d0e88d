import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from landscapes.curved import Once, batches_of, full_ggn, full_hessian, images, is_same, pooled, state_of
from modescape.core.errors import ArgumentError, MissingDependencyError
from modescape.functions.fused import POOLING
from modescape.functions.intercept import Intercept
from modescape.landscapes import operators
from modescape.landscapes.operators import CurvatureMatrix

INPUTS, LABELS = images()


def dense(network, matrix, loss=None, inputs=INPUTS, size=4):
    found = CurvatureMatrix(network, loss or nn.CrossEntropyLoss(), batches_of(inputs, LABELS, size), matrix)
    return found.times(torch.eye(found.size, dtype=found.dtype))


def test_the_hessian_of_a_network_with_everything_is_the_one_that_autograd_forms():
    expected = full_hessian(pooled(), nn.functional.cross_entropy, INPUTS, LABELS)
    torch.testing.assert_close(dense(pooled(), "hessian"), expected, rtol=1e-8, atol=1e-10)


def test_the_gauss_newton_matrix_is_the_one_of_its_formula():
    torch.testing.assert_close(dense(pooled(), "ggn"), full_ggn(pooled(), INPUTS, LABELS), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("matrix", ["hessian", "ggn"])
@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(reduction="none"), nn.functional.cross_entropy])
def test_neither_batches_nor_the_way_a_loss_is_given_make_a_difference(matrix, loss):
    expected = dense(pooled(), matrix, size=len(INPUTS))
    torch.testing.assert_close(dense(pooled(), matrix, loss, size=2), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("matrix", ["hessian", "ggn"])
def test_images_and_kernels_with_their_channels_last_are_the_same(matrix):
    laid_out = pooled().to(memory_format=torch.channels_last)
    found = dense(laid_out, matrix, inputs=INPUTS.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found, dense(pooled(), matrix))


@pytest.mark.parametrize("channels_last", [False, True])
def test_group_norm_has_curvature_in_any_layout(channels_last):
    torch.manual_seed(2)
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.Tanh(), nn.Flatten(), nn.Linear(16, 3)).double()
    inputs = INPUTS.contiguous(memory_format=torch.channels_last) if channels_last else INPUTS
    given = network.to(memory_format=torch.channels_last) if channels_last else network
    expected = full_hessian(network.to(memory_format=torch.contiguous_format), nn.CrossEntropyLoss(), INPUTS, LABELS)
    torch.testing.assert_close(dense(given, "hessian", inputs=inputs), expected, rtol=1e-8, atol=1e-10)


def test_our_pooling_kernels_stay_out():
    network, inputs = pooled().float(), INPUTS.float()
    expected = dense(network, "hessian", inputs=inputs)
    with Intercept(POOLING):
        torch.testing.assert_close(dense(network, "hessian", inputs=inputs), expected)


@pytest.mark.parametrize("matrix", ["hessian", "ggn"])
def test_defect_the_model_is_changed(matrix):
    network = pooled()
    before = state_of(network)
    dense(network, matrix)
    assert is_same(before, state_of(network))


def test_threads_do_not_disturb_one_another():
    expected = dense(pooled(), "hessian")
    # Made here, because they are drawn from the global generator.
    networks = [pooled() for _ in range(4)]
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda network: dense(network, "hessian"), networks):
            assert torch.equal(found, expected)


def test_more_vectors_than_go_at_once_are_the_same_as_each_alone():
    found = CurvatureMatrix(pooled(), nn.CrossEntropyLoss(), batches_of(INPUTS, LABELS), "hessian")
    columns = found.normals(operators.COLUMNS + 3, torch.Generator().manual_seed(4)).T
    alone = torch.cat([found.times(column[:, None]) for column in columns.T], dim=1)
    torch.testing.assert_close(found.times(columns), alone)


def test_signs_are_plus_and_minus_one():
    found = CurvatureMatrix(pooled(), nn.CrossEntropyLoss(), batches_of(INPUTS, LABELS), "ggn")
    signs = found.signs(50, torch.Generator().manual_seed(1))
    assert signs.dtype == torch.float64
    assert signs.unique().tolist() == [-1.0, 1.0]
    assert abs(signs.mean().item()) < 0.1


def raising(*_args, **_options):
    """Stands in for what PyTorch has not got."""
    raise RuntimeError


class Squares(nn.Module):
    def forward(self, inputs):
        return Once.apply(inputs)


@pytest.mark.parametrize("layer", [nn.SiLU, lambda: nn.GroupNorm(1, 2), nn.Tanh])
@pytest.mark.parametrize("loss", [nn.functional.cross_entropy, nn.CrossEntropyLoss(reduction="none")])
def test_what_can_not_be_differentiated_forwards_is_taken_backwards_twice(layer, loss, monkeypatch):
    torch.manual_seed(2)
    network = nn.Sequential(nn.Conv2d(2, 2, 3), layer(), nn.Flatten(), nn.Linear(8, 3)).double()
    network.register_parameter("idle", nn.Parameter(torch.ones(2, dtype=torch.float64)))
    expected = full_hessian(network, nn.CrossEntropyLoss(), INPUTS, LABELS), full_ggn(network, INPUTS, LABELS)
    if layer is nn.Tanh:
        monkeypatch.setattr(torch.autograd.forward_ad, "make_dual", raising)
    torch.testing.assert_close(dense(network, "hessian", loss), expected[0], rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(dense(network, "ggn", loss), expected[1], rtol=1e-8, atol=1e-10)


def test_attention_has_curvature():
    torch.manual_seed(2)
    network = nn.Sequential(nn.TransformerEncoderLayer(2, 1, 3, batch_first=True), nn.Flatten(), nn.Linear(8, 3))
    network, inputs = network.double(), INPUTS.flatten(2).transpose(1, 2)[:, :4].contiguous()
    found = CurvatureMatrix(network, nn.CrossEntropyLoss(), [(inputs, LABELS)], "ggn")
    columns = found.normals(2, torch.Generator().manual_seed(4)).T
    torch.testing.assert_close(found.times(columns), full_ggn(network, inputs, LABELS) @ columns)


def test_a_layer_that_can_not_be_differentiated_twice_is_named_in_one_line():
    network = nn.Sequential(nn.Flatten(), nn.Linear(32, 3), Squares()).double()
    with pytest.raises(
        ArgumentError,
        match=r"^`network` must have second derivatives; got no derivative of the backward pass of a layer. Build",
    ):
        dense(network, "hessian")


def test_other_errors_of_the_network_are_its_own():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        dense(nn.Linear(7, 3).double(), "hessian")


def test_nothing_warns_in_a_new_process():
    code = (
        "import torch, warnings; from torch import nn; from modescape.landscapes import top_eigenvalues; "
        "warnings.simplefilter('error'); batches = [(torch.ones(1, 1), torch.zeros(1, 1))]; "
        "top_eigenvalues(nn.Linear(1, 1), nn.MSELoss(), batches, seed=0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_package_there_is_one_line(monkeypatch):
    operators.curvlinops.cache_clear()
    monkeypatch.setitem(sys.modules, "curvlinops", None)
    line = r'^Curvature needs the package `curvlinops-for-pytorch`, .*\. Run: pip install "modescape\[curvature\]"\.$'
    with pytest.raises(MissingDependencyError, match=line):
        dense(pooled(), "hessian")


def test_what_has_no_curvature_is_refused():
    with pytest.raises(ArgumentError, match=r"^`matrix` must be one of hessian, ggn; got 'fisher'"):
        dense(pooled(), "fisher")
    mixed = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double())
    with pytest.raises(ArgumentError, match=r"^`network` must have parameters, all of one type; got torch.float32, to"):
        dense(mixed, "hessian")
    with pytest.raises(ArgumentError, match=r"^`network` must have parameters, all of one type; got none"):
        dense(nn.Flatten(), "hessian")
