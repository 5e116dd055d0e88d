import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from landscapes.curved import batches_of, images, is_same, pooled, state_of
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.landscapes import width
from modescape.weights import filter_normalised

INPUTS, LABELS = images()
BATCHES = batches_of(INPUTS, LABELS)
LOSS = nn.CrossEntropyLoss()
NEAR, LARGEST = 0.016, 8.0


class Shape(nn.Module):
    """A network of one weight, 1, whose output is a function of it."""

    def __init__(self, function):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 1, dtype=torch.float64))
        self.function = function

    def forward(self, inputs):
        return self.function(self.weight - 1.0).expand(len(inputs), 1)


ONE = [(torch.zeros(1, 1, dtype=torch.float64), torch.zeros(1))]


def measured(function, **options):
    """The width of a function of the distance: with one weight of 1, a direction is +1 or -1."""
    return width(Shape(function), lambda outputs, _: outputs.mean(), ONE, **{"seed": 0, **options})


@settings(max_examples=20, deadline=None)
@given(curvature=st.floats(0.02, 1e6), rise=st.floats(0.05, 3.0))
def test_the_width_of_a_parabola_is_where_it_reaches_the_rise(curvature, rise):
    found = measured(lambda t: curvature * t**2, rise=rise, largest=16.0)
    assert found.value == pytest.approx(np.sqrt(rise / curvature), rel=NEAR)
    assert found.open_share == 0.0


def test_both_signs_of_a_direction_are_looked_at_and_count_as_one():
    found = measured(lambda t: torch.where(t > 0, t, -t / 3), rise=0.5, num_directions=4)
    assert np.sort(found.distances, axis=1) == pytest.approx(np.tile([0.5, 1.5], (4, 1)), rel=NEAR)
    assert found.value == pytest.approx(1.0, rel=NEAR)
    # The mean of both signs is the same in all directions here.
    assert found.high - found.low < 0.05


def test_the_first_crossing_counts_where_the_loss_falls_again():
    found = measured(lambda t: torch.where(t.abs() < 4, torch.sin(t.abs()), 0.0 * t), rise=0.5)
    assert found.value == pytest.approx(np.pi / 6, rel=NEAR)


def test_a_loss_that_falls_before_it_rises_is_compared_with_where_it_began():
    found = measured(lambda t: t**4 - t**2, rise=0.2)
    assert found.value == pytest.approx(np.sqrt((1 + np.sqrt(1.8)) / 2), rel=NEAR)


def test_a_loss_that_never_rises_ends_at_the_largest_distance():
    found = measured(lambda t: 0.0 * t, largest=3.0)
    assert (found.value, found.low, found.high, found.open_share) == (3.0, 3.0, 3.0, 1.0)
    assert (found.distances == 3.0).all()
    one_side = measured(lambda t: torch.where(t > 0, t, 0.0 * t), largest=3.0, rise=0.5)
    assert one_side.open_share == 0.5


def test_a_loss_that_is_not_a_number_has_risen():
    found = measured(lambda t: torch.where(t.abs() > 0.75, torch.nan, 0.0 * t))
    assert found.value == pytest.approx(0.75, rel=NEAR)


def test_a_needle_has_no_width():
    assert measured(lambda t: torch.where(t == 0.0, 0.0, 1.0)).value == 0.0


def test_a_network_that_diverged_has_nan():
    network = pooled()
    nn.init.constant_(network[0].weight, float("nan"))
    found = width(network, LOSS, BATCHES, num_directions=3, seed=0)
    assert np.isnan([found.value, found.low, found.high, found.open_share]).all()
    assert found.distances.shape == (3, 2)


def test_the_loss_has_risen_at_the_distances_and_not_before():
    network, found = pooled(), width(pooled(), LOSS, BATCHES, rise=0.3, num_directions=3, seed=7)
    network.eval()
    centre = {name: tensor.detach().clone() for name, tensor in network.named_parameters()}

    def rise(index, distance):
        generator = torch_generator(derived_seed(7, Stream.DIRECTION, index))
        direction = filter_normalised(centre, generator=generator)
        moved = {name: tensor + distance * direction[name] for name, tensor in centre.items()}
        losses = [LOSS(torch.func.functional_call(network, w, INPUTS), LABELS).item() for w in (centre, moved)]
        return losses[1] - losses[0]

    assert found.open_share <= 0.5
    for index, row in enumerate(found.distances):
        for sign, distance in zip((1, -1), row, strict=True):
            is_open = distance == LARGEST
            assert is_open or rise(index, sign * distance * (1 + NEAR)) > 0.3
            assert rise(index, sign * distance * (1 - NEAR)) < 0.3


def test_the_interval_is_students_over_directions():
    found = width(pooled(), LOSS, BATCHES, rise=0.3, num_directions=4, confidence=0.8, seed=7)
    means = found.distances.mean(axis=1)
    low, high = stats.t.interval(0.8, 3, loc=means.mean(), scale=stats.sem(means))
    assert found.value == pytest.approx(means.mean())
    assert (found.low, found.high) == pytest.approx((max(low, 0.0), high))


def test_scaled_filters_make_no_difference():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 3, bias=False)).double()
    inputs = torch.randn(20, 3, dtype=torch.float64)
    batches = [(inputs, torch.randint(3, (20,)))]
    plain = width(network, LOSS, batches, rise=0.2, seed=1)
    with torch.no_grad():
        network[0].weight *= 10.0
        network[2].weight /= 10.0
    scaled = width(network, LOSS, batches, rise=0.2, seed=1)
    np.testing.assert_allclose(scaled.distances, plain.distances, rtol=1e-9)


def test_the_layout_of_images_makes_no_difference():
    network, inputs = pooled().float(), INPUTS.float()
    last = inputs.contiguous(memory_format=torch.channels_last)
    one, other = (width(network, LOSS, [(given, LABELS)], seed=1) for given in (inputs, last))
    np.testing.assert_allclose(one.distances, other.distances, rtol=NEAR)


def test_defect_the_model_is_changed():
    network = pooled().requires_grad_(requires_grad=False)
    before = state_of(network)
    width(network, LOSS, BATCHES, num_directions=2, seed=0)
    assert is_same(before, state_of(network))


def test_numbers_out_of_range_are_refused():
    for name in ("rise", "largest"):
        for value in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(ArgumentError, match=f"^`{name}` must be above 0 and finite; got"):
                measured(lambda t: t, **{name: value})
    with pytest.raises(ArgumentError, match=r"^`num_directions` must be at least 2; got 1. An interval needs two"):
        measured(lambda t: t, num_directions=1)
    with pytest.raises(ArgumentError, match=r"^`confidence` must lie strictly between 0 and 1; got 1.0"):
        measured(lambda t: t, confidence=1.0)
