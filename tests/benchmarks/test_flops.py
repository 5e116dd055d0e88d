"""The count of operations."""

from flops import operations_of_step
from trainers import digits, task_of


def test_a_step_of_a_perceptron_costs_its_products():
    layers = [64 * 128, 128 * 128, 128 * 10]
    # Each layer forward and for its weights; for its inputs too, but for the first, whose inputs need no gradient.
    products = 3 * sum(layers) - layers[0]
    assert operations_of_step(task_of("mlp", digits(), 1, 1)) == 2 * 128 * products
