import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.weights.symmetry import TracedGraph
from weights.symmetry.architectures import ARCHITECTURES, Shared, symmetry_named, tensors


@pytest.mark.parametrize("name", ["vgg", "zero padded", "vision transformer", "shared"])
def test_run_computes_what_the_network_does_with_any_weights_and_batch_size(name):
    architecture = ARCHITECTURES[name]
    graph = symmetry_named(name).graph
    other = architecture.network(seed=1)
    for inputs in (architecture.inputs, torch.cat([architecture.inputs, architecture.inputs[:1]])):
        torch.testing.assert_close(graph.run(tensors(other), inputs), other(inputs), rtol=1e-9, atol=1e-9)


def test_missing_buffers_are_those_of_the_traced_network():
    architecture = ARCHITECTURES["vgg"]
    network, other = architecture.network(), architecture.network(seed=1)
    graph = TracedGraph(network, architecture.inputs)
    with torch.no_grad():
        for mine, theirs in zip(other.buffers(), network.buffers(), strict=True):
            mine.copy_(theirs)
    found = graph.run(dict(other.named_parameters()), architecture.inputs)
    torch.testing.assert_close(found, other(architecture.inputs))
    assert not found.requires_grad


def test_what_is_shown_can_be_replaced():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    graph = TracedGraph(network, torch.rand(4, 2))
    seen = {}

    def look(node, output):
        seen[node] = output
        return torch.ones_like(output) if node == "relu" else None

    found = graph.run(dict(network.named_parameters()), torch.rand(4, 2), on_node=look)
    assert list(seen) == ["linear", "relu", "linear_1"]
    torch.testing.assert_close(found, network[2](torch.ones(4, 3)))


def test_named_inputs_and_structured_outputs():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 3)

        def forward(self, inputs, shift):
            return {"logits": self.layer(inputs) + shift, "shift": shift}

    network = Named()
    inputs = {"inputs": torch.rand(2, 2), "shift": torch.rand(2, 3)}
    found = TracedGraph(network, inputs).run(dict(network.named_parameters()), inputs)
    torch.testing.assert_close(found["logits"], network(**inputs)["logits"])
    assert torch.equal(found["shift"], inputs["shift"])


def test_producers_say_what_they_write_and_whether_batch_norm_follows():
    producers = symmetry_named("vgg").graph.producers
    assert [(found.weight, found.bias, found.dim, found.group, found.normalised) for found in producers] == [
        ("0.weight", "0.bias", 1, "0", True),
        ("4.weight", "4.bias", 1, "4", True),
        ("9.weight", "9.bias", 1, "9", False),
        ("12.weight", "12.bias", 1, None, False),
    ]


def test_all_names_of_a_shared_tensor_are_known():
    graph = TracedGraph(Shared(), torch.zeros(2, 3, dtype=torch.long))
    assert graph.aliases("table.weight") == ("table.weight", "head.weight")
    assert graph.aliases("twice.bias") == ("twice.bias",)


def test_weights_of_another_shape_are_refused():
    graph = TracedGraph(nn.Linear(2, 3), torch.rand(4, 2))
    with pytest.raises(ArgumentError, match=r"`weights` must have the names and shapes .* got 'bias' of shape \(2,\)"):
        graph.run({"bias": torch.zeros(2)}, torch.rand(4, 2))


class Longer(nn.Module):
    """Another graph for another number of examples."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, inputs):
        for _ in range(len(inputs)):
            inputs = self.layer(inputs)
        return inputs


def test_inputs_that_lead_elsewhere_are_refused():
    network = Longer()
    graph = TracedGraph(network, torch.rand(2, 2))
    with pytest.raises(ArgumentError, match="`inputs` must lead through the same operations as the example inputs"):
        graph.run(dict(network.named_parameters()), torch.rand(3, 2))
