"""The landscape around anyone's network."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import modescape
from modescape.core.errors import ArgumentError, StoreError
from modescape.core.trees import ravel
from modescape.landscapes import Objective

LOSS = nn.CrossEntropyLoss()


def network(seed=0, *, norm=False):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        middle = nn.BatchNorm1d(6) if norm else nn.Tanh()
        return nn.Sequential(nn.Linear(2, 6), middle, nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3))


def loader(num=40, *, shuffle=False, seed=0):
    source = torch.Generator().manual_seed(seed)
    inputs = torch.randn(num, 2, generator=source)
    return DataLoader(TensorDataset(inputs, (inputs.sum(dim=1) * 2).long().clamp(0, 2)), batch_size=16, shuffle=shuffle)


def whole(data):
    inputs, labels = (torch.cat(parts) for parts in zip(*data, strict=True))
    return inputs, labels


def loss_of(model, vector, data):
    """The mean loss of a copy of a network with other weights, the obvious way."""
    copied = network(norm=any(isinstance(part, nn.BatchNorm1d) for part in model))
    copied.load_state_dict(model.state_dict())
    nn.utils.vector_to_parameters(vector, copied.parameters())
    inputs, labels = whole(data)
    with torch.no_grad():
        return F.cross_entropy(copied.eval()(inputs), labels).item()


def vector_of(model):
    return ravel({name: tensor.detach() for name, tensor in model.named_parameters()})


def test_five_lines_for_anyone():
    model, data = network(), loader()
    found = modescape.landscape(model, LOSS, data, points=9)
    assert found["loss"].dims == ("alpha", "beta")
    assert found["alpha"].values.tolist() == np.linspace(-1, 1, 9).tolist()
    here = found.sel(alpha=0, beta=0)
    assert here["loss"].item() == pytest.approx(loss_of(model, vector_of(model), data), rel=1e-5)
    assert (here["agreement"].sel(reference="model").item(), found["reference"].values.tolist()) == (1.0, ["model"])
    assert found["point_loss"].sel(point="model").item() == here["loss"].item()
    assert (found.attrs["kind"], found.attrs["unit"], found.attrs["batch_norm"]) == ("random", "filter norms", "none")
    assert found.attrs["alpha_label"] == "filter norms along a random direction"
    assert -1 < found.attrs["cosine"] < 1
    assert (found.attrs["num_examples"], found.attrs["num_available"], found.attrs["seed"]) == (40, 40, 0)


@pytest.mark.parametrize("batch_norm", ["renew", "keep"])
def test_the_model_is_not_changed(batch_norm):
    model, other = network(norm=True), network(1, norm=True)
    model[0].weight.requires_grad_(requires_grad=False)
    model[3].eval()
    torch.manual_seed(3)
    states = [{name: tensor.clone() for name, tensor in each.state_dict().items()} for each in (model, other)]
    flags = [part.training for part in model.modules()]
    random = torch.get_rng_state()
    modescape.landscape(
        model, LOSS, loader(shuffle=True), through=[other], points=5, grid="uniform", batch_norm=batch_norm
    )
    for each, state in zip((model, other), states, strict=True):
        assert all(tensor.equal(state[name]) for name, tensor in each.state_dict().items())
    assert [part.training for part in model.modules()] == flags
    assert [tensor.requires_grad for tensor in model.parameters()] == [False, True, True, True, True, True]
    assert all(tensor.grad is None for tensor in model.parameters())
    assert torch.get_rng_state().equal(random)


def test_a_line_meets_both_networks_and_what_lies_between():
    first, second, data = network(), network(1), loader()
    found = modescape.landscape(first, LOSS, data, through=[second], margin=0.5, points=9, grid="uniform")
    distance = (vector_of(first) - vector_of(second)).norm().item()
    assert found["loss"].dims == ("alpha",)
    assert found["alpha"].values[[0, -1]] == pytest.approx([-0.5 * distance, 1.5 * distance])
    assert found["point_alpha"].values == pytest.approx([0, distance], abs=1e-5)
    for place, loss in zip(found["alpha"].values, found["loss"].values, strict=True):
        vector = torch.lerp(vector_of(first), vector_of(second), place / distance)
        assert loss == pytest.approx(loss_of(first, vector, data), rel=1e-4)
    assert (found.attrs["kind"], found.attrs["unit"]) == ("line", "distance")
    assert "cosine" not in found.attrs


def test_a_plane_goes_through_three_networks():
    models, data = [network(seed) for seed in range(3)], loader()
    references = {"first": models[0], "third": models[2].state_dict()}
    given = [models[1], models[2].state_dict()]
    found = modescape.landscape(models[0], LOSS, data, through=given, points=5, references=references)
    assert found["point"].values.tolist() == ["model", "network 1", "network 2"]
    assert np.abs(found["point_residual"]).max() < 1e-5
    own = [loss_of(model, vector_of(model), data) for model in models]
    assert found["point_loss"].values == pytest.approx(own, rel=1e-5)
    assert found["reference"].values.tolist() == ["first", "third"]
    places = found[["point_alpha", "point_beta"]].to_array().values.T
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        distance = (vector_of(models[one]) - vector_of(models[other])).norm().item()
        assert np.linalg.norm(places[one] - places[other]) == pytest.approx(distance, rel=1e-5)


@pytest.mark.parametrize("batch_norm", ["renew", "keep"])
def test_networks_have_their_own_statistics_at_their_corners(batch_norm):
    models, data = [network(seed, norm=True) for seed in range(3)], loader()
    for number, model in enumerate(models):
        model[1].running_mean.fill_(0.3 * number)
    found = modescape.landscape(
        models[0], LOSS, data, through=models[1:], points=3, grid="uniform", batch_norm=batch_norm
    )
    assert found.attrs["batch_norm"] == {"renew": "renewed", "keep": "kept"}[batch_norm]
    if batch_norm == "keep":
        own = [loss_of(model, vector_of(model), data) for model in models]
    else:
        own = [next(Objective(model, LOSS, data).each([dict(model.named_parameters())]))["loss"] for model in models]
    assert found["point_loss"].values == pytest.approx(own, rel=1e-5)
    assert np.isfinite(found["loss"]).all()


def test_a_trajectory_ends_at_the_model_and_says_what_the_plane_leaves_out():
    model, data = network(), loader()
    optimiser, passed = torch.optim.SGD(model.parameters(), lr=0.5), []
    for inputs, labels in list(data) * 3:
        passed.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        optimiser.zero_grad()
        LOSS(model(inputs), labels).backward()
        optimiser.step()
    found = modescape.landscape(model, LOSS, data, trajectory=passed, points=9)
    assert found.attrs["kind"] == "trajectory"
    assert found["step"].values.tolist() == list(range(10))
    path = found.sel(member="model")
    assert path[["path_alpha", "path_beta", "path_residual"]].isel(step=-1).to_array().values == pytest.approx(0)
    vectors = [ravel({name: state[name] for name, _ in model.named_parameters()}) for state in passed]
    squares = np.array([(vector - vector_of(model)).square().sum().item() for vector in vectors])
    explained = found.attrs["explained_alpha"] + found.attrs["explained_beta"]
    left = (path["path_residual"].values[:-1] ** 2).sum() / squares.sum()
    assert explained == pytest.approx(1 - left, abs=1e-4)
    assert path["path_loss"].values[0] == pytest.approx(loss_of(model, vectors[0], data), rel=1e-5)
    ended = modescape.landscape(model, LOSS, data, trajectory=[*passed, model], points=3, grid="uniform")
    assert ended["path_loss"].values == pytest.approx(path["path_loss"].values[None])


def test_options_reach_what_they_are_for():
    data, calls = loader(), []

    def forward(model, batch):
        calls.append(len(batch[0]))
        return model(batch[0]) * 2, batch[1]

    found = modescape.landscape(
        network(),
        LOSS,
        data,
        dims=1,
        extent=0.5,
        points=5,
        examples=10,
        forward=forward,
        metrics={"norm": lambda outputs, _: outputs.norm(dim=1)},
        references={},
        seed=3,
        workers=1,
        precision="bf16",
    )
    assert found["loss"].dims == ("alpha",)
    assert found["alpha"].values.tolist() == [-0.5, -0.25, 0.0, 0.25, 0.5]
    assert (found.attrs["num_examples"], found.attrs["num_available"], found.attrs["seed"]) == (10, 40, 3)
    assert {"loss_error", "norm", "norm_error", "accuracy_error"} < set(found.data_vars)
    assert "agreement" not in found
    assert calls
    again = modescape.landscape(network(), LOSS, data, dims=1, points=5, seed=4)
    assert not np.array_equal(found["loss"], again["loss"])


def test_a_regression_and_a_mapping_are_measured_too():
    class Answer(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(2, 1)

        def forward(self, values):
            return self.last(values)

    batches = [{"values": torch.randn(8, 2), "labels": torch.randn(8, 1)} for _ in range(2)]
    found = modescape.landscape(Answer(), nn.MSELoss(), batches, points=9)
    assert set(found.data_vars) == {"loss", "measured", *(f"point_{n}" for n in ("alpha", "beta", "residual", "loss"))}
    # A quadratic is predicted exactly.
    assert json.loads(found.attrs["interpolation_error"])["loss"] < 1e-4


# Killed and continued


class Killed:
    """Raises after so many points, and counts them."""

    def __init__(self, monkeypatch, after=math.inf):
        self.count = 0
        each = Objective.each

        def counting(objective, weights):
            for found in each(objective, weights):
                if self.count == after:
                    raise KeyboardInterrupt
                self.count += 1
                yield found

        monkeypatch.setattr(Objective, "each", counting)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_killed_landscape_goes_on_where_it_was(tmp_path, monkeypatch, shuffle):
    model, data = network(norm=True), loader(shuffle=shuffle)
    options = {"points": 9, "through": [network(1, norm=True), network(2, norm=True)], "examples": 20}
    untouched = modescape.landscape(model, LOSS, data, **options)
    num_points = untouched.attrs["num_measured"] + 3
    with monkeypatch.context() as patch:
        Killed(patch, after=20)
        with pytest.raises(KeyboardInterrupt):
            modescape.landscape(model, LOSS, data, **options, keep=tmp_path / "points")
    with monkeypatch.context() as patch:
        rest = Killed(patch)
        found = modescape.landscape(model, LOSS, data, **options, keep=tmp_path / "points")
        # The model itself is measured again, to see that all is as it was.
        assert rest.count == num_points - 19 + 1
    assert found.identical(untouched)
    with monkeypatch.context() as patch:
        again = Killed(patch)
        finer = modescape.landscape(model, LOSS, data, **{**options, "points": 17}, keep=tmp_path / "points")
        assert again.count <= finer.attrs["num_measured"] - 81 + 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"data": loader(seed=1)},
            "`keep` must hold points of the same loss and the same data; got loss .* at the model",
        ),
        ({"loss": nn.CrossEntropyLoss(label_smoothing=0.1)}, "`keep` must hold points of the same loss and the same"),
        ({"model": network(5)}, "`keep` must hold points of the same landscape: the same weights"),
        ({"seed": 2}, "`keep` must hold points of the same landscape"),
        ({"metrics": {"twice": LOSS}}, "`keep` must hold points of the same landscape"),
    ],
)
def test_points_of_something_else_are_refused(tmp_path, changes, message):
    arguments = {
        "model": network(),
        "loss": LOSS,
        "data": loader(),
        "points": 3,
        "dims": 1,
        "keep": tmp_path / "points",
    }
    modescape.landscape(**arguments)
    with pytest.raises(ArgumentError, match=message):
        modescape.landscape(**{**arguments, **changes})


# Bad input


def broken():
    model = network()
    nn.init.constant_(model[0].weight, math.nan)
    return model


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": []}, "`data` must hold at least one example; got 0"),
        ({"data": [torch.zeros(3)]}, "`data` must be pairs of inputs and targets.*`forward`"),
        ({"points": 1}, "`points` must be at least 2; got 1"),
        ({"points": 30}, r"`points` must be 2\*\*k \+ 1 .*; got 30\. Pass 17 or 33"),
        ({"tolerance": 0}, "`tolerance` must lie between 0 and 1"),
        ({"tolerance": -0.1}, "`tolerance` must lie between 0 and 1"),
        ({"dims": 3}, r"`dims` must be 1 or 2; got 3\. Pass 1 for a line"),
        ({"extent": 0.0}, "`extent` must be above 0; got 0.0"),
        ({"margin": -1.0, "through": [network(1)]}, "`margin` must be at least 0"),
        ({"grid": "log"}, "`grid` must be one of adaptive, uniform"),
        ({"examples": 0}, "`examples` must be at least 1"),
        ({"batch_norm": "drop"}, "`batch_norm` must be one of renew, keep"),
        ({"seed": -1}, "`seed` must be at least 0"),
        ({"through": [network()]}, r"`through\[0\]` must differ from the model; got equal weights"),
        ({"through": [network(1), network(1)]}, r"`through\[1\]` must not lie on one line with model and through\[0\]"),
        ({"through": [network(1)] * 3}, "`through` must hold one or two networks besides the model; got 3"),
        ({"through": network(1)}, "`through` must be a list of networks or of their weights; got one network"),
        (
            {"through": [nn.Linear(2, 3)]},
            r"`through\[0\]` must have the names of the model's parameters; got no '0.weight'",
        ),
        (
            {"through": [nn.Sequential(nn.Linear(2, 7), nn.Tanh(), nn.ReLU(), nn.Dropout(), nn.Linear(7, 3))]},
            r"`through\[0\]` must have the shape \(6, 2\) for '0.weight'; got \(7, 2\)\. Pass a network of the model's",
        ),
        ({"references": {"mine": {}}}, r"`references\['mine'\]` must have the names of the model's parameters"),
        ({"trajectory": [network(1)]}, "`trajectory` must span a plane with the origin; got 1 vectors"),
        ({"trajectory": [network(1)], "through": [network(2)]}, "`trajectory` must be left out where a plane goes"),
        ({"model": nn.ReLU()}, "`model` must have parameters; got none"),
        ({"model": broken()}, r"`model` must be finite; got NaN or an infinity in '0\.weight'"),
        ({"through": [broken()]}, r"`through\[0\]` must be finite; got NaN or an infinity in '0\.weight'"),
        ({"loss": lambda outputs, _: outputs.sum() * math.nan}, "`model` must have a finite loss on `data`; got nan"),
    ],
)
def test_refuses_with_one_line(changes, message):
    arguments = {"model": network(), "loss": LOSS, "data": loader(), "points": 3, **changes}
    with pytest.raises(ArgumentError, match=message) as caught:
        modescape.landscape(**arguments)
    assert "\n" not in str(caught.value)


def test_a_file_that_cant_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="must be read and written in full"):
        modescape.landscape(network(), LOSS, loader(), points=3, keep=tmp_path / "file" / "points")


def test_a_loss_that_is_nan_but_at_the_model_stays_nan():
    def picky(outputs, _):
        return torch.where(outputs.abs().max() > 0.4, math.nan, outputs.square().mean())

    model = network()
    nn.init.zeros_(model[4].weight)
    nn.init.zeros_(model[4].bias)
    model[0].weight.data *= 3
    found = modescape.landscape(model, picky, loader(), through=[network(1)], points=33)
    assert np.isnan(found["loss"]).any()
    assert np.isfinite(found["loss"]).any()
    other = modescape.landscape(model, picky, loader(), through=[network(1)], points=33, grid="uniform")
    np.testing.assert_array_equal(np.isnan(found["loss"]), np.isnan(other["loss"]))
