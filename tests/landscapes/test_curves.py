"""Curves of low loss between two solutions."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from modescape.core.errors import ArgumentError, TrainingError
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.core.trees import ravel, unravel
from modescape.functions import predict_each
from modescape.landscapes import barrier, examples_of, fit_curve
from modescape.landscapes.curves import rate_factor
from modescape.weights import Bezier, Line, Polyline, points_by_length


class Weights(nn.Module):
    """A network whose output is its two weights."""

    def __init__(self, frozen=False):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(2, dtype=torch.float64), requires_grad=not frozen)

    def forward(self, inputs):
        return self.w.expand(len(inputs), 2)


def ring(outputs, labels):
    """Zero on the unit circle, 1 in its centre."""
    del labels
    return ((outputs**2).sum(dim=1) - 1).square().mean()


def on_ring(degrees):
    angle = np.deg2rad(degrees)
    return {"w": torch.tensor([np.cos(angle), np.sin(angle)], dtype=torch.float64)}


def steps(num=100):
    return lambda _: [(torch.zeros(1, 1), torch.zeros(1))] * num


def ring_barrier(path):
    points = points_by_length(path, 41)
    losses = [[((path.point(t) ** 2).sum().item() - 1) ** 2] for _, t in points]
    return barrier(losses, [place for place, _ in points], num_resamples=1, seed=0).value


@pytest.mark.parametrize(("shape", "bends", "limit"), [("bezier", 1, 0.1), ("bezier", 3, 0.01), ("polyline", 3, 0.05)])
def test_finds_the_way_around_a_ring(shape, bends, limit):
    # Not quite opposite: from there, the straight line has no side to turn to.
    start, end = on_ring(0), on_ring(179)
    options = {"shape": shape, "num_bends": bends, "epochs": 10, "learning_rate": 0.02, "loss": ring, "seed": 0}
    curve = fit_curve(Weights(), start, end, steps(), **options)
    assert ring_barrier(Line(start["w"], end["w"])) > 0.99
    assert ring_barrier(curve.path) < limit
    assert isinstance(curve.path, Bezier if shape == "bezier" else Polyline)
    assert len(curve.path.points) == bends + 2
    assert curve.losses[-1] < 0.1 * curve.losses[0]
    for t, tree in ((0.0, start), (1.0, end)):
        assert curve.path.point(t).numpy().tobytes() == tree["w"].numpy().tobytes()


@pytest.mark.parametrize(("kind", "shape", "bends"), [(Bezier, "bezier", 1), (Polyline, "polyline", 2)])
def test_agrees_with_autograd_through_the_formula(kind, shape, bends):
    """A slow reference: points by the formula, gradients of control points by autograd, Adam's unfused default."""
    torch.random.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 3)).double()
    trees = [{name: torch.randn_like(value) for name, value in net.named_parameters()} for _ in range(2)]
    batches = [(torch.randn(6, 1, 4, 4).double(), torch.randint(3, (6,))) for _ in range(5)]
    found = fit_curve(
        net, *trees, lambda _: batches, shape=shape, num_bends=bends, epochs=4, learning_rate=0.03, seed=9
    )
    ends = [ravel(tree) for tree in trees]
    shares = [(k + 1) / (bends + 1) for k in range(bends)]
    controls = [((1 - share) * ends[0] + share * ends[1]).requires_grad_() for share in shares]
    optimizer, losses = torch.optim.Adam(controls, foreach=False), []
    for epoch in range(4):
        places = numpy_generator(derived_seed(9, Stream.CURVE, epoch, 0))
        for step, (inputs, labels) in enumerate(batches):
            points = torch.stack([ends[0], *controls, ends[1]])
            weights = torch.from_numpy(kind.coefficients(np.array([places.random()]), bends + 2)[0])
            tree = unravel((weights[:, None] * points).sum(dim=0), trees[0])
            loss = F.cross_entropy(torch.func.functional_call(net, tree, inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            done = (epoch + step / 5) / 4 if epoch else 0.0
            optimizer.param_groups[0]["lr"] = 0.03 * rate_factor(done)
            optimizer.step()
            losses.append(loss.item())
    for one, other in zip(found.path.points[1:-1], controls, strict=True):
        torch.testing.assert_close(one, other.detach(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.losses, np.array(losses).reshape(4, 5).mean(axis=1), rtol=1e-9)


def test_begins_as_the_straight_line():
    torch.random.manual_seed(0)
    net = nn.Conv2d(2, 3, 2)
    trees = [{name: torch.randn_like(value) for name, value in net.named_parameters()} for _ in range(2)]
    batch = torch.ones(1, 2, 2, 2), torch.zeros(1, 1, 1).long()
    options = {"num_bends": 3, "epochs": 1, "learning_rate": 1e-12, "seed": 0}
    curve = fit_curve(net, *trees, lambda _: [batch], **options)
    line = Line(*(ravel(tree) for tree in trees))
    for share, point in zip((0.0, 0.25, 0.5, 0.75, 1.0), curve.path.points, strict=True):
        torch.testing.assert_close(point, line.point(share), rtol=1e-6, atol=1e-6)


def images(num=6):
    generator = torch.Generator().manual_seed(5)
    return [
        (torch.randn(8, 2, 6, 6, generator=generator), torch.randint(3, (8,), generator=generator)) for _ in range(num)
    ]


def noisy_network(*layers):
    torch.random.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.Dropout(0.2),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.2),
        *layers,
        nn.Flatten(),
        nn.Linear(36, 3),
    )


def two_trees(net):
    torch.random.manual_seed(1)
    return [{name: value + 0.3 * torch.randn_like(value) for name, value in net.named_parameters()} for _ in range(2)]


@pytest.mark.parametrize("layers", [(), (nn.AlphaDropout(0.2),)])
@pytest.mark.parametrize("broken_after", [1, 3])
def test_a_killed_fit_goes_on_with_the_same_result(layers, broken_after):
    net = noisy_network(*layers)
    trees, states = two_trees(net), []
    options = {"shape": "polyline", "num_bends": 2, "epochs": 4, "seed": 2}
    whole = fit_curve(net, *trees, lambda _: images(), on_epoch=states.append, **options)
    assert len(states) == 4

    class KilledError(Exception):
        pass

    kept = []

    def keep(state):
        kept.append({name: tensor.clone() for name, tensor in state.items()})
        if len(kept) == broken_after:
            raise KilledError

    with pytest.raises(KilledError):
        fit_curve(net, *trees, lambda _: images(), on_epoch=keep, **options)
    again = fit_curve(net, *trees, lambda _: images(), state=kept[-1], **options)
    assert again.losses == whole.losses
    assert all(torch.equal(one, other) for one, other in zip(again.path.points, whole.path.points, strict=True))
    done = fit_curve(net, *trees, lambda _: pytest.fail("trained on"), state=states[-1], **options)
    assert all(torch.equal(one, other) for one, other in zip(done.path.points, whole.path.points, strict=True))


def test_states_are_copies():
    net, states = noisy_network(), []
    trees = two_trees(net)
    fit_curve(net, *trees, lambda _: images(), epochs=2, seed=2, on_epoch=states.append)
    assert states[0]["losses"].shape == (1,)
    assert not torch.equal(states[0]["controls"], states[1]["controls"])
    assert all(tensor.is_contiguous() and tensor.device.type == "cpu" for tensor in states[0].values())


@pytest.mark.parametrize("layers", [(), (nn.AlphaDropout(0.2),)])
def test_curves_fitted_in_threads_are_those_fitted_alone(layers):
    net = noisy_network(*layers)
    trees = two_trees(net)

    def fit(seed):
        return fit_curve(net, *trees, lambda _: images(), epochs=3, seed=seed)

    alone = [fit(seed) for seed in range(3)]

    def single(seed):
        torch.set_num_threads(1)
        return fit(seed)

    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(single, range(3)))
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one.path.points[1], other.path.points[1])
        assert one.losses == other.losses
    assert not torch.equal(alone[0].path.points[1], alone[1].path.points[1])


def test_dropout_is_active():
    net = noisy_network()
    trees = two_trees(net)

    def first_loss(net):
        return fit_curve(net, *trees, lambda _: images(), epochs=1, seed=0).losses[0]

    before = first_loss(net)
    for part in net.modules():
        if isinstance(part, nn.Dropout | nn.Dropout2d):
            part.p = 0.0
    assert first_loss(net) != before


def test_the_network_and_the_ends_are_left_alone():
    net = noisy_network().eval()
    trees = two_trees(net)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    kept = [{name: value.clone() for name, value in tree.items()} for tree in trees]
    batches = images()
    state = torch.random.get_rng_state()
    curve = fit_curve(net, *trees, lambda _: batches, epochs=1, seed=0)
    curve.path.points[0].mul_(0.0)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not any(part.training for part in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    for tree, copy in zip(trees, kept, strict=True):
        assert all(torch.equal(value, copy[name]) for name, value in tree.items())
    for (inputs, _), (fresh, _) in zip(batches, images(), strict=True):
        assert torch.equal(inputs, fresh)


def test_frozen_parameters_stay_on_the_line():
    class Scaled(Weights):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1, dtype=torch.float64), requires_grad=False)

        def forward(self, inputs):
            return super().forward(inputs) * self.scale

    trees = [{**on_ring(degrees), "scale": torch.tensor([s]).double()} for degrees, s in ((0, 1.0), (170, 2.0))]
    curve = fit_curve(Scaled(), *trees, steps(20), epochs=2, learning_rate=0.05, loss=ring, seed=0)
    assert curve.path.points[1][2] == 1.5
    assert not torch.equal(curve.path.points[1][:2], (trees[0]["w"] + trees[1]["w"]) / 2)


def test_learning_rate_is_constant_then_falls_to_a_hundredth():
    assert [rate_factor(done) for done in (0.0, 0.25, 0.5)] == [1.0] * 3
    np.testing.assert_allclose([rate_factor(done) for done in (0.6, 0.7, 0.8)], [0.7525, 0.505, 0.2575])
    np.testing.assert_allclose([rate_factor(done) for done in (0.9, 0.95, 1.0, 1.2)], 0.01)


def digits():
    data = load_digits()
    return torch.tensor(data.data, dtype=torch.float32) / 8 - 1, torch.tensor(data.target)


def trained(seed, inputs, labels):
    torch.random.manual_seed(seed)
    net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(30):
        for chosen in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(net(inputs[chosen]), labels[chosen]).backward()
            optimizer.step()
    return net


@pytest.mark.parametrize(("shape", "bends"), [("bezier", 1), ("polyline", 1)])
def test_two_solutions_of_the_digits_are_connected(shape, bends):
    inputs, labels = digits()
    nets = [trained(seed, inputs, labels) for seed in range(2)]
    trees = [{name: value.detach() for name, value in net.named_parameters()} for net in nets]

    def batches(epoch):
        order = torch.from_numpy(np.random.default_rng(epoch).permutation(len(inputs)))
        return [(inputs[chosen], labels[chosen]) for chosen in order.split(64)]

    options = {"shape": shape, "num_bends": bends, "epochs": 20, "learning_rate": 5e-3, "seed": 0}
    curve = fit_curve(nets[0], *trees, batches, **options)

    def height(path):
        points = points_by_length(path, 11)
        weights = (unravel(path.point(t), trees[0]) for _, t in points)
        found = examples_of(predict_each(nets[0], weights, inputs, prepare=torch.clone), labels.numpy())
        return barrier(found.losses, [place for place, _ in points], num_resamples=200, seed=0)

    line = height(Line(*(ravel(tree) for tree in trees)))
    found = height(curve.path)
    assert line.low > 0.3
    assert found.high < 0.2 * line.low


def test_arguments_are_checked():
    net, ends, one = Weights(), (on_ring(0), on_ring(90)), {"loss": ring, "seed": 0}
    for options, match in [
        ({"shape": "circle"}, r"`shape` must be one of bezier, polyline; got 'circle'"),
        ({"num_bends": 0}, r"`num_bends` must be at least 1; got 0\. Pass 1; for the straight line"),
        ({"epochs": 0}, r"`epochs` must be at least 1; got 0\. Pass 30"),
        ({"learning_rate": 0.0}, r"`learning_rate` must be above 0; got 0\.0\. Pass 0\.005"),
        ({"state": {}}, r"`state` must have 'controls' of shape \(1, 2\); got none\. Pass what on_epoch was given"),
        ({"state": {"controls": torch.ones(2, 2)}}, r"`state` must have 'controls' .*; got the shape \(2, 2\)"),
    ]:
        with pytest.raises(ArgumentError, match=match):
            fit_curve(net, *ends, steps(), **{"epochs": 1, **one, **options})
    with pytest.raises(ArgumentError, match=r"`batches` must yield at least one batch; got none in epoch 0"):
        fit_curve(net, *ends, lambda _: [], epochs=1, **one)
    with pytest.raises(ArgumentError, match=r"`end` must have the names of the network's parameters; got no 'w'"):
        fit_curve(net, ends[0], {}, steps(), epochs=1, **one)
    broken = {"w": torch.tensor([1.0, torch.nan]).double()}
    with pytest.raises(ArgumentError, match=r"`start` must be finite; got NaN or an infinity\. Leave out the member"):
        fit_curve(net, broken, ends[1], steps(), epochs=1, **one)
    mixed = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1).double())
    with pytest.raises(ArgumentError, match=r"`network` must have parameters of one type; got torch\.float"):
        fit_curve(mixed, {}, {}, steps(), epochs=1, **one)
    with pytest.raises(TrainingError, match=r"`learning_rate` must keep the loss .* finite; got (inf|nan) in epoch 0"):
        fit_curve(net, *ends, steps(), epochs=1, learning_rate=1e200, **one)
