import json

import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.landscapes import KeptPoints
from modescape.studies import study
from modescape.studies.steps.paths import CURVES_PART, kept_curve
from modescape.weights import filter_normalised
from studies.recomputed import Slow, context_of
from studies.samples import LANDSCAPES, PLANES, Listener, forget
from studies.test_api import broken_for


@pytest.fixture(scope="module")
def slow(mapped):
    return Slow(mapped)


def measured(slow, vector, references=()):
    """Loss, accuracy and agreement with members of a vector of weights, in float64."""
    examples = slow.context.sample_of(slow.dataset.test, 60)
    labels, predicted = examples.labels.numpy(), slow.predict(vector, examples.inputs)
    chosen = predicted.argmax(axis=1)
    agreement = [np.mean(chosen == slow.decide(slow.tree(member), examples.inputs)) for member in references]
    return -np.log(predicted[range(60), labels]).mean(), np.mean(chosen == labels), agreement


def check_points(found, slow, flat, references):
    """Hold measured points of a grid against what the weights there predict."""
    rows, columns = np.nonzero(found["measured"].values)
    for index in (0, len(rows) // 3, len(rows) // 2, len(rows) - 1):
        point = found.isel(alpha=rows[index], beta=columns[index])
        loss, accuracy, agreement = measured(slow, flat(float(point["alpha"]), float(point["beta"])), references)
        assert float(point["loss"]) == pytest.approx(loss, rel=1e-3)
        assert float(point["accuracy"]) == pytest.approx(accuracy)
        assert point["agreement"].values.tolist() == pytest.approx(agreement)


def gram_schmidt(first, second, third):
    """Unit axes of the plane through three vectors, in float64."""
    u, v = second - first, third - first
    u = u / u.norm()
    v = v - (v @ u) * u
    return u, v / v.norm()


@pytest.mark.parametrize(("name", "references"), list(zip(PLANES, ([0, 2, 1], [0], [1, 0], [2, 1]), strict=True)))
def test_the_results_are_named(mapped, name, references):
    found = mapped.arrays(f"results/{name}")
    for field in ("loss", "accuracy", "loss_error", "accuracy_error", "measured"):
        assert found[field].dims == ("alpha", "beta")
    assert found["agreement"].dims == ("reference", "alpha", "beta")
    assert found["reference"].values.tolist() == [f"member {member}" for member in references]
    assert found["point"].values.tolist() == [f"member {member}" for member in references]
    for field in ("alpha", "beta", "residual", "loss", "accuracy"):
        assert found[f"point_{field}"].dims == ("point",)
    assert found.sizes["alpha"] == found.sizes["beta"] == 17
    assert np.isfinite(found["loss"]).all()
    assert found["measured"].dtype == bool
    wanted = {
        "kind": name.removesuffix("-plane"),
        "members": ",".join(map(str, references)),
        "num_examples": 60,
        "num_available": 150,
        "batch_norm": "none",
        "grid": "adaptive",
        "num_points": 289,
        "num_measured": int(found["measured"].sum()),
        "tolerance": 0.2,
        "seed": 5,
        "unit": "filter norms" if name == "random-plane" else "distance",
    }
    assert {key: found.attrs[key] for key in wanted} == wanted
    assert set(json.loads(found.attrs["interpolation_error"])) == {
        "loss", "accuracy", *(f"agreement/member {member}" for member in references)
    }  # fmt: skip


def test_three_members_span_a_plane_drawn_to_scale(mapped, slow):
    found = mapped.arrays("results/solutions-plane")
    first, second, third = (slow.vector(member) for member in (0, 2, 1))
    u, v = gram_schmidt(first, second, third)
    corners = [[0.0, 0.0]] + [[float((one - first) @ axis) for axis in (u, v)] for one in (second, third)]
    places = np.stack([found["point_alpha"], found["point_beta"]], axis=1)
    np.testing.assert_allclose(places, corners, atol=1e-5)
    np.testing.assert_allclose(found["point_residual"], 0.0, atol=1e-5)
    for axis, column in (("alpha", 0), ("beta", 1)):
        low, high = (choose(corner[column] for corner in corners) for choose in (min, max))
        ends = found[axis].values[[0, -1]]
        np.testing.assert_allclose(ends, [low - 0.2 * (high - low), high + 0.2 * (high - low)], atol=1e-5)
    check_points(found, slow, lambda a, b: first + a * u + b * v, [0, 2, 1])


def test_members_are_in_the_plane_what_they_are(mapped, slow):
    found = mapped.arrays("results/solutions-plane")
    for member in (0, 2, 1):
        loss, accuracy, _ = measured(slow, slow.tree(member))
        point = found.sel(point=f"member {member}")
        assert float(point["point_loss"]) == pytest.approx(loss, rel=1e-5)
        assert float(point["point_accuracy"]) == pytest.approx(accuracy)


def test_trajectories_are_drawn_in_with_how_far_off_they_are(mapped, slow):
    found = mapped.arrays("results/solutions-plane")
    # Of the three members, the first two kept their epochs.
    assert found["member"].values.tolist() == [0, 1]
    assert found["step"].values.tolist() == [0, 1, 2, 3, 4]
    first, second, third = (slow.vector(member) for member in (0, 2, 1))
    axes = torch.stack(gram_schmidt(first, second, third))
    for member in (0, 1):
        for step in (0, 3, 4):
            point, vector = found.sel(member=member, step=step), slow.vector(member, step)
            place = axes @ (vector - first)
            assert [float(point["path_alpha"]), float(point["path_beta"])] == pytest.approx(place.tolist(), abs=1e-5)
            off = (vector - first - place @ axes).norm()
            assert float(point["path_residual"]) == pytest.approx(float(off), abs=1e-5)
            loss, accuracy, _ = measured(slow, slow.tree(member, step))
            assert float(point["path_loss"]) == pytest.approx(loss, rel=1e-5)
            assert float(point["path_accuracy"]) == pytest.approx(accuracy)


def test_a_random_plane_counts_filter_norms(mapped, slow):
    found, tree = mapped.arrays("results/random-plane"), slow.tree(0)
    assert found["alpha"].values[[0, -1]].tolist() == found["beta"].values[[0, -1]].tolist() == [-0.8, 0.8]
    generator = torch_generator(derived_seed(5, Stream.DIRECTION, 0))
    weights = {name: tree[name] for name, _ in slow.network.named_parameters()}
    step = filter_normalised(weights, generator=generator)
    along = torch.cat([step[name].double().ravel() for name in step])
    loss, accuracy, _ = measured(slow, slow.vector(0) + 0.8 * along)
    point = found.sel(alpha=0.8, beta=0.0)
    assert float(point["loss"]) == pytest.approx(loss, rel=1e-3)
    assert float(point["accuracy"]) == pytest.approx(accuracy)
    centre = found.sel(alpha=0.0, beta=0.0)
    assert bool(centre["measured"])
    assert float(centre["agreement"][0]) == 1.0
    assert float(centre["loss"]) == float(found["point_loss"][0])
    assert -1.0 < found.attrs["cosine"] < 1.0
    assert "member" not in found.dims


def test_a_plane_that_is_not_made_orthogonal_says_the_angle_of_its_directions(mapped, mapped_copied):
    study(resume=True, output=mapped_copied.path, only="random-plane", orthogonal=False)
    found, before = (run.arrays("results/random-plane") for run in (mapped_copied, mapped))
    assert found.attrs["cosine"] == before.attrs["cosine"] != 0.0
    assert not found["loss"].equals(before["loss"])
    # The first direction is the same.
    np.testing.assert_array_equal(found["loss"].sel(beta=0.0, alpha=0.8), before["loss"].sel(beta=0.0, alpha=0.8))


def test_trajectories_span_the_plane_of_their_principal_components(mapped, slow):
    found = mapped.arrays("results/trajectory-plane")
    origin = slow.vector(1)
    rows = torch.stack([slow.vector(member, step) - origin for member in (1, 0) for step in range(5)]).numpy()
    _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
    shares = sizes**2 / (sizes**2).sum()
    assert [found.attrs["explained_alpha"], found.attrs["explained_beta"]] == pytest.approx(shares[:2].tolist())
    assert found["member"].values.tolist() == [1, 0]
    for name, axis in zip(("path_alpha", "path_beta"), axes[:2], strict=True):
        np.testing.assert_allclose(abs(found[name].values.ravel()), abs(rows @ axis), atol=1e-4)
    off = np.linalg.norm(rows - rows @ axes[:2].T @ axes[:2], axis=1)
    np.testing.assert_allclose(found["path_residual"].values.ravel(), off, atol=1e-4)
    signs = [np.sign(found[name].values.ravel() @ (rows @ axis)) for name, axis in
             (("path_alpha", axes[0]), ("path_beta", axes[1]))]  # fmt: skip
    u, v = (torch.from_numpy(sign * axis) for sign, axis in zip(signs, axes[:2], strict=True))
    check_points(found, slow, lambda a, b: origin + a * u + b * v, [1, 0])
    assert float(found["alpha"].min()) < float(found["path_alpha"].min())
    assert float(found["alpha"].max()) > float(found["path_alpha"].max())


def test_curves_lie_in_their_plane_and_have_the_loss_found_along_them(mapped, slow):
    found, paths = mapped.arrays("results/curve-plane"), mapped.arrays("results/paths")
    assert found["curve"].values.tolist() == ["linear", "bezier"]
    assert found["place"].values.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    np.testing.assert_allclose(found["curve_residual"], 0.0, atol=1e-4)
    for curve in ("linear", "bezier"):
        for name in ("loss", "accuracy"):
            here, there = found[f"curve_{name}"].sel(curve=curve), paths[name].sel(pair="2-1", curve=curve)
            np.testing.assert_allclose(here, there, rtol=1e-5)
    points = kept_curve(context_of(mapped), (2, 1), "bezier").points
    start, control, end = (point.double() for point in points)
    u, v = gram_schmidt(start, end, control)
    check_points(found, slow, lambda a, b: start + a * u + b * v, [2, 1])
    # A quadratic curve leaves its start towards the bend, and never comes farther than half of the way to it.
    heights = found["curve_beta"].sel(curve="bezier")
    assert 0.3 < float(heights.max()) / float((control - start) @ v) <= 0.5


def test_a_uniform_grid_measures_everywhere_and_finds_the_same(mapped, mapped_copied):
    study(resume=True, output=mapped_copied.path, only="solutions-plane", grid="uniform", grid_points=17)
    found, adaptive = (run.arrays("results/solutions-plane") for run in (mapped_copied, mapped))
    assert bool(found["measured"].all())
    assert not bool(adaptive["measured"].all())
    assert (found.attrs["grid"], found.attrs["num_measured"], found.attrs["tolerance"]) == ("uniform", 289, 0.0)
    at = adaptive["measured"].values
    for name in ("loss", "accuracy", "loss_error"):
        np.testing.assert_array_equal(found[name].values[at], adaptive[name].values[at])
    np.testing.assert_array_equal(found["agreement"].values[:, at], adaptive["agreement"].values[:, at])


def test_a_uniform_grid_may_have_any_number_of_points(mapped_copied):
    study(resume=True, output=mapped_copied.path, only="random-plane", grid="uniform", grid_points=4)
    assert mapped_copied.arrays("results/random-plane").sizes["alpha"] == 4


class Cut:
    """Counts the points that are kept, and cuts the work short after so many."""

    def __init__(self, patch, limit=None):
        self.kept, keep = 0, KeptPoints.keep

        def noted(points, point, values):
            keep(points, point, values)
            self.kept += 1
            if self.kept == limit:
                raise KeyboardInterrupt

        patch.setattr(KeptPoints, "keep", noted)


@pytest.mark.parametrize("name", [*PLANES, "lines"])
def test_a_killed_step_goes_on_from_its_points(mapped, mapped_copied, name):
    forget(mapped_copied, name)
    done = []
    for limit in (3, 20, None):
        with pytest.MonkeyPatch.context() as patch:
            cut = Cut(patch, limit)
            if limit is None:
                study(resume=True, output=mapped_copied.path, only=name)
            else:
                with pytest.raises(KeyboardInterrupt):
                    study(resume=True, output=mapped_copied.path, only=name)
                assert mapped_copied.status == "interrupted"
                assert mapped_copied.damage() == []
                assert (mapped_copied.path / "scratch" / name / "points.jsonl").exists()
        done.append(cut.kept)
    found = mapped_copied.arrays(f"results/{name}")
    assert found.identical(mapped.arrays(f"results/{name}"))
    drawn = sum(found[f"{kind}_loss"].size for kind in ("point", "path", "curve") if f"{kind}_loss" in found)
    total = found.attrs["num_measured"] + drawn if name != "lines" else found["loss"].size
    # Nothing was measured twice; of what is drawn in, two may be the same, such as a member and the end of its path.
    assert total - drawn <= sum(done) <= total
    assert not (mapped_copied.path / "scratch").exists()
    assert mapped_copied.damage() == []


def cut_short(run, name, limit=12, **changes):
    """Kill a step after so many points."""
    forget(run, name)
    with pytest.MonkeyPatch.context() as patch:
        Cut(patch, limit)
        with pytest.raises(KeyboardInterrupt):
            study(resume=True, output=run.path, only=name, **changes)


@pytest.mark.parametrize(
    ("changes", "used"),
    [({"landscape_examples": 50}, False), ({"plane_members": "1,0,2"}, False), ({"tolerance": 0.3}, True)],
)
def test_points_of_another_landscape_are_not_used(mapped, mapped_copied, changes, used):
    cut_short(mapped_copied, "random-plane", **changes)
    back = {name: LANDSCAPES[name] for name in changes}
    with pytest.MonkeyPatch.context() as patch:
        cut = Cut(patch)
        study(resume=True, output=mapped_copied.path, only="random-plane", **back)
    found = mapped_copied.arrays("results/random-plane")
    assert found.identical(mapped.arrays("results/random-plane"))
    assert cut.kept == found.attrs["num_measured"] + 1 - 12 * used


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b'{"format": "mode', b"something else\n"])
def test_points_that_can_not_be_read_are_measured_again(mapped, mapped_copied, content):
    cut_short(mapped_copied, "random-plane")
    (mapped_copied.path / "scratch/random-plane/points.jsonl").write_bytes(content)
    study(resume=True, output=mapped_copied.path, only="random-plane")
    assert mapped_copied.arrays("results/random-plane").identical(mapped.arrays("results/random-plane"))


def test_a_last_point_that_was_cut_off_is_measured_again(mapped, mapped_copied):
    cut_short(mapped_copied, "random-plane")
    notes = mapped_copied.path / "scratch/random-plane/points.jsonl"
    notes.write_bytes(notes.read_bytes()[:-9])
    study(resume=True, output=mapped_copied.path, only="random-plane")
    assert mapped_copied.arrays("results/random-plane").identical(mapped.arrays("results/random-plane"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"plane_members": "0,1,5"},
            r"`plane_members` must be made of trained members \(0, 1, 2\); got 5. Pass for example --plane-members 0,1",
        ),
        (
            {"members": 1, "plane_members": "1,0,2"},
            r"`plane_members` must be made of trained members \(0\); got 1. Tra",
        ),
        (
            {"plane_trajectories": "0,2"},
            r"`plane_trajectories` must be made of members whose every epoch is kept \(0, 1\); got 2. Pass for example "
            r"--plane-trajectories 0, or start a new run with more --trajectories",
        ),
        ({"pairs": "0-4"}, r"`pairs` must be made of trained members \(0, 1, 2\); got 4"),
        (
            {"grid_points": 20},
            r"`grid_points` must be 2\^k \+ 1 for an adaptive grid, such as 33; got 20. Pass 17 or 33, or --grid",
        ),
    ],
)
def test_what_can_not_be_had_is_refused_before_anything_is_trained(tmp_path, changes, message):
    with pytest.raises(ArgumentError, match=message):
        study("landscapes", **{**LANDSCAPES, **changes}, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def planes_of(run, *names, model=None, **changes):
    """Do steps of a run, and return which of them were left out, and why."""
    for name in names:
        study("landscapes", resume=True, output=run.path, only=name, model=model, **changes)
    steps = run.manifest["steps"]
    return {name: steps[name]["left_out"] for name in names if steps[name]["left_out"]}


@pytest.fixture
def few(tmp_path):
    """A function that makes a run of few members or epochs, with the random plane."""

    def make(**changes):
        settings = {**LANDSCAPES, "plane_members": "0,1,2", "pairs": "0-1", "grid": "uniform", "grid_points": 3}
        settings |= {"plane_trajectories": "0", "epochs": 2, "curve_epochs": 1}
        return study("landscapes", **{**settings, **changes}, only="random-plane", output=tmp_path / "run")

    return make


def test_two_members_span_no_plane_and_all_else_is_done(few):
    run = few(members=2)
    left_out = planes_of(run, "solutions-plane", "trajectory-plane", "curve-plane", "lines")
    assert left_out == {"solutions-plane": "It needs three trained members."}
    assert run.arrays("results/lines").sizes["member"] == 2
    assert not run.has_arrays("results/solutions-plane")


def test_one_member_has_a_random_plane_and_lines(few):
    run = few(members=1, trajectories=0)
    left_out = planes_of(run, "solutions-plane", "trajectory-plane", "curve-plane", "lines")
    assert left_out == {
        "solutions-plane": "It needs three trained members.",
        "trajectory-plane": "It needs a member whose every epoch was kept. Start a new run with --trajectories 1.",
        "curve-plane": "It needs two trained members.",
    }


def test_a_trajectory_of_one_epoch_is_no_plane(few):
    reason = planes_of(few(epochs=1), "trajectory-plane")["trajectory-plane"]
    assert reason.startswith("`vectors` must span a plane with the origin; got ")


def test_a_diverged_member_leaves_its_planes_out_until_others_are_named(tmp_path):
    build = broken_for([1])
    settings = {**LANDSCAPES, "model_options": {}, "members": 4, "epochs": 2, "grid": "uniform", "grid_points": 3}
    settings |= {"plane_members": "0,1,2", "plane_trajectories": "1"}
    run = study("landscapes", **settings, model=build, only="random-plane", output=tmp_path / "run")
    left_out = planes_of(run, "solutions-plane", "trajectory-plane", model=build)
    assert left_out["solutions-plane"].startswith("`plane_members` must be made of trained members (0, 2, 3); got 1. ")
    assert left_out["trajectory-plane"].startswith("`plane_trajectories` must be made of members whose every epoch is")
    again = planes_of(
        run, "solutions-plane", "trajectory-plane", model=build, plane_members="3,2,0", plane_trajectories="0"
    )
    assert again == {}
    assert run.arrays("results/solutions-plane")["reference"].values.tolist() == ["member 3", "member 2", "member 0"]


def test_a_run_of_an_older_version_has_no_curves_and_says_how_to_get_them(mapped, mapped_copied):
    mapped_copied.remove_part(CURVES_PART)
    forget(mapped_copied, "curve-plane")
    listener = Listener()
    study(resume=True, output=mapped_copied.path, only="curve-plane", progress=listener)
    reason = "The run does not hold the curve itself. Fit it again with other settings, such as --curve-epochs 3."
    assert listener.said == [f"the plane of a low-loss curve: left out. {reason}"]
    study(resume=True, output=mapped_copied.path, only="curve-plane", curve_epochs=3)
    assert mapped_copied.manifest["steps"]["curve-plane"]["left_out"] == ""
    ours, before = (run.arrays("results/curve-plane")["curve_loss"] for run in (mapped_copied, mapped))
    np.testing.assert_allclose(ours.sel(curve="linear"), before.sel(curve="linear"))
    assert not np.allclose(ours.sel(curve="bezier"), before.sel(curve="bezier"))


def test_a_curve_that_could_not_be_fitted_has_no_plane(mapped_copied):
    paths = mapped_copied.arrays("results/paths").load()
    paths["loss"].loc[{"curve": "bezier"}] = np.nan
    mapped_copied.write_arrays("results/paths", paths)
    mapped_copied.remove_part(CURVES_PART)
    forget(mapped_copied, "curve-plane")
    left_out = planes_of(mapped_copied, "curve-plane")
    reason = "The curve between the members could not be fitted. Pass a lower --curve-learning-rate."
    assert left_out == {"curve-plane": reason}


def test_curves_fitted_again_make_the_plane_again(mapped_copied):
    made = mapped_copied.manifest["steps"]["curve-plane"]["made"]
    study(resume=True, output=mapped_copied.path, only="curve-plane")
    assert mapped_copied.manifest["steps"]["curve-plane"]["made"] == made
    study(resume=True, output=mapped_copied.path, only="curve-plane", bends=1)
    assert mapped_copied.manifest["steps"]["curve-plane"]["made"] != made


RESNET = {
    **LANDSCAPES,
    "model": "resnet",
    "model_options": {"depth": 8, "width": 0.25},
    "limit": 80,
    "test_limit": 60,
    "epochs": 2,
    "grid": "uniform",
    "grid_points": 3,
    "line_directions": 1,
    "line_points": 3,
    "landscape_examples": 40,
    "batch_norm_examples": 40,
}


@pytest.fixture(scope="module")
def normed(tmp_path_factory):
    """A run of networks with batch norm, with planes and lines."""
    path = tmp_path_factory.mktemp("normed") / "run"
    run = study("landscapes", **RESNET, seed=5, only="lines", output=path)
    planes_of(run, "solutions-plane", "trajectory-plane")
    return run


def test_statistics_of_batch_norm_are_estimated_anew_everywhere(normed):
    slow = Slow(normed)
    lines, found = normed.arrays("results/lines"), normed.arrays("results/solutions-plane")
    assert lines.attrs["batch_norm"] == found.attrs["batch_norm"] == "renewed"
    loss = own_loss(slow, 2, renewed=True)
    assert float(lines["loss"].sel(member=2, alpha=0.0)[0]) == pytest.approx(loss, rel=1e-3)
    assert float(found["point_loss"].sel(point="member 2")) == pytest.approx(loss, rel=1e-3)
    assert loss != pytest.approx(own_loss(slow, 2, renewed=False), rel=1e-3)


def test_kept_statistics_are_those_of_each_member_and_checkpoint(normed):
    planes_of(normed, "solutions-plane", "trajectory-plane", "lines", renew_batch_norm=False)
    slow = Slow(normed)
    lines, found = normed.arrays("results/lines"), normed.arrays("results/solutions-plane")
    assert lines.attrs["batch_norm"] == found.attrs["batch_norm"] == "kept"
    for member in (0, 1, 2):
        loss = own_loss(slow, member, renewed=False)
        assert float(lines["loss"].sel(member=member, alpha=0.0)[0]) == pytest.approx(loss, rel=1e-3)
        assert float(found["point_loss"].sel(point=f"member {member}")) == pytest.approx(loss, rel=1e-3)
    begun = own_loss(slow, 1, renewed=False, step=1)
    path = normed.arrays("results/trajectory-plane")["path_loss"]
    assert float(path.sel(member=1, step=1)) == pytest.approx(begun, rel=1e-3)


def own_loss(slow, member, *, renewed, step=None):
    """Loss of a checkpoint with its own statistics of batch norm, or those of one pass over training examples."""
    slow.network.load_state_dict(slow.tree(member, step))
    if renewed:
        inputs = slow.dataset.prepare(slow.context.sample_of(slow.dataset.train, 40).inputs).double()
        layers = [part for part in slow.network.modules() if isinstance(part, torch.nn.BatchNorm2d)]
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = 1.0
            layer.train()
        with torch.no_grad():
            slow.network(inputs)
        slow.network.eval()
    examples = slow.context.sample_of(slow.dataset.test, 40)
    with torch.no_grad():
        outputs = slow.network(slow.dataset.prepare(examples.inputs).double())
    return float(torch.nn.functional.cross_entropy(outputs, examples.labels))
