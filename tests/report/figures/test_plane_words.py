import json

import numpy as np
import pytest

from modescape.report.figures.plane_surfaces import fields_of, plane_surfaces
from modescape.report.figures.plane_words import found_on, how_measured
from report.plane_samples import curve_plane, random_plane, solutions_plane, trajectory_plane


def words(dataset):
    return how_measured(dataset, fields_of(dataset, loss_unit="nats"))


def found(dataset):
    return found_on(dataset, plane_surfaces(dataset, loss_unit="nats"))


def test_examples_points_and_the_error_between_them_are_told():
    dataset = solutions_plane()
    dataset.attrs |= {"num_examples": 2000, "interpolation_error": json.dumps({"loss": 0.0312, "accuracy": 0.0042})}
    assert words(dataset) == (
        "Measured on 2,000 of 10,000 examples. 611 of 1,089 points were measured (white dots); the others are "
        "interpolated, with an estimated error of at most loss 0.031 nats, accuracy 0.42 percentage points. "
        "Batch norm statistics are computed anew for every point."
    )


def test_where_all_was_measured_nothing_is_said_of_interpolation():
    dataset = trajectory_plane()
    dataset.attrs |= {"batch_norm": "none"}
    assert words(dataset) == "Measured on 10,000 examples."
    dataset.attrs |= {"num_measured": 1080}
    assert "1,080 of 1,089 points were measured; the others" in words(dataset)


def test_an_error_of_a_steep_loss_is_told_with_how_far_it_reaches():
    assert "loss 0.031 nats where it reaches 75.455 nats, accuracy" in words(random_plane())


@pytest.mark.parametrize("text", ["", "{", json.dumps({"loss": None}), json.dumps({"loss": float("inf")})])
def test_an_error_that_is_not_known_is_not_told(text):
    dataset = solutions_plane()
    dataset.attrs["interpolation_error"] = text
    assert "the others are interpolated." in words(dataset)


def test_standard_errors_of_a_sample_are_told():
    dataset = solutions_plane()
    errors = np.full(dataset.loss.shape, 0.05)
    errors[0, 0] = 1.7
    dataset["loss_error"] = (("alpha", "beta"), errors)
    dataset["accuracy_error"] = (("alpha", "beta"), np.full(dataset.loss.shape, 0.021))
    told = words(dataset)
    assert "standard error of loss 0.05 nats (up to 1.7), accuracy 2.1 percentage points." in told
    assert "standard error" not in words(dataset.assign(loss_error=0 * dataset.loss).drop_vars("accuracy_error"))


def test_walls_between_solutions_are_read_from_the_surface():
    dataset = solutions_plane()
    told = found(dataset)
    way = np.linspace(0, 24, 101)
    walls = dataset.loss.interp(alpha=("place", way), beta=("place", 0 * way)).values
    assert told[0] == (
        f"Straight from member 0 to member 1 the loss reaches {walls.max():.3f} nats; "
        f"at the ends it is at most {max(walls[0], walls[-1]):.3f} nats."
    )
    assert told[3].startswith("Member 0 agrees with member 1 on ")
    assert " and with member 2 on " in told[3]


def test_how_far_ways_lie_from_the_plane_is_told():
    dataset = solutions_plane()
    [told] = [one for one in found(dataset) if "projections" in one]
    residual = dataset.path_residual.values
    assert f"up to {np.nanmax(residual):.3g} from the plane (median {np.nanmedian(residual):.3g})" in told
    dataset["path_residual"] = 0 * dataset.path_residual
    assert not any("projections" in one for one in found(dataset))


def test_a_marked_network_beside_the_plane_is_named():
    dataset = trajectory_plane()
    dataset["point_residual"] = ("point", [3.25])
    assert found(dataset)[-1] == "Not in the plane but drawn onto it, with their distance from it: member 0 3.25."


def test_a_random_plane_tells_the_ring_half_way_out_and_the_cosine():
    dataset = random_plane()
    ring, cosine = found(dataset)
    assert ring.startswith("The loss is 0.900 nats in the middle, and 0.5 filter norms away it is between ")
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    read = np.log10(dataset.loss).interp(alpha=("a", 0.5 * np.cos(angle)), beta=("a", 0.5 * np.sin(angle)))
    assert f"between {10 ** float(read.min()):.3f} nats and {10 ** float(read.max()):.3f} nats" in ring
    assert cosine == "The cosine of the two random directions was -0.0021; they are drawn at right angles."


def test_a_plane_of_trajectories_tells_the_shares_that_its_axes_hold():
    told = found(trajectory_plane())
    assert told[0].startswith("The two axes hold 71.3 % and 14.8 % of the squared distances")
    assert "together 86.1 %" in told[0]
    assert not any("Straight from" in one for one in told)
    dataset = trajectory_plane()
    del dataset.attrs["explained_alpha"]
    assert not any("axes hold" in one for one in found(dataset))


def test_curves_tell_how_high_they_climb():
    told = found(curve_plane())
    assert told[0] == "The loss reaches 1.270 nats along the straight line and 0.445 nats along the Bezier curve."
    assert told[1].startswith("Member 0 agrees with member 1 on ")
    dataset = curve_plane().drop_vars(["curve_loss"])
    assert any("Straight from" in one for one in found(dataset))


def test_gaps_between_solutions_are_not_told():
    dataset = solutions_plane()
    dataset["loss"] = dataset.loss.where(dataset.beta > 5)
    dataset["agreement"] = dataset.agreement.where(dataset.beta > 5)
    assert not any("Straight" in one or "agrees" in one for one in found(dataset))
