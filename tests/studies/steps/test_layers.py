import numpy as np
import pytest
from safetensors.numpy import load_file

from modescape.studies.steps.layers import layers
from studies.recomputed import context_of


@pytest.fixture
def found(copied):
    """The step's results for a run of three members, of which two have kept their starts."""
    layers.run(context_of(copied))
    return copied.arrays("results/layers")


def weights(run, member, step):
    """The parameters of each layer in one vector, read by another library."""
    tensors = load_file(run.path / f"weights/member-{member:03d}/step-{step:04d}.safetensors")
    grouped = {}
    for name in tensors:
        grouped.setdefault(name.rpartition(".")[0], []).append(tensors[name].astype(np.float64).ravel())
    return {name: np.concatenate(parts) for name, parts in grouped.items()}


def test_the_results_are_named(copied, found):
    for name in ("cosine", "distance", "expected_distance"):
        assert found[name].dims == ("layer", "member", "member_other")
    for name in ("norm", "moved", "cosine_with_start"):
        assert found[name].dims == ("layer", "member")
    assert found["num_params"].dims == ("layer",)
    assert found["member"].values.tolist() == found["member_other"].values.tolist() == [0, 1, 2]
    sizes = {name: vector.size for name, vector in weights(copied, 0, 2).items()}
    assert set(found["layer"].values.tolist()) == set(sizes)
    assert len(sizes) == 2
    for name, size in sizes.items():
        assert int(found["num_params"].sel(layer=name)) == size


def test_solutions_are_compared_as_an_obvious_reference_does(copied, found):
    solutions = [weights(copied, member, 2) for member in range(3)]
    for layer in solutions[0]:
        here = found.sel(layer=layer)
        for one in range(3):
            a = solutions[one][layer]
            assert float(here["norm"][one]) == pytest.approx(np.linalg.norm(a))
            for other in range(3):
                b = solutions[other][layer]
                cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
                assert float(here["cosine"][one, other]) == pytest.approx(cosine, abs=1e-12)
                assert float(here["distance"][one, other]) == pytest.approx(np.linalg.norm(a - b))
                expected = np.sqrt(a @ a + b @ b)
                assert float(here["expected_distance"][one, other]) == pytest.approx(expected)
    assert 0 < abs(float(found["cosine"][0, 0, 1])) < 0.9


def test_moves_are_from_the_kept_start_in_its_own_norms(copied, found):
    for member in (0, 1):
        start, end = weights(copied, member, 0), weights(copied, member, 2)
        for layer in start:
            a, b = start[layer], end[layer]
            here = found.sel(layer=layer, member=member)
            assert float(here["moved"]) == pytest.approx(np.linalg.norm(b - a) / np.linalg.norm(a))
            cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            assert float(here["cosine_with_start"]) == pytest.approx(cosine, abs=1e-12)
            assert 0.01 < float(here["moved"]) < 1


def test_a_member_without_its_start_has_no_move(found):
    for name in ("moved", "cosine_with_start"):
        assert np.isnan(found[name].sel(member=2)).all()
        assert np.isfinite(found[name].sel(member=[0, 1])).all()
