"""Functions of torch that handlers run."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modescape.functions.intercept import Intercept


def doubling(func, *args, **kwargs):
    return 2 * func(*args, **kwargs)


def test_only_named_functions_are_handled_and_only_inside_the_block():
    inputs = torch.tensor([-1.0, 3.0])
    with Intercept({F.relu: doubling}):
        assert F.relu(inputs).tolist() == [0.0, 6.0]
        assert nn.ReLU()(inputs).tolist() == [0.0, 6.0]
        assert torch.tanh(inputs).tolist() == torch.tanh(inputs).tolist()
        assert (inputs + 1).tolist() == [0.0, 4.0]
    assert F.relu(inputs).tolist() == [0.0, 3.0]


def test_handlers_get_the_arguments_as_they_were_given():
    seen = []

    def noting(func, *args, **kwargs):
        seen.append((func, args[1:], kwargs))
        return func(*args, **kwargs)

    inputs = torch.rand(2, 3)
    with Intercept({F.dropout: noting, F.softmax: noting}):
        F.dropout(inputs, 0.25, training=False)
        F.softmax(inputs, dim=1)
    assert seen[0][0] is F.dropout
    assert seen[0][1:] == ((), {"p": 0.25, "training": False, "inplace": False})
    assert seen[1][2]["dim"] == 1


def test_functions_called_with_no_keywords_pass_and_blocks_nest():
    with Intercept({F.relu: doubling}), Intercept({torch.conv2d: doubling}):
        assert torch.conv2d(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1)).item() == 2.0
        assert F.relu(torch.tensor(1.0)).item() == 2.0
        assert torch.add(torch.tensor(1.0), torch.tensor(1.0)).item() == 2.0


def test_it_ends_with_an_error():
    with pytest.raises(KeyError), Intercept({F.relu: doubling}):
        raise KeyError
    assert F.relu(torch.tensor(1.0)).item() == 1.0
