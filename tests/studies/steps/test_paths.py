import numpy as np
import pytest

from modescape.core.errors import TrainingError
from modescape.studies import study
from modescape.studies.steps import paths
from modescape.weights import points_by_length
from studies.recomputed import context_of
from studies.samples import Listener, alter, forget

ALONG = ("loss", "accuracy", "agreement_start", "agreement_end")


def test_the_results_are_named(whole):
    found = whole.arrays("results/paths")
    for name in (*ALONG, "loss_low", "loss_high", "accuracy_low", "accuracy_high"):
        assert found[name].dims == ("pair", "curve", "place")
    for name in ("barrier", "accuracy_drop", "barrier_share", "function_share"):
        for end in ("", "_low", "_high"):
            assert found[name + end].dims == ("pair", "curve")
    assert found["pair"].values.tolist() == ["0-1", "2-1"]
    assert found["curve"].values.tolist() == ["linear", "bezier", "polyline"]
    assert found["place"].values.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found.attrs == {"num_examples": 60, "confidence": 0.95, "epochs": 2, "bends": 2}
    assert all(np.isfinite(found[name]).all() for name in ALONG)
    assert np.isnan(found["barrier_share"].sel(curve="linear")).all()


def test_every_path_ends_in_the_members(whole, slow):
    found = whole.arrays("results/paths")
    examples = slow.context.sample_of(slow.dataset.test, 60)
    labels = examples.labels.numpy()
    for pair, members in {"0-1": (0, 1), "2-1": (2, 1)}.items():
        own = [slow.predict(slow.tree(member), examples.inputs) for member in members]
        for place, predicted in zip((0.0, 1.0), own, strict=True):
            ends = found.sel(pair=pair, place=place)
            np.testing.assert_allclose(ends["loss"], -np.log(predicted[range(60), labels]).mean(), rtol=1e-5)
            np.testing.assert_allclose(ends["accuracy"], np.mean(predicted.argmax(axis=1) == labels))
        agreement = np.mean(own[0].argmax(axis=1) == own[1].argmax(axis=1))
        np.testing.assert_allclose(found["agreement_start"].sel(pair=pair, place=1.0), agreement)
        np.testing.assert_allclose(found["agreement_end"].sel(pair=pair, place=0.0), agreement)
        np.testing.assert_allclose(found["agreement_start"].sel(pair=pair, place=0.0), 1.0)


def test_the_line_is_a_straight_one_and_its_barrier_the_highest_point_above_its_ends(whole, slow):
    here = whole.arrays("results/paths").sel(pair="2-1", curve="linear")
    examples = slow.context.sample_of(slow.dataset.test, 60)
    labels = examples.labels.numpy()
    losses = []
    for t in (0.0, 0.25, 0.5, 0.75, 1.0):
        predicted = slow.predict((1 - t) * slow.vector(2) + t * slow.vector(1), examples.inputs)
        losses.append(-np.log(predicted[range(60), labels]).mean())
    np.testing.assert_allclose(here["loss"], losses, rtol=1e-4)
    between = np.linspace(losses[0], losses[-1], 5)
    assert float(here["barrier"]) == pytest.approx(max(losses - between), rel=1e-3)


def test_curves_were_trained_away_from_the_line(whole):
    inner = whole.arrays("results/paths")["loss"].isel(place=slice(1, -1))
    for curve in ("bezier", "polyline"):
        assert (abs(inner.sel(curve=curve) - inner.sel(curve="linear")) > 1e-4).all()


def test_a_curve_that_diverges_is_left_out(whole_copied, monkeypatch):
    fit = paths.fit_curve

    def diverging(*args, shape, **options):
        if shape == "bezier":
            raise TrainingError("the loss is not finite")
        return fit(*args, shape=shape, **options)

    monkeypatch.setattr(paths, "fit_curve", diverging)
    listener = Listener()
    study(resume=True, output=whole_copied.path, only="paths", pairs="0-1", curve_epochs=1, progress=listener)
    found = whole_copied.arrays("results/paths")
    assert np.isnan(found["loss"].sel(curve="bezier")).all()
    assert np.isfinite(found["loss"].sel(curve=["linear", "polyline"])).all()
    assert "bezier from member 0 to 1 is left out: the loss is not finite" in listener.said


def test_curves_in_several_threads_are_the_same(whole, whole_copied):
    whole_copied.remove_part(paths.CURVES_PART)
    whole_copied.record("engine", {"workers": 2, "threads": 1})
    whole_copied.record("steps", {"paths": {"key": ""}})
    study(resume=True, output=whole_copied.path, only="paths")
    assert whole_copied.arrays("results/paths").identical(whole.arrays("results/paths"))


def refused(*_, **__):
    raise AssertionError("a curve was fitted that the run holds")


@pytest.mark.parametrize("shape", ["bezier", "polyline"])
def test_fitted_curves_stay_in_the_run(whole, slow, shape):
    curve = paths.kept_curve(context_of(whole), (2, 1), shape)
    found = whole.arrays("results/paths").sel(pair="2-1", curve=shape)
    assert curve.start.equal(slow.vector(2).float())
    assert curve.end.equal(slow.vector(1).float())
    assert len(curve.points) == {"bezier": 3, "polyline": 4}[shape]
    examples = slow.context.sample_of(slow.dataset.test, 60)
    for place, t in points_by_length(curve, 5):
        predicted = slow.predict(curve.point(t), examples.inputs)
        loss = -np.log(predicted[range(60), examples.labels.numpy()]).mean()
        np.testing.assert_allclose(found["loss"].sel(place=place), loss, rtol=1e-4)


def test_a_step_that_is_done_again_takes_the_curves_that_are_there(whole, whole_copied, monkeypatch):
    monkeypatch.setattr(paths, "fit_curve", refused)
    forget(whole_copied, "paths")
    study(resume=True, output=whole_copied.path, only="paths")
    assert whole_copied.arrays("results/paths").identical(whole.arrays("results/paths"))


@pytest.mark.parametrize("changes", [{"curve_epochs": 1}, {"curve_learning_rate": 0.01}, {"bends": 1}])
def test_curves_fitted_with_other_settings_are_not_used(whole_copied, monkeypatch, changes):
    monkeypatch.setattr(paths, "fit_curve", refused)
    with pytest.raises(AssertionError, match="a curve was fitted"):
        study(resume=True, output=whole_copied.path, only="paths", **changes)


def test_a_damaged_curve_is_fitted_again(whole, whole_copied):
    name = alter(whole_copied, "parts/paths-curves/state/pair-0-1-bezier.safetensors")
    assert paths.kept_curve(context_of(whole_copied), (0, 1), "bezier") is None
    forget(whole_copied, "paths")
    study(resume=True, output=whole_copied.path, only="paths")
    assert whole_copied.arrays("results/paths").identical(whole.arrays("results/paths"))
    assert not [line for line in whole_copied.damage() if name in line]
