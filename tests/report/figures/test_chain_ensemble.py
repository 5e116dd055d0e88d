import numpy as np

from modescape.report.figures import chain_ensemble
from report import study_samples as samples


def compute(dataset):
    return chain_ensemble.compute({"chain-ensemble": dataset})


def test_the_chain_stands_beside_independent_members():
    dataset = samples.chain_ensemble(6, 4)
    panels = compute(dataset).panels
    assert [panel.title for panel in panels] == ["Accuracy", "NLL", "Brier score", "ECE"]
    members, chain = panels[0].lines
    np.testing.assert_allclose(chain.y, 100 * dataset.value.sel(metric="accuracy"))
    np.testing.assert_allclose(chain.low, 100 * dataset.low.sel(metric="accuracy"))
    np.testing.assert_allclose(members.y, 100 * dataset.independent_value.sel(metric="accuracy"))
    assert members.low is None


def test_both_are_told_at_the_largest_size_that_both_have():
    dataset = samples.chain_ensemble(6, 4)
    chain, members = (float(dataset[name].sel(metric="nll", size=4)) for name in ("value", "independent_value"))
    assert (
        compute(dataset).found[1] == f"NLL at size 4: {chain:.3f} nats for the chain, {members:.3f} nats for members."
    )


def test_a_chain_alone_is_drawn_alone():
    drawing = compute(samples.chain_ensemble(3).drop_vars("independent_value"))
    assert [len(panel.lines) for panel in drawing.panels] == [1, 1, 1, 1]
    assert drawing.found == ()
    none = samples.chain_ensemble(3, 0)
    assert compute(none).found == ()
    assert len(compute(none).panels[0].lines) == 1


def test_a_metric_without_numbers_says_so():
    dataset = samples.chain_ensemble(3, 0)
    dataset["value"] = dataset.value.where(dataset.metric != "ece")
    assert compute(dataset).panels[3].alt.endswith("no numbers.")
