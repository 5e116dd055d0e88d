import numpy as np
import pytest
import torch

from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.studies import study
from modescape.studies.steps.subspaces import METHODS
from modescape.weights import DiagonalGaussian, DropoutSubspace
from studies.recomputed import context_of
from studies.samples import TINY, Listener

SUBSPACES = ("random", "dropout", "diagonal-gaussian", "low-rank-gaussian", "low-rank-random")


def generator(member, name, sample):
    return torch_generator(derived_seed(5, Stream.SUBSPACE, member, SUBSPACES.index(name), sample))


def test_the_results_are_named(whole):
    found = whole.arrays("results/subspaces")
    assert ("weight-average", *SUBSPACES) == METHODS
    for name in ("accuracy", "disagreement", "distance"):
        assert found[name].dims == ("method", "member", "sample")
        assert found[name].shape == (6, 3, 4)
    assert found["tries"].dims == ("member", "sample")
    assert found["method"].values.tolist() == list(METHODS)
    assert found["member"].values.tolist() == [0, 1, 2]
    assert found.attrs == {
        "num_examples": 150,
        "confidence": 0.95,
        "rank": 2,
        "variance": "fitted",
        "num_checkpoints": 3,
    }
    for split, number in (("test", 150), ("validation", 134)):
        predicted = whole.arrays(f"predictions/methods-{split}")
        assert predicted["probability"].dims == ("method", "member", "example", "class")
        assert predicted["probability"].shape == (6, 3, number, 10)
        assert predicted["label"].dims == ("example",)


def test_the_weight_average_is_that_of_the_late_checkpoints(whole, slow):
    mean = torch.stack([slow.vector(1, step) for step in (2, 3, 4)]).mean(dim=0)
    for split in ("test", "validation"):
        examples = getattr(slow.dataset, split)
        stored = whole.arrays(f"predictions/methods-{split}")["probability"].sel(
            {"method": "weight-average", "member": 1}
        )
        np.testing.assert_allclose(stored, slow.predict(mean, examples.inputs), atol=1e-5)
    found = whole.arrays("results/subspaces").sel({"method": "weight-average", "member": 1})
    assert float(found["accuracy"][0]) == pytest.approx(slow.accuracy(mean))
    assert float(found["disagreement"][0]) == pytest.approx(np.mean(slow.decide(mean) != slow.decide(slow.tree(1))))
    assert float(found["distance"][0]) == pytest.approx(float((mean - slow.vector(1)).norm()), rel=1e-5)
    assert np.isnan(found["accuracy"][1:]).all()


def test_a_sample_is_the_one_that_its_seed_gives(whole, slow):
    solution = slow.vector(2).float()
    sample = DropoutSubspace(solution, largest_rate=0.1).draw(generator=generator(2, "dropout", 3))
    found = whole.arrays("results/subspaces").sel({"method": "dropout", "member": 2, "sample": 3})
    assert float(found["accuracy"]) == pytest.approx(slow.accuracy(sample))
    assert float(found["disagreement"]) == pytest.approx(np.mean(slow.decide(sample) != slow.decide(solution)))
    assert float(found["distance"]) == pytest.approx(float((sample - solution).double().norm()), rel=1e-6)
    assert float(found["distance"]) > 0


def test_what_a_method_predicts_is_the_mean_over_its_samples(whole, slow):
    fitted = DiagonalGaussian.fitted([slow.vector(0, step).float() for step in (2, 3, 4)])
    samples = [fitted.draw(generator=generator(0, "diagonal-gaussian", number)) for number in range(4)]
    mean = np.mean([slow.predict(sample, slow.dataset.test.inputs) for sample in samples], axis=0)
    stored = whole.arrays("predictions/methods-test")["probability"].sel({"method": "diagonal-gaussian", "member": 0})
    np.testing.assert_allclose(stored, mean, atol=1e-5)


def test_accepted_random_samples_keep_their_share_of_the_validation_accuracy(whole, slow):
    inputs, labels = slow.dataset.validation.inputs, slow.dataset.validation.labels.numpy()
    tries = whole.arrays("results/subspaces")["tries"]
    distance = whole.arrays("results/subspaces")["distance"].sel({"method": "random"})
    threshold = 0.95 * np.mean(slow.decide(slow.tree(0), inputs) == labels)
    for sample in range(4):
        source = generator(0, "random", sample)
        for number in range(1, 6):
            length = 6.0 * 0.5 ** (number - 1) * torch.rand((), dtype=torch.float64, generator=source).item()
            direction = torch.randn(1210, generator=source, dtype=torch.float32)
            vector = slow.vector(0) + length * direction.double() / direction.double().norm()
            if np.mean(slow.decide(vector, inputs) == labels) >= threshold:
                break
        else:
            number = 0
        assert int(tries.sel(member=0, sample=sample)) == number
        if number:
            assert float(distance.sel(member=0, sample=sample)) == pytest.approx(length, rel=1e-4)
        else:
            assert np.isnan(float(distance.sel(member=0, sample=sample)))


def test_one_late_checkpoint_makes_no_gaussian_and_a_notice(tmp_path):
    listener = Listener()
    settings = {**TINY, "members": 1, "epochs": 1, "trajectories": 0, "samples": 3, "late_fraction": 0.0}
    run = study("fort2019", **settings, only="subspaces", output=tmp_path / "run", progress=listener)
    found = run.arrays("results/subspaces")
    missing = ["weight-average", "diagonal-gaussian", "low-rank-gaussian"]
    assert np.isnan(found["accuracy"].sel({"method": missing})).all()
    assert np.isfinite(found["accuracy"].sel({"method": "dropout"})).all()
    assert found.attrs["rank"] == 0
    expected = "low-rank Gaussians have rank 0, not 5: 1 late checkpoints allow no more; train with a higher --late-fra"
    assert any(expected in line for line in listener.said)


def test_random_samples_that_lose_too_much_are_left_out_with_a_notice(whole_copied):
    listener = Listener()
    changes = {"random_norm": 1e6, "samples": 3}
    study(resume=True, output=whole_copied.path, only="subspaces", progress=listener, **changes)
    found = whole_copied.arrays("results/subspaces")
    assert (found["tries"] == 0).all()
    assert np.isnan(found["accuracy"].sel({"method": ["random", "low-rank-random"]})).all()
    assert np.isnan(whole_copied.arrays("predictions/methods-test")["probability"].sel({"method": "random"})).all()
    assert "9 of 9 random samples lost too much accuracy and are left out" in listener.said
    assert context_of(whole_copied).settings.subspaces.samples == 3
    # The steps after it do without them.
    study(resume=True, output=whole_copied.path)
    assert whole_copied.status == "finished"
    assert "low-rank-random" not in whole_copied.arrays("results/plane")["method"].values
    assert "random" not in whole_copied.arrays("results/shift")["method"].values
