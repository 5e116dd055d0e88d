import numpy as np
import pytest
import torch

from modescape.studies.step import LeftOutError
from modescape.studies.steps import alignment as module
from modescape.studies.steps.alignment import ALIGNMENTS, alignment
from modescape.weights.symmetry import UnsupportedGraphError, permuted, random_permutation, symmetry_of
from studies.recomputed import Slow, context_of, cosine

LINE = {"pair": 0}


def changed(context, **options):
    """The same context with other settings."""
    parts = {name: getattr(context.settings, name) for name in ("alignment", "landscape", "compare")}
    update = {}
    for name, part in parts.items():
        own = {key: value for key, value in options.items() if key in type(part).model_fields}
        update[name] = part.model_copy(update=own)
    context.settings = context.settings.model_copy(update=update)
    return context


@pytest.fixture(scope="module")
def found(finished):
    """What the step finds between two members."""
    context = changed(context_of(finished), align_points=5, align_starts=2, num_resamples=100, pairs="0-1,2-1")
    return alignment.work(context)["results/alignment"]


def test_the_results_are_named(found):
    for name in ("loss", "accuracy", "agreement_first", "agreement_second"):
        assert found[name].dims == ("pair", "alignment", "place")
    for name in ("barrier_loss", "barrier_accuracy", "midpoint_disagreement"):
        for end in ("", "_low", "_high"):
            assert found[name + end].dims == ("pair", "alignment")
    for name in ("layer_cosine", "unit_correlation"):
        assert found[name].dims == ("layer", "pair", "alignment")
    assert found["alignment"].values.tolist() == list(ALIGNMENTS)
    assert found["pair"].values.tolist() == ["0-1", "2-1"]
    assert found["place"].values.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found.attrs["scaled"] == "yes"
    assert found.attrs["repair"] == "units rescaled"
    assert found.attrs["num_units"] > 0


def test_members_as_they_are_have_the_numbers_of_their_weights(found, finished):
    slow = Slow(finished)
    for pair, members in {"0-1": (0, 1), "2-1": (2, 1)}.items():
        vectors = [slow.vector(member) for member in members]
        here = found.sel(pair=pair, alignment="none")
        assert float(here["cosine"]) == pytest.approx(cosine(*vectors), abs=1e-6)
        assert float(here["distance"]) == pytest.approx(float((vectors[0] - vectors[1]).norm()), rel=1e-5)
        middle = slow.predict((vectors[0] + vectors[1]) / 2, slow.dataset.test.inputs)
        losses = -np.log(middle[range(len(slow.labels)), slow.labels])
        assert float(here["loss"].sel(place=0.5)) == pytest.approx(losses.mean(), rel=1e-4)
        first, second = (slow.decide(vector) for vector in vectors)
        assert float(found["disagreement"].sel(pair=pair)) == pytest.approx(np.mean(first != second))
        assert float(here["midpoint_disagreement"]) == pytest.approx(np.mean(first != middle.argmax(axis=1)))


def test_all_alignments_have_the_same_ends(found):
    for name in ("loss", "accuracy", "agreement_first", "agreement_second"):
        ends = found[name].sel(place=[0.0, 1.0])
        np.testing.assert_allclose(ends, ends.isel(alignment=[0] * len(ALIGNMENTS)), rtol=1e-4, atol=1e-4)


def test_alignment_brings_weights_and_units_closer(found):
    cosines = found["cosine"]
    for name in ("weights", "activations"):
        assert (cosines.sel(alignment=name) > cosines.sel(alignment="none") + 0.05).all()
        units = found["unit_correlation"]
        assert float(units.sel(alignment=name).mean()) > float(units.sel(alignment="none").mean()) + 0.05
    np.testing.assert_array_equal(cosines.sel(alignment="weights+repair"), cosines.sel(alignment="weights"))


def test_the_last_layer_writes_no_units(found):
    assert np.isnan(found["unit_correlation"].isel(layer=-1)).all()
    assert np.isfinite(found["unit_correlation"].isel(layer=0)).all()
    assert np.isfinite(found["layer_cosine"]).all()


def test_the_barrier_is_the_largest_rise_above_the_straight_line(found):
    loss, place = found["loss"].values, found["place"].values
    straight = (1 - place) * loss[..., :1] + place * loss[..., -1:]
    np.testing.assert_allclose(found["barrier_loss"], (loss - straight)[..., 1:-1].max(axis=-1), atol=1e-9)
    assert (found["barrier_loss_low"] <= found["barrier_loss_high"]).all()


def test_a_permuted_copy_of_a_member_is_the_member_again(copied):
    context = changed(context_of(copied), align_points=3, num_resamples=100)
    symmetry = symmetry_of(context.network, context.dataset.prepare(context.dataset.test.inputs[:4]))
    order = random_permutation(symmetry, generator=torch.Generator().manual_seed(0))
    first = copied.read_weights(0, context.solution_step(0))
    copied.write_weights(1, context.solution_step(1), permuted(first, symmetry, order))
    found = alignment.work(context)["results/alignment"]
    assert float(found["disagreement"][0]) == 0.0
    assert float(found["cosine"].sel(alignment="none")[0]) < 0.9
    for name in ("weights", "activations"):
        here = found.sel(alignment=name).isel(LINE)
        assert float(here["cosine"]) == pytest.approx(1.0, abs=1e-9)
        assert float(here["barrier_loss"]) == pytest.approx(0.0, abs=1e-5)
        assert float(here["midpoint_disagreement"]) == 0.0


def test_an_unsupported_network_leaves_the_step_out(finished, monkeypatch):
    def refuse(*_):
        raise UnsupportedGraphError("`network` must be made of known operations; got gru at recurrent.")

    monkeypatch.setattr(module, "symmetry_of", refuse)
    with pytest.raises(LeftOutError, match="got gru at recurrent"):
        alignment.work(context_of(finished))
