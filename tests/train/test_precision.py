"""Precision: bf16 computes in bf16, keeps 32-bit weights, and learns the same; TF32 flags are given back."""

import pytest
import torch

from modescape.train.precision import computing, matmul_precision
from train.training import INTERPRETED, distance, trained

SETTINGS = {"optimizer": "sgd", "learning_rate": 0.05, "epochs": 3}


@pytest.mark.parametrize("engine", INTERPRETED)
@pytest.mark.parametrize("model", ["mlp", "small-cnn"])
def test_bf16_rounds_products_and_nothing_else(engine, model, digits, make_task):
    exact, rounded = (
        trained(make_task(model, dataset=digits, precision=precision, **SETTINGS), engine, [(1,)])[1]
        for precision in ("float32", "bf16")
    )
    assert all(tensor.dtype == torch.float32 for tensor in rounded.weights.values())
    assert 1e-6 < distance(exact.weights, rounded.weights) < 0.1


@pytest.mark.parametrize("engine", INTERPRETED)
def test_the_same_seed_is_the_same_member_in_bf16(engine, digits, make_task):
    task = make_task("small-cnn", dataset=digits, precision="bf16")
    first, second = (trained(task, engine, [(1,)], num_steps=5)[1].weights for _ in range(2))
    assert distance(first, second) == 0.0


def test_float32_is_left_alone():
    with computing("float32", torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.parametrize("precision", ["float32", "tf32"])
def test_flags_of_cuda_are_set_inside_and_given_back(precision):
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    with matmul_precision(precision, torch.device("cuda")):
        inside = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    assert inside == ((precision == "tf32"),) * 2
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == before
    with matmul_precision(precision, torch.device("cpu")):
        assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == before
