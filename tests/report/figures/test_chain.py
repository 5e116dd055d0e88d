import numpy as np

from modescape.report.figures import chain as figure
from report.geometry_samples import chain


def compute(dataset):
    return figure.compute({"chain": dataset})


def test_both_matrices_hold_all_pairs_and_divide_chain_from_members():
    dataset = chain(num_cycles=2, num_each=2, num_members=3)
    disagreement, cosine = compute(dataset).panels
    assert disagreement.rows == disagreement.columns
    assert disagreement.rows[:5] == (
        "cycle 1, epoch 9",
        "cycle 1, epoch 10",
        "cycle 2, epoch 9",
        "cycle 2, epoch 10",
        "member 0",
    )
    assert disagreement.breaks == cosine.breaks == (4,)
    off = ~np.eye(7, dtype=bool)
    np.testing.assert_allclose(disagreement.values[off], 100 * dataset.disagreement.values[off])
    np.testing.assert_allclose(cosine.values[off], dataset.cosine.values[off])
    assert np.isnan(np.diag(cosine.values)).all()


def test_a_cell_shows_both_measures_and_both_accuracies():
    labels = [detail.label for detail in compute(chain()).panels[0].details]
    assert labels == ["disagreement", "weight cosine", "accuracy of {row}", "accuracy of {column}"]


def test_means_of_each_kind_of_pair_are_told():
    dataset = chain(num_cycles=2, num_each=2, num_members=2)
    values = np.full((6, 6), 0.2)
    values[:2, :2] = values[2:4, 2:4] = 0.05
    values[4:, :4], values[:4, 4:], values[4:, 4:] = 0.3, 0.3, 0.25
    np.fill_diagonal(values, 0.0)
    dataset["disagreement"].values[:] = values
    [sentence] = compute(dataset).found
    assert sentence == (
        "Mean disagreement: 5.0 % between samples of one cycle, 20.0 % between samples of different cycles, "
        "30.0 % between a sample and an independent solution, 25.0 % between independent solutions."
    )


def test_kinds_of_pair_that_there_are_none_of_are_left_out():
    [sentence] = compute(chain(num_cycles=3, num_each=1, num_members=1)).found
    assert "samples of one cycle" not in sentence
    assert "between independent solutions" not in sentence


def test_what_was_not_measured_is_left_out():
    dataset = chain().drop_vars(["cosine", "accuracy", "kind", "cycle"])
    drawing = compute(dataset)
    assert [panel.title for panel in drawing.panels] == ["Disagreement"]
    assert [detail.label for detail in drawing.panels[0].details] == ["disagreement"]
    assert drawing.panels[0].breaks == ()
    assert drawing.found == ()
