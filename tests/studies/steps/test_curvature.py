import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from landscapes.curved import full_ggn, full_hessian
from modescape.landscapes import gradient_norm, operators, sharpness, spectral_density, trace, width
from modescape.store import Run
from modescape.studies.settings import StudySettings
from modescape.studies.steps.curvature import curvature, steps_of
from studies.recomputed import Slow, context_of
from studies.samples import Listener, Writes

CHOSEN = {
    "curvature_examples": 60,
    "curvature_steps": 2,
    "eigenvalues": 3,
    "trace_samples": 3,
    "density_samples": 2,
    "density_rank": 4,
    "sharpness_radius": 0.2,
    "width_rise": 0.3,
    "width_directions": 2,
}
MATRICES = ["hessian", "ggn"]


def context_with(run, **changes):
    """The context of a run in which curvature is measured with few vectors, and as a test asks."""
    context = context_of(run)
    values = context.settings.model_dump()
    values["curvature"].update({**CHOSEN, **changes})
    values["compare"]["confidence"] = 0.8
    return replace(context, settings=StudySettings(**values))


@pytest.fixture(scope="module")
def measured(finished, tmp_path_factory):
    """A run of three members, two of them with trajectories, after the step."""
    run = Run(shutil.copytree(finished.path, tmp_path_factory.mktemp("measured") / "run"))
    curvature.run(context_with(run))
    return run


@pytest.fixture(scope="module")
def found(measured):
    return measured.arrays("results/curvature")


@pytest.fixture(scope="module")
def slow(measured):
    return Slow(measured)


def seen_by(slow):
    """What the step looks at: a network in float64 made of stored weights, and its examples."""
    examples = slow.context.sample_of(slow.dataset.train, CHOSEN["curvature_examples"])

    def network(member, step):
        slow.network.load_state_dict(slow.tree(member, step))
        return slow.network

    return network, slow.dataset.prepare(examples.inputs).double(), examples.labels


def test_the_results_are_named(found):
    for name in ("loss", "accuracy", "sharpness", "gradient_norm", "width", "width_low", "width_high", "width_open"):
        assert found[name].dims == ("member", "step")
    for name in ("trace", "trace_error", "smallest"):
        assert found[name].dims == ("matrix", "member", "step")
    assert found["top"].dims == ("matrix", "member", "step", "eigenvalue")
    assert found["density"].dims == found["density_at"].dims == ("matrix", "member", "bin")
    assert found["member"].values.tolist() == [0, 1, 2]
    assert found["step"].values.tolist() == [0, 2]
    assert found["matrix"].values.tolist() == MATRICES
    assert found["eigenvalue"].values.tolist() == [0, 1, 2]
    assert found.attrs == {"num_examples": 60, "radius": 0.2, "rise": 0.3, "confidence": 0.8}


def test_a_member_without_a_trajectory_has_its_solution_only(found):
    start, end = found.sel(member=2, step=0), found.sel(member=2, step=2)
    for name in ("loss", "sharpness", "width", "trace", "top"):
        assert np.isnan(start[name]).all()
        assert np.isfinite(end[name]).all()
        assert np.isfinite(found[name].sel(member=[0, 1])).all()


def test_spectra_are_those_of_solutions(found):
    assert np.isfinite(found["density"]).all()
    widths = found["density_at"].diff("bin").isel(bin=0)
    np.testing.assert_allclose(found["density"].sum("bin") * widths, 1.0, atol=1e-4)
    assert np.isnan(found["smallest"].sel(step=0)).all()
    assert np.isfinite(found["smallest"].sel(step=2)).all()


@pytest.mark.parametrize(("member", "step"), [(1, 0), (2, 2)])
def test_numbers_are_those_of_the_stored_weights(found, slow, member, step):
    network, inputs, labels = seen_by(slow)
    seen, here = (network(member, step), nn.CrossEntropyLoss(), [(inputs, labels)]), found.sel(member=member, step=step)
    outputs = seen[0](inputs)
    assert float(here["loss"]) == pytest.approx(nn.functional.cross_entropy(outputs, labels).item(), rel=1e-5)
    assert float(here["accuracy"]) == pytest.approx((outputs.argmax(dim=1) == labels).double().mean().item())
    assert float(here["sharpness"]) == pytest.approx(sharpness(*seen, radius=0.2), rel=1e-3)
    assert float(here["gradient_norm"]) == pytest.approx(gradient_norm(*seen), rel=1e-4)
    wide = width(*seen, rise=0.3, num_directions=2, confidence=0.8, seed=5)
    names = ("width", "width_low", "width_high", "width_open")
    expected = (wide.value, wide.low, wide.high, wide.open_share)
    assert [float(here[name]) for name in names] == pytest.approx(expected, rel=0.05, abs=0.02)


def test_curvature_is_that_of_the_stored_weights(found, slow):
    network, inputs, labels = seen_by(slow)
    seen, here = (network(1, 2), nn.CrossEntropyLoss(), [(inputs, labels)]), found.sel(member=1, step=2)
    full = {
        "hessian": full_hessian(seen[0], nn.CrossEntropyLoss(), inputs, labels),
        "ggn": full_ggn(seen[0], inputs, labels),
    }
    for matrix in MATRICES:
        own, true = here.sel(matrix=matrix), torch.linalg.eigvalsh(full[matrix]).numpy()[::-1]
        np.testing.assert_allclose(own["top"], true[:3], atol=0.01 * true[0])
        assert true[-1] - 0.02 * true[0] <= float(own["smallest"]) <= 0.5 * true[0]
        sampled = trace(*seen, matrix=matrix, num_samples=3, seed=5)
        assert float(own["trace"]) == pytest.approx(sampled.value, rel=1e-3)
        assert float(own["trace_error"]) == pytest.approx(sampled.error, rel=1e-2)
        spread = spectral_density(*seen, matrix=matrix, num_samples=2, rank=4, seed=5)
        np.testing.assert_allclose(own["density_at"], spread.at, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(own["density"], spread.density, atol=0.01 * spread.density.max())


def test_checkpoints_are_spread_from_the_first_to_the_solution(measured):
    assert steps_of(context_with(measured, curvature_steps=3), 0) == [0, 1, 2]
    assert steps_of(context_with(measured, curvature_steps=9), 0) == [0, 1, 2]
    assert steps_of(context_with(measured, curvature_steps=1), 0) == [2]
    assert steps_of(context_with(measured, curvature_steps=9), 2) == [2]


def test_a_killed_step_goes_on_where_it_was(measured, copied, found, monkeypatch):
    with monkeypatch.context() as patch:
        writes = Writes(patch, limit=8)
        with pytest.raises(KeyboardInterrupt):
            curvature.run(context_with(copied))
    with monkeypatch.context() as patch:
        again = Writes(patch)
        curvature.run(context_with(copied))
    assert len(writes.done) == 8
    assert not set(writes.done) & set(again.done)
    assert len(writes.done) + len(again.done) == 5 * 3 + 3 * 2
    xr.testing.assert_identical(copied.arrays("results/curvature"), found)
    assert not list(measured.path.glob("parts/curvature/state/*"))


def test_without_the_package_the_step_is_left_out(copied, monkeypatch):
    operators.curvlinops.cache_clear()
    monkeypatch.setitem(sys.modules, "curvlinops", None)
    listener = Listener()
    curvature.run(replace(context_with(copied), progress=listener))
    assert "results/curvature" not in [path.stem for path in copied.path.glob("results/*")]
    (line,) = [line for line in listener.said if "left out" in line]
    assert line.startswith("curvature and width of minima: left out. Curvature needs the package")
    assert line.endswith('Run: pip install "modescape[curvature]".')
