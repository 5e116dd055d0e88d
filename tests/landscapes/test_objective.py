"""What is measured at points of weight space."""

import copy
import math
import random
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from modescape.core.errors import ArgumentError
from modescape.functions import predict_each
from modescape.landscapes import Objective, landscape_of, renewed
from modescape.landscapes import batches as room
from modescape.models import resnet, small_cnn

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randn(43, 3, 8, 8, generator=GENERATOR)
LABELS = torch.randint(0, 4, (43,), generator=GENERATOR)
PAIRS = list(zip(IMAGES.split(10), LABELS.split(10), strict=True))


def cnn(seed):
    torch.manual_seed(seed)
    network = small_cnn((3, 8, 8), 4)
    for parameter in network.parameters():
        parameter.data.add_(0.2 * torch.randn(parameter.shape))
    return network


def normed(seed):
    torch.manual_seed(seed)
    network = resnet((3, 8, 8), 4, depth=8, width=0.25)
    for parameter in network.parameters():
        parameter.data.add_(0.2 * torch.randn(parameter.shape))
    for name, buffer in network.named_buffers():
        if "running" in name:
            nn.init.uniform_(buffer, 0.5, 2.0)
    return network


def tree(network):
    return {name: t.detach() for name, t in [*network.named_parameters(), *network.named_buffers()]}


def only(objective, weights):
    (found,) = objective.each([weights])
    return found


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("builder", [cnn, normed])
def test_loss_accuracy_and_agreement_are_those_of_predictions(builder, workers):
    networks = [builder(seed) for seed in range(4)]
    references = {"first": tree(networks[0]), "last": tree(networks[3])}
    objective = Objective(
        networks[1], F.cross_entropy, PAIRS, references=references, batch_norm="keep", workers=workers
    )
    assert objective.names == ("loss", "accuracy", "agreement/first", "agreement/last")
    predicted = list(
        predict_each(networks[1], [tree(network) for network in networks], IMAGES, prepare=lambda batch: batch)
    )
    decisions = [predicted[index].argmax(dim=1).numpy() for index in (0, 3)]
    expected = landscape_of(predicted, LABELS.numpy(), decisions)
    found = list(objective.each(tree(network) for network in networks))
    assert [each["loss"] for each in found] == pytest.approx(expected.loss, rel=1e-5)
    assert [each["accuracy"] for each in found] == pytest.approx(expected.accuracy)
    for name, row in zip(references, expected.agreement, strict=True):
        assert [each[f"agreement/{name}"] for each in found] == pytest.approx(row)
    assert all(each[f"{name}/error"] == 0.0 for each in found for name in objective.names)
    assert len({each["loss"] for each in found}) == 4


@pytest.mark.parametrize("workers", [1, 3])
def test_statistics_of_batch_norm_are_renewed_at_each_point(workers):
    network, train = normed(0), 2 + torch.randn(30, 3, 8, 8, generator=GENERATOR)
    trees = [tree(normed(seed)) for seed in range(3)]
    objective = Objective(
        network, F.cross_entropy, PAIRS, batch_norm_batches=[(train, torch.zeros(30))], workers=workers,
        references={"second": trees[1]},
    )  # fmt: skip
    settled = renewed(network, trees, train, prepare=lambda batch: batch)
    predicted = predict_each(network, settled, IMAGES, prepare=lambda batch: batch)
    expected = landscape_of(predicted, LABELS.numpy())
    found = list(objective.each(trees))
    assert objective.renews
    assert [each["loss"] for each in found] == pytest.approx(expected.loss, rel=1e-5)
    assert found[1]["agreement/second"] == 1.0
    # Averages that are interpolated, or perturbed to NaN, have no influence.
    broken = {name: t * math.nan if "running" in name else t for name, t in trees[0].items()}
    assert only(objective, broken) == found[0]
    kept = Objective(network, F.cross_entropy, PAIRS, batch_norm="keep", workers=workers)
    assert not kept.renews
    assert only(kept, trees[0])["loss"] != pytest.approx(found[0]["loss"], rel=1e-3)


def test_training_examples_for_batch_norm_are_those_measured_unless_others_are_given():
    single = [(IMAGES[:42], LABELS[:42]), (IMAGES[42:], LABELS[42:])]
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(192), nn.Linear(192, 4))
    (settled,) = renewed(network, [tree(network)], IMAGES, prepare=lambda batch: batch)
    network.load_state_dict(settled)
    expected = F.cross_entropy(network.eval()(IMAGES), LABELS).item()
    assert only(Objective(network, F.cross_entropy, single), tree(network))["loss"] == pytest.approx(expected, rel=1e-5)


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


@pytest.mark.parametrize("workers", [1, 2])
def test_the_model_of_the_caller_is_untouched(workers):
    network = normed(0).train()
    network[0].eval()
    network[0].weight.requires_grad_(requires_grad=False)
    seen = []
    network[1].register_forward_hook(lambda *_: seen.append(1))
    before, own = {name: t.clone() for name, t in network.state_dict().items()}, copy.deepcopy(tree(network))
    loader = DataLoader(TensorDataset(IMAGES, LABELS), batch_size=9, shuffle=True)
    given, other = IMAGES.clone(), tree(normed(1))
    numbers, threads = states(), torch.get_num_threads()
    list(Objective(network, F.cross_entropy, loader, workers=workers).each([other, own]))
    assert states() == numbers
    assert torch.get_num_threads() == threads
    assert set(before) == set(network.state_dict())
    assert all(torch.equal(t, before[name]) for name, t in network.state_dict().items())
    assert [part.training for part in network] == [False, *[True] * (len(network) - 1)]
    assert [p.requires_grad for p in network.parameters()][:2] == [False, True]
    assert next(network.parameters()).is_contiguous()
    assert all(t.grad is None for t in network.parameters())
    assert torch.equal(IMAGES, given)
    assert all(torch.equal(own[name], t) for name, t in before.items())
    calls = len(seen)
    network(IMAGES)
    assert len(seen) == calls + 1


def test_no_point_depends_on_the_one_before():
    objective = Objective(normed(0), F.cross_entropy, PAIRS, workers=2)
    trees = [tree(normed(seed)) for seed in range(3)]
    nan = {name: t * math.nan for name, t in trees[0].items()}
    expected = list(objective.each(trees))
    first, broken, second, third = objective.each([trees[0], nan, trees[1], trees[2]])
    assert [first, second, third] == expected
    assert math.isnan(broken["loss"])


def test_outputs_of_nan_are_wrong_and_no_mean_hides_them():
    network = cnn(0)
    weights = {name: t * math.nan for name, t in tree(network).items()}
    objective = Objective(network, F.cross_entropy, PAIRS, references={"nan": weights, "whole": tree(network)})
    found, whole = objective.each([weights, tree(network)])
    assert math.isnan(found["loss"])
    assert (found["accuracy"], found["agreement/nan"], found["agreement/whole"]) == (0.0, 0.0, 0.0)
    assert (whole["agreement/nan"], whole["agreement/whole"]) == (0.0, 1.0)
    half = [(IMAGES[:2], LABELS[:2]), (IMAGES[2:4] * math.nan, LABELS[2:4])]
    assert math.isnan(only(Objective(network, F.cross_entropy, half), tree(network))["loss"])
    right = only(Objective(network, F.cross_entropy, half[:1]), tree(network))["accuracy"]
    assert only(Objective(network, F.cross_entropy, half), tree(network))["accuracy"] == right / 2


def test_regression():
    network = nn.Linear(3, 2)
    inputs, targets = torch.randn(17, 3, generator=GENERATOR), torch.randn(17, 2, generator=GENERATOR)
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=5)
    metrics = {"largest": lambda outputs, targets: (outputs - targets).abs().amax(dim=1), "L1": nn.L1Loss()}
    objective = Objective(network, nn.MSELoss(), loader, metrics=metrics)
    assert objective.names == ("loss", "largest", "L1")
    found, outputs = only(objective, tree(network)), network(inputs).detach()
    assert found["loss"] == pytest.approx(F.mse_loss(outputs, targets).item())
    assert found["largest"] == pytest.approx((outputs - targets).abs().amax(dim=1).mean().item())
    assert found["L1"] == pytest.approx(F.l1_loss(outputs, targets).item())


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_loss_that_says_one_number_a_batch(shuffle):
    network = cnn(0)
    loader = DataLoader(TensorDataset(IMAGES, LABELS), batch_size=10, shuffle=shuffle)
    lengths = set()

    def loss(outputs, targets):
        lengths.add(len(outputs))
        return F.cross_entropy(outputs, targets) + 1

    objective = Objective(network, loss, loader, metrics={"first": lambda outputs, _: outputs.mean().item()})
    found = only(objective, tree(network))
    assert found["loss"] == pytest.approx(1 + F.cross_entropy(network.eval()(IMAGES), LABELS).item(), rel=1e-5)
    assert (found["loss/error"], found["first/error"]) == (0.0, 0.0)
    # Batches are not cut or joined where a loss may depend on its batch.
    assert lengths == {10, 3}
    sampled = only(Objective(network, loss, loader, examples=20), tree(network))
    assert math.isnan(sampled["loss/error"])
    assert 0 < sampled["accuracy/error"] < 0.2


def test_a_sample_has_a_standard_error():
    network = cnn(3)
    trees = [tree(network)]
    whole = only(Objective(network, F.cross_entropy, PAIRS), trees[0])
    found = [next(Objective(network, F.cross_entropy, PAIRS, examples=15, seed=seed).each(trees)) for seed in range(60)]
    for name in ("loss", "accuracy"):
        values, errors = (np.array([each[key] for each in found]) for key in (name, f"{name}/error"))
        assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(), rel=0.3)
        assert abs(values.mean() - whole[name]) < 4 * values.std() / 60**0.5
    objective = Objective(network, F.cross_entropy, PAIRS, examples=15)
    assert (objective.num_examples, objective.num_available) == (15, 43)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_point_sees_the_same_examples_of_a_loader_that_shuffles_and_drops(workers, monkeypatch):
    network = cnn(0)
    loader = DataLoader(TensorDataset(IMAGES, LABELS), batch_size=20, shuffle=True, drop_last=True)

    def measured():
        objective = Objective(network, F.cross_entropy, loader, workers=workers)
        return objective.num_examples, list(objective.each([tree(network)] * 3))

    number, found = measured()
    assert number == 40
    assert found[0] == found[1] == found[2]
    monkeypatch.setattr(room, "MAX_KEPT_BYTES", 1)
    _, anew = measured()
    assert [each["loss"] for each in anew] == pytest.approx([each["loss"] for each in found], rel=1e-6)


def dictionaries():
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 30, (20, 7), generator=generator)
    mask = torch.arange(7) < torch.randint(3, 8, (20, 1), generator=generator)
    examples = [
        {"input_ids": i, "attention_mask": m.long(), "labels": i[0] % 3} for i, m in zip(ids, mask, strict=True)
    ]
    return DataLoader(examples, batch_size=6, shuffle=True)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", ["Bert", "DistilBert"])
def test_a_transformer_of_a_public_library(kind, workers):
    transformers = pytest.importorskip("transformers")
    sizes = {"Bert": {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}}
    options = sizes.get(kind, {"dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 16})
    config = getattr(transformers, f"{kind}Config")(vocab_size=30, num_labels=3, max_position_embeddings=9, **options)
    torch.manual_seed(0)
    network = getattr(transformers, f"{kind}ForSequenceClassification")(config).train()
    other = {name: t + 0.3 * torch.randn(t.shape) for name, t in network.named_parameters()}
    references = {"itself": dict(network.named_parameters())}
    objective = Objective(network, nn.CrossEntropyLoss(), dictionaries(), references=references, workers=workers)
    found, moved = objective.each([dict(network.named_parameters()), other])
    assert objective.names == ("loss", "accuracy", "agreement/itself")
    assert network.training
    network.eval()
    with torch.no_grad():
        answers = [(network(**batch), batch) for batch in dictionaries()]
    expected = sum(answer.loss.item() * len(batch["labels"]) for answer, batch in answers) / 20
    right = sum((answer.logits.argmax(1) == batch["labels"]).sum().item() for answer, batch in answers) / 20
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    assert (found["accuracy"], found["agreement/itself"]) == (right, 1.0)
    assert moved["loss"] != pytest.approx(found["loss"], rel=1e-2)


def test_batches_of_another_kind_need_a_forward():
    network = cnn(0)
    triples = [(images, torch.zeros(len(images)), labels) for images, labels in PAIRS]
    with pytest.raises(
        ArgumentError, match=r"`batches` must be pairs of inputs and targets, or mappings.*type tuple\."
    ):
        Objective(network, F.cross_entropy, triples)
    objective = Objective(network, F.cross_entropy, triples, forward=lambda net, batch: (net(batch[0]), batch[2]))
    assert only(objective, tree(network)) == only(Objective(network, F.cross_entropy, PAIRS), tree(network))


class Viewing(nn.Module):
    """Looks at the order of its values in memory, which `view` does not find in images with channels last."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3)
        self.linear = nn.Linear(18, 4)

    def forward(self, images):
        return self.linear(F.max_pool2d(F.relu(self.conv(images)), 2).view(-1, 18))


class Overwriting(nn.Module):
    """Writes into its inputs."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((), 2.0))

    def forward(self, images):
        return images.mul_(self.scale).flatten(1)[:, :4]


class Noisy(nn.Module):
    """Draws random numbers in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images):
        return self.scale * torch.randn(len(images), 4)


@pytest.mark.parametrize("workers", [1, 3])
def test_networks_that_view_overwrite_or_draw(workers):
    viewing = Viewing()
    found = only(Objective(viewing, F.cross_entropy, PAIRS, workers=workers), tree(viewing))
    assert found["loss"] == pytest.approx(F.cross_entropy(viewing(IMAGES), LABELS).item(), rel=1e-5)
    before = IMAGES.clone()
    twice = list(Objective(Overwriting(), F.cross_entropy, PAIRS, workers=workers).each([tree(Overwriting())] * 3))
    expected = F.cross_entropy(2 * IMAGES.flatten(1)[:, :4], LABELS).item()
    assert [each["loss"] for each in twice] == pytest.approx([expected] * 3, rel=1e-5)
    assert torch.equal(IMAGES, before)
    noisy = Objective(Noisy(), F.cross_entropy, PAIRS, workers=workers, seed=2)
    one, two = noisy.each([tree(Noisy())] * 2)
    assert one == two
    assert one != only(Objective(Noisy(), F.cross_entropy, PAIRS, workers=workers, seed=3), tree(Noisy()))


def test_half_precision_is_near():
    network = normed(0)
    exact = only(Objective(network, F.cross_entropy, PAIRS), tree(network))
    near = only(Objective(network, F.cross_entropy, PAIRS, precision="bf16"), tree(network))
    assert near != exact
    assert near["loss"] == pytest.approx(exact["loss"], rel=0.05)


def test_points_are_measured_as_they_are_asked_for_and_threads_end():
    network, taken, threads = cnn(0), [], set(threading.enumerate())

    def points():
        for index in range(100):
            taken.append(index)
            yield tree(network)

    found = Objective(network, F.cross_entropy, PAIRS, workers=2).each(points())
    assert not taken
    next(found)
    assert len(taken) <= 3
    found.close()
    assert set(threading.enumerate()) == threads


def test_outputs_that_are_no_scores_of_classes_have_no_agreement():
    network = nn.Linear(3, 1)
    pairs = [(torch.ones(4, 3), torch.zeros(4, 1))]
    objective = Objective(network, nn.MSELoss(), pairs, references={"itself": tree(network)})
    assert not objective.classifies
    assert objective.names == ("loss",)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"precision": "fp16"}, r"`precision` must be one of float32, bf16; got 'fp16'"),
        ({"batch_norm": "off"}, r"`batch_norm` must be one of renew, keep; got 'off'"),
        ({"examples": 0}, r"`examples` must be at least 1; got 0"),
        ({"workers": 0}, r"`workers` must be at least 1; got 0"),
        ({"seed": -1}, r"`seed` must be at least 0; got -1"),
        (
            {"metrics": {"accuracy": F.cross_entropy}},
            r"`metrics` must have names other than those measured anyway; got",
        ),
        ({"metrics": {"x/error": F.cross_entropy}}, r"`metrics` must have names other than .*; got 'x/error'\. Give"),
        ({"metrics": {"all": lambda o, _: o}}, r"`metrics` must return one number for a batch, or one for each"),
        (
            {"batch_norm_batches": [(IMAGES[:1], LABELS[:1])]},
            r'`batch_norm_batches` must hold at least 2 examples; got 1\. Pass more .*, or batch_norm="keep"',
        ),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises(ArgumentError, match=message):
        Objective(normed(0), F.cross_entropy, PAIRS, **wrong)


def test_weights_that_do_not_fit_are_told_when_their_turn_comes():
    network = cnn(0)
    found = Objective(network, F.cross_entropy, PAIRS, workers=2).each([tree(network), {}])
    next(found)
    with pytest.raises(ArgumentError, match=r"`weights` must have the names of the network's parameters; got no '0\.w"):
        next(found)


def test_standard_errors_are_about_all_that_the_batches_are_a_sample_of():
    network, inputs = nn.Linear(1, 1, bias=False), torch.tensor([[1.0], [2.0], [4.0], [7.0]])
    (found,) = Objective(network, nn.MSELoss(), [(inputs, torch.zeros(4, 1))], available=9).each(
        [{"weight": torch.ones(1, 1)}]
    )
    losses = np.array([1.0, 4.0, 16.0, 49.0])
    assert found["loss/error"] == pytest.approx(losses.std(ddof=1) / 2 * np.sqrt(1 - 4 / 9))
    with pytest.raises(
        ArgumentError, match=r"^`available` must be at least 4; got 3. Leave it out where `batches` hold"
    ):
        Objective(network, nn.MSELoss(), [(inputs, torch.zeros(4, 1))], available=3)
