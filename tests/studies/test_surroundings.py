import numpy as np
import pytest
import torch
from torch import nn

from modescape.models import recipe
from modescape.studies import study
from modescape.studies.surroundings import SUBSPACES, Surroundings, tries_of
from studies.recomputed import Slow, context_of
from studies.samples import WHOLE


def normed(num_classes):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, num_classes)
    )


@pytest.fixture(scope="module")
def normed_run(tmp_path_factory):
    settings = {**WHOLE, "members": 2, "epochs": 2, "trajectories": 0, "samples": 2, "model_options": {}}
    path = tmp_path_factory.mktemp("normed") / "run"
    settings = {**settings, "batch_norm_examples": 70, "radii": 3, "angles": 5, "pairs": "0-1"}
    return study("fort2019", **settings, model=normed, seed=5, only="radial", output=path)


def test_samples_are_the_same_every_time_and_whatever_was_drawn_before(slow):
    first, second = (Surroundings(slow.context, 1) for _ in range(2))
    drawn = {name: list(first.samples(name, 4)) for name in SUBSPACES}
    for name in reversed(SUBSPACES):
        for sample, vector in enumerate(second.samples(name, 4)):
            expected = drawn[name][sample]
            assert (vector is None) == (expected is None)
            assert vector is None or torch.equal(vector, expected)
    # Fewer of them are the first of them.
    assert torch.equal(next(iter(second.samples("dropout", 1))), drawn["dropout"][0])
    vectors = [vector for vectors in drawn.values() for vector in vectors if vector is not None]
    assert len({tuple(vector[:50].tolist()) for vector in vectors}) == len(vectors)


def test_members_and_seeds_have_samples_of_their_own(slow):
    steps = [
        next(Surroundings(slow.context, member).samples("random", 1)) - slow.vector(member).float() for member in (0, 1)
    ]
    assert abs(float(torch.cosine_similarity(*steps, dim=0))) < 0.2


def test_known_tries_replace_measuring(slow, monkeypatch):
    measured = Surroundings(slow.context, 0)
    expected = list(measured.samples("random", 4))
    assert measured.tries == tries_of(slow.context, 0)
    monkeypatch.setattr(Surroundings, "_validation_accuracy", lambda *_: pytest.fail("it was measured"))
    replayed = Surroundings(slow.context, 0, tries=tries_of(slow.context, 0))
    for vector, known in zip(replayed.samples("random", 4), expected, strict=True):
        assert torch.equal(vector, known)
    assert replayed.tries == measured.tries
    never = Surroundings(slow.context, 0, tries=[0, 5, 1, 2])
    vectors = list(never.samples("random", 4))
    assert [vector is None for vector in vectors] == [True, False, False, False]
    assert never.tries == [0, 5, 1, 2]
    # The fifth try steps at most a sixteenth as far as the first.
    assert float((vectors[1] - never.solution).norm()) <= 6.0 / 16


def test_samples_at_a_strength_are_not_those_that_are_drawn(slow):
    surroundings = Surroundings(slow.context, 0)
    centre = surroundings.solution
    found = [surroundings.at("random", 0.5, sample) - centre for sample in (-2, -1, 0, 1, 2)]
    found += [vector - centre for vector in surroundings.samples("random", 3) if vector is not None]
    for one in range(len(found)):
        for other in range(one):
            assert abs(float(torch.cosine_similarity(found[one], found[other], dim=0))) < 0.2
    assert float(found[0].norm()) == pytest.approx(3.0, rel=1e-4)
    assert torch.equal(surroundings.at("random", 0.5, -2), Surroundings(slow.context, 0).at("random", 0.5, -2))


def test_vectors_become_weights_in_the_order_of_the_network(slow):
    surroundings = Surroundings(slow.context, 2)
    (tree,) = surroundings.trees([surroundings.solution])
    for name, tensor in slow.tree(2).items():
        assert torch.equal(tree[name], tensor)


def test_statistics_of_batch_norm_are_estimated_anew(normed_run):
    slow = Slow(normed_run, recipe=recipe(normed))
    surroundings = Surroundings(slow.context, 0)
    vector = surroundings.at("random", 0.3, 0)
    (tree,) = surroundings.trees([vector])
    images = slow.context.sample_of(slow.dataset.train, 70).inputs
    hidden = slow.dataset.prepare(images).flatten(1).double() @ vector[:512].view(8, 64).double().T
    torch.testing.assert_close(tree["2.running_mean"].double(), hidden.mean(dim=0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(tree["2.running_var"].double(), hidden.var(dim=0), rtol=1e-4, atol=1e-5)
    kept = context_of(normed_run, recipe=recipe(normed))
    kept.settings = kept.settings.model_copy(
        update={"landscape": kept.settings.landscape.model_copy(update={"renew_batch_norm": False})}
    )
    (tree,) = Surroundings(kept, 0).trees([vector])
    assert torch.equal(tree["2.running_mean"], slow.tree(0)["2.running_mean"])


def test_cuts_through_networks_with_batch_norm_say_so(normed_run):
    found = normed_run.arrays("results/radial")
    assert found.attrs["batch_norm"] == "renewed"
    slow = Slow(normed_run, recipe=recipe(normed))
    here = found.isel(pair=0)
    vector = here["largest_radius"].item() / 3 * slow.vector(0) / slow.vector(0).norm()
    images = slow.context.sample_of(slow.dataset.train, 70).inputs
    hidden = slow.dataset.prepare(images).flatten(1).double() @ vector[:512].view(8, 64).T
    slow.predict(vector, images)
    slow.network[2].running_mean, slow.network[2].running_var = hidden.mean(dim=0), hidden.var(dim=0)
    examples = slow.context.sample_of(slow.dataset.test, 60)
    with torch.no_grad():
        chosen = slow.network(slow.dataset.prepare(examples.inputs).double()).argmax(dim=1)
    point = here.isel(radius=0).sel(angle=0.0)
    assert float(point["accuracy"]) == pytest.approx(np.mean(chosen.numpy() == examples.labels.numpy()))
