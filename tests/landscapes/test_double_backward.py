import pytest
import torch
from torch import nn

from landscapes.curved import Once, batches_of, full_ggn, full_hessian, images, pooled
from modescape.landscapes.double_backward import ggn_times, hessian_times
from modescape.landscapes.risk import Risk, still

INPUTS, LABELS = images()
COLUMNS = torch.randn(69, 3, generator=torch.Generator().manual_seed(6), dtype=torch.float64)


@pytest.mark.parametrize("size", [6, 4])
def test_products_are_those_of_the_full_matrices(size):
    seen = (still(pooled()), Risk(nn.CrossEntropyLoss()), batches_of(INPUTS, LABELS, size))
    hessian = full_hessian(pooled(), nn.CrossEntropyLoss(), INPUTS, LABELS)
    torch.testing.assert_close(hessian_times(*seen, COLUMNS), hessian @ COLUMNS, rtol=1e-8, atol=1e-10)
    ggn = full_ggn(pooled(), INPUTS, LABELS)
    torch.testing.assert_close(ggn_times(*seen, COLUMNS), ggn @ COLUMNS, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("product", [hessian_times, ggn_times])
def test_a_derivative_that_is_not_known_is_not_taken_for_zero(product):
    network = still(nn.Linear(2, 3, bias=False).double())
    network.register_forward_hook(lambda _network, _args, outputs: Once.apply(outputs))
    batches = [(INPUTS[:, 0, 0, :2], LABELS)]
    with pytest.raises(RuntimeError, match="no derivative of the backward pass of a layer"):
        product(network, Risk(nn.CrossEntropyLoss()), batches, torch.ones(6, 2, dtype=torch.float64))


def test_a_loss_that_is_linear_has_no_curvature_but_that_of_the_network():
    network = still(nn.Linear(2, 3).double())
    batches = [(INPUTS[:, 0, 0, :2], LABELS)]
    columns = torch.ones(9, 2, dtype=torch.float64)
    risk = Risk(lambda outputs, _: outputs.sum(dim=1))
    assert not hessian_times(network, risk, batches, columns).any()
    assert not ggn_times(network, risk, batches, columns).any()
