import numpy as np
import pytest

from modescape.core.errors import TrainingError
from modescape.studies import study
from modescape.studies.steps import paths
from studies.samples import Listener

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
    whole_copied.record("engine", {"workers": 2, "threads": 1})
    whole_copied.record("steps", {"paths": {"key": ""}})
    study(resume=True, output=whole_copied.path, only="paths")
    assert whole_copied.arrays("results/paths").identical(whole.arrays("results/paths"))
