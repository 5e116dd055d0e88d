import pickle

import pytest
import torch
from torch import nn

from deploy.ensembles import Branching, TwoHeads, part, tiny_mlp
from modescape.core.errors import ModelError
from modescape.deploy.answers import answers_of
from modescape.models import resnet, small_cnn
from modescape.train import load_weights


def one_by_one(chosen, inputs):
    """Return (example, answer, class) logits by loading each predictor's weights."""
    found = []
    for weights in chosen.weights:
        load_weights(chosen.network, weights)
        with torch.no_grad():
            logits = chosen.network.eval()(inputs)
        found.append(logits if chosen.heads else logits[:, None])
    return torch.cat(found, dim=1)


@pytest.mark.parametrize(
    ("build", "shape", "heads"),
    [
        (tiny_mlp, (4,), 0),
        (TwoHeads, (4,), 2),
        (lambda: small_cnn((1, 8, 8), 3), (1, 8, 8), 0),
        (lambda: resnet((1, 8, 8), 3, depth=8), (1, 8, 8), 0),
        (Branching, (4,), 0),
    ],
)
def test_all_answers_are_those_of_each_network_alone(build, shape, heads):
    chosen = part(build, 3, heads=heads)
    inputs = torch.randn(5, *shape, generator=torch.Generator().manual_seed(2))
    (answers,) = answers_of(chosen, inputs, seed=0)
    expected = one_by_one(chosen, inputs)
    assert answers.num_answers == expected.shape[1]
    assert answers.vectorised == (build is not Branching)
    torch.testing.assert_close(answers(inputs), expected, rtol=1e-5, atol=1e-6)
    answers.vectorised = False
    torch.testing.assert_close(answers(inputs), expected, rtol=1e-5, atol=1e-6)


def test_dropout_gives_a_program_for_each_predictor_with_masks_of_its_own():
    chosen = part(lambda: tiny_mlp(dropout=0.5), 2, dropout_passes=4)
    programs = list(answers_of(chosen, torch.zeros(1, 4), seed=5))
    assert [program.num_answers for program in programs] == [4, 4]
    masks = [program.get_buffer("stacked/2/factor") for program in programs]
    assert not torch.equal(*masks)


def test_buffers_that_weights_do_not_name_are_the_networks_own():
    chosen = part(lambda: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3)), 2)
    chosen.network[0].running_mean.fill_(1.5)
    bare = type(chosen)(
        chosen.network,
        tuple({name: tensor for name, tensor in one.items() if "running" not in name} for one in chosen.weights),
    )
    (answers,) = answers_of(bare, torch.zeros(2, 4), seed=0)
    assert answers.get_buffer("shared/0/running_mean").tolist() == [1.5] * 4
    inputs = torch.randn(5, 4)
    load_weights(chosen.network[1], {name: chosen.weights[1][f"1.{name}"] for name in ("weight", "bias")})
    torch.testing.assert_close(answers(inputs)[:, 1], chosen.network.eval()(inputs).detach())


def test_the_architecture_keeps_no_weights_but_ties_them():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
            self.second.weight = self.first.weight

        def forward(self, inputs):
            return self.second(self.first(inputs))

    chosen = part(Tied, 2)
    (answers,) = answers_of(chosen, torch.zeros(1, 4), seed=0)
    assert all(not tensor.any() for tensor in answers.__dict__["_template"].parameters())
    inputs = torch.randn(3, 4)
    torch.testing.assert_close(answers(inputs), one_by_one(chosen, inputs))
    wide = part(lambda: nn.Linear(300, 300), 1)
    (answers,) = answers_of(wide, torch.zeros(1, 300), seed=0)
    assert len(pickle.dumps(answers)) < 1.1 * 300 * 301 * 4


def test_networks_that_do_not_take_the_inputs_are_refused():
    with pytest.raises(ModelError, match=r"must take inputs of shape \(2, 7\); got RuntimeError: .*Check the networks"):
        list(answers_of(part(tiny_mlp, 2), torch.zeros(2, 7), seed=0))
