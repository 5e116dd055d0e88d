import numpy as np
import pytest

from modescape.report.figures import foreign, foreign_scores
from report import study_samples as samples


def results(dataset):
    return {"foreign": dataset}


def test_each_score_of_each_predictor_has_a_row_in_percent():
    dataset = samples.foreign()
    auroc, fpr = foreign.compute(results(dataset)).panels
    assert [mark.x for mark in (*auroc.marks, *fpr.marks)] == [50.0, 95.0]
    assert len(auroc.rows) == 8 + 8 + 7
    row = next(row for row in fpr.rows if (row.group, row.name) == ("entropy", "dropout subspace"))
    place = {"method": "dropout", "score": "entropy"}
    expected = [100 * float(dataset[f"fpr95{end}"].sel(place)) for end in ("", "_low", "_high")]
    assert (row.value, row.low, row.high) == pytest.approx(expected)


def test_a_single_network_has_no_mutual_information():
    auroc, _ = foreign.compute(results(samples.foreign())).panels
    assert not [row for row in auroc.rows if (row.group, row.name) == ("mutual information", "one member")]


def test_what_is_told_from_what_is_said():
    shows = foreign.compute(results(samples.foreign())).shows
    assert "tells 2,000 examples of mnist (28x28 grey, resized" in shows
    assert "from 2,000 of the test set" in shows
    dataset = samples.foreign()
    dataset.attrs.clear()
    assert "tells examples of foreign data from the test set" in foreign.compute(results(dataset)).shows


def test_the_best_scores_and_the_divergence_are_told():
    dataset = samples.foreign()
    ensemble, alone, divergence = foreign.compute(results(dataset)).found
    assert ensemble.startswith("Best AUROC of the ensemble of independent solutions: 86.3 [85.1, 87.5] %")
    assert alone.endswith("by the entropy of checkpoints of one run.")
    place = {"method": "independent", "score": "mutual_information"}
    known, unknown = (float(dataset["mean"].sel(place | {"origin": origin})) for origin in ("known", "foreign"))
    assert f"{known:.3f} nats on known examples, {unknown:.3f} on foreign ones" in divergence


def test_without_an_ensemble_only_the_rest_is_told():
    dataset = samples.foreign().sel({"method": ["one member", "random"]})
    [alone] = foreign.compute(results(dataset)).found
    assert alone.startswith("Best AUROC of all that comes from one member")
    nothing = dataset.assign(mean=np.nan * dataset["mean"])
    assert len(foreign.compute(results(nothing)).found) == 1


def test_densities_of_the_ensemble_and_of_one_member_are_drawn():
    dataset = samples.foreign(num_bins=10)
    panels = foreign_scores.compute(results(dataset)).panels
    assert [panel.title for panel in panels] == ["Independent solutions"] * 3 + ["One member"] * 2
    known, unknown = panels[1].lines
    place = {"method": "independent", "score": "entropy"}
    np.testing.assert_allclose(known.x, dataset.bin_centre.sel(score="entropy"))
    np.testing.assert_allclose(known.y, dataset.density.sel(place | {"origin": "known"}))
    np.testing.assert_allclose(unknown.y, dataset.density.sel(place | {"origin": "foreign"}))
    assert (known.dashed, unknown.dashed) == (False, True)
    assert panels[1].x_label == "entropy (nats)"


def test_means_of_densities_are_told():
    dataset = samples.foreign(num_bins=10)
    panel = foreign_scores.compute(results(dataset)).panels[1]
    density = dataset.density.sel({"method": "independent", "score": "entropy", "origin": "known"}).values
    mean = float((density * panel.lines[0].x).sum() / density.sum())
    assert f"mean {mean:.3f} over known examples" in panel.alt


def test_other_predictors_are_drawn_where_these_are_missing():
    dataset = samples.foreign(num_bins=10).sel({"method": ["random", "dropout"]})
    panels = foreign_scores.compute(results(dataset)).panels
    assert {panel.title for panel in panels} == {"Random subspace"}
