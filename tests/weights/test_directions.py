"""Random directions, filter by filter."""

from math import isnan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from torch import nn

from modescape.core.errors import ArgumentError
from modescape.core.trees import ravel, unravel
from modescape.weights import filter_normalised, random_flat


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def network(seed=0):
    """Convolution, batch norm and linear layer, with filters of very different norms."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        built = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(20, 4))
    with torch.no_grad():
        built[0].weight *= torch.tensor([0.01, 1.0, 10.0, 0.0, 3.0])[:, None, None, None]
        built[3].weight *= torch.tensor([1.0, 5.0, 0.2, 40.0])[:, None]
    return built


def parameters(seed=0):
    return {name: tensor.detach() for name, tensor in network(seed).named_parameters()}


def test_each_filter_has_the_norm_of_the_weights_filter_not_each_tensor():
    # The defect: one norm for the whole tensor.
    own, found = parameters(), filter_normalised(parameters(), generator=generator(1))
    assert list(found) == list(own)
    for name in ("0.weight", "3.weight"):
        for filter_of_weights, filter_of_direction in zip(own[name], found[name], strict=True):
            wanted = np.linalg.norm(filter_of_weights.double().numpy())
            assert np.linalg.norm(filter_of_direction.double().numpy()) == pytest.approx(wanted, rel=1e-6)
    # Norms per tensor would differ filter by filter.
    whole = filter_normalised(own, generator=generator(1), normalisation="layer")
    assert whole["0.weight"].norm().item() == pytest.approx(own["0.weight"].norm().item(), rel=1e-6)
    assert whole["0.weight"][0].norm() > 10 * own["0.weight"][0].norm()


def test_directions_of_biases_and_norm_parameters_are_zero():
    found = filter_normalised(parameters(), generator=generator(2))
    for name in ("0.bias", "1.weight", "1.bias", "3.bias"):
        assert not found[name].any()
        assert found[name].shape == parameters()[name].shape
    for normalisation in ("layer", "none"):
        assert not filter_normalised(parameters(), generator=generator(2), normalisation=normalisation)["0.bias"].any()


def test_a_zero_norm_is_no_division():
    own = parameters()
    for normalisation in ("filter", "layer"):
        zero = {**own, "3.weight": torch.zeros_like(own["3.weight"])}
        found = filter_normalised(zero, generator=generator(3), normalisation=normalisation)
        assert not found["3.weight"].any()
        assert all(tensor.isfinite().all() for tensor in found.values())
    assert not filter_normalised(own, generator=generator(3))["0.weight"][3].any()
    assert random_flat(own, num_axes=2, generator=generator(3)).flat.point(1.0, 1.0).isfinite().all()


def test_directions_are_gaussian_not_uniform():
    # The defect: numbers from U[0, 1], which all have one sign and lie in one corner of the space.
    own = {"weight": torch.ones(200, 100)}
    drawn = filter_normalised(own, generator=generator(4), normalisation="none")["weight"].double().numpy().ravel()
    assert abs(drawn.mean()) < 5 / np.sqrt(drawn.size)
    assert abs(drawn.std() - 1) < 5 / np.sqrt(2 * drawn.size)
    assert abs((drawn**3).mean()) < 5 * np.sqrt(15 / drawn.size)
    assert abs((drawn**4).mean() - 3) < 5 * np.sqrt(96 / drawn.size)
    assert abs((drawn > 0).mean() - 0.5) < 5 * 0.5 / np.sqrt(drawn.size)
    assert kstest(drawn, "norm").pvalue > 1e-3
    scaled = filter_normalised(own, generator=generator(4))["weight"].double().numpy()
    assert abs((scaled > 0).mean() - 0.5) < 0.02
    # Two directions of U[0, 1] numbers would have a cosine of 3/4.
    assert abs(random_flat(own, num_axes=2, generator=generator(4)).cosine) < 5 / np.sqrt(20_000)


def test_scaling_the_filters_scales_the_direction():
    own = parameters()
    scaled = {name: 7.0 * tensor for name, tensor in own.items()}
    one, other = (filter_normalised(each, generator=generator(5)) for each in (own, scaled))
    for name in own:
        torch.testing.assert_close(other[name], 7.0 * one[name])


def test_rows_of_embeddings_and_of_attention_count_as_filters():
    own = {name: tensor.detach() for name, tensor in nn.MultiheadAttention(8, 2).named_parameters()}
    own["embedding"] = torch.randn(6, 8, generator=generator(0)) * torch.arange(6.0)[:, None]
    found = filter_normalised(own, generator=generator(6))
    for name in ("in_proj_weight", "embedding"):
        torch.testing.assert_close(found[name].norm(dim=1), own[name].norm(dim=1))


def test_a_seed_gives_one_direction_in_whatever_precision():
    own = parameters()
    one = ravel(filter_normalised(own, generator=generator(7)))
    assert torch.equal(one, ravel(filter_normalised(own, generator=generator(7))))
    assert not torch.equal(one, ravel(filter_normalised(own, generator=generator(8))))
    double = ravel(filter_normalised({name: t.double() for name, t in own.items()}, generator=generator(7)))
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), one)
    half = filter_normalised({name: t.bfloat16() for name, t in own.items()}, generator=generator(7))
    assert half["3.weight"].dtype == torch.float32
    state = torch.random.get_rng_state()
    filter_normalised(own, generator=generator(7))
    assert torch.equal(state, torch.random.get_rng_state())


def test_buffers_are_never_perturbed_and_the_network_stays_as_it_is():
    # The defect: running variances perturbed to negative numbers, and outputs that are NaN.
    built = network()
    before = {name: tensor.clone() for name, tensor in built.state_dict().items()}
    found = random_flat(dict(built.named_parameters()), num_axes=2, generator=generator(9)).flat
    moved = unravel(found.point(3.0, -2.0), dict(built.named_parameters()))
    assert not any("running" in name for name in moved)
    assert not moved["0.weight"].requires_grad
    for name, tensor in built.state_dict().items():
        assert torch.equal(tensor, before[name])
    for name in ("0.bias", "1.weight", "1.bias", "3.bias"):
        assert torch.equal(moved[name], before[name])
    # Even a caller who passes averages of batch norm keeps them: they have one axis.
    averages = {**parameters(), "1.running_var": torch.ones(5)}
    assert not filter_normalised(averages, generator=generator(9))["1.running_var"].any()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), orthogonal=st.booleans(), normalisation=st.sampled_from(["filter", "layer", "none"]))
def test_axes_are_orthonormal_and_coordinates_count_the_first_direction(seed, orthogonal, normalisation):
    own = parameters()
    made = {"generator": generator(seed), "orthogonal": orthogonal, "normalisation": normalisation}
    found = random_flat(own, num_axes=2, **made)
    axes = torch.stack(found.flat.axes).double()
    torch.testing.assert_close(axes @ axes.T, torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-6)
    first = ravel(filter_normalised(own, generator=generator(seed), normalisation=normalisation))
    torch.testing.assert_close(found.flat.point(1.0, 0.0), ravel(own) + first, rtol=1e-4, atol=1e-4)
    assert found.flat.scale == pytest.approx(first.double().norm().item())
    assert torch.equal(found.flat.point(0.0, 0.0), ravel(own))


def test_the_cosine_is_that_of_the_two_directions_as_drawn():
    own, source = parameters(), generator(10)
    one, other = (ravel(filter_normalised(own, generator=source)).double() for _ in range(2))
    expected = (one @ other / one.norm() / other.norm()).item()
    for orthogonal in (True, False):
        assert random_flat(own, num_axes=2, generator=generator(10), orthogonal=orthogonal).cosine == pytest.approx(
            expected, rel=1e-6
        )
    assert abs(expected) > 1e-3
    assert isnan(random_flat(own, num_axes=1, generator=generator(10)).cosine)


def test_an_orthogonal_second_direction_keeps_the_norm_of_every_filter():
    own = parameters()
    found = random_flat(own, num_axes=2, generator=generator(11)).flat
    one, other = (unravel(found.scale * axis, own) for axis in found.axes)
    for name in ("0.weight", "3.weight"):
        torch.testing.assert_close(other[name].flatten(1).norm(dim=1), own[name].flatten(1).norm(dim=1))
        inner = (one[name].flatten(1).double() * other[name].flatten(1).double()).sum(dim=1)
        torch.testing.assert_close(inner, torch.zeros_like(inner), rtol=0, atol=1e-4)


def test_independent_directions_span_the_plane_of_both():
    own, source = parameters(), generator(12)
    found = random_flat(own, num_axes=2, generator=generator(12), orthogonal=False).flat
    for _ in range(2):
        drawn = ravel(filter_normalised(own, generator=source))
        assert found.residual(ravel(own) + drawn) < 1e-4
    orthogonal = random_flat(own, num_axes=2, generator=generator(12), orthogonal=True).flat
    assert orthogonal.residual(ravel(own) + drawn) > 1e-2


def test_a_line_is_the_first_axis_of_the_plane():
    line, plane = (random_flat(parameters(), num_axes=num, generator=generator(13)).flat for num in (1, 2))
    assert torch.equal(line.axes[0], plane.axes[0])
    assert len(line.axes) == 1
    assert line.scale == plane.scale


def test_refuses_what_can_not_be_moved():
    own = parameters()
    for call, message in [
        (lambda g: random_flat(own, num_axes=3, generator=g), r"`num_axes` must be 1 or 2; got 3\. Pass 1 for a line"),
        (
            lambda g: random_flat({"bias": torch.ones(4)}, num_axes=1, generator=g),
            r"`centre` must have weights to move; got none\. Biases and parameters of norm layers are not moved",
        ),
        (
            lambda g: random_flat({"weight": torch.ones(4, 1)}, num_axes=2, generator=g),
            r"`centre` must leave a second direction; got one weight a filter\. Draw a line, or",
        ),
        (lambda g: filter_normalised(own, generator=g, normalisation="row"), r"`normalisation` must be one of filter"),
        (lambda g: filter_normalised({}, generator=g), r"`parameters` must hold at least one tensor; got 0"),
        (
            lambda g: filter_normalised({"count": torch.ones(2, 2).long()}, generator=g),
            r"`parameters` must be floating-point numbers; got count of torch.int64\. Leave out buffers",
        ),
        (
            lambda g: filter_normalised({"w": torch.full((2, 2), torch.nan)}, generator=g),
            r"`parameters` must be finite; got NaN or an infinity in w\. Leave out a network that diverged",
        ),
    ]:
        with pytest.raises(ArgumentError, match=message):
            call(generator())
