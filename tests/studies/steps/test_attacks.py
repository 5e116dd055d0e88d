import shutil
import sys

import numpy as np
import pytest
import torch
from scipy.stats import quantile_test

from modescape.core.errors import ArgumentError
from modescape.evaluate import proportion_interval
from modescape.functions.attacks import LogMean, decided, fast_gradient, projected_gradient
from modescape.store import Run
from modescape.studies.step import LeftOutError
from modescape.studies.steps import attacks as room
from modescape.studies.steps.attacks import attacks, has_pixels, median_interval
from studies.asked import ask
from studies.recomputed import context_of


@pytest.fixture(scope="module")
def context_and_results(finished, tmp_path_factory):
    """The step's results for two of three members; never change them."""
    context = context_of(Run(shutil.copytree(finished.path, tmp_path_factory.mktemp("attacked") / "run")))
    ask(context, attack_examples=24, attack_members=2, attack_size=0.1, attack_steps=4, confidence=0.9)
    attacks.run(context)
    return context, context.run.arrays("results/attacks").load()


@pytest.fixture
def context(context_and_results):
    return context_and_results[0]


@pytest.fixture
def found(context_and_results):
    return context_and_results[1]


@pytest.fixture
def targets(context):
    """Networks from the stored weights, inputs as pixels from 0 to 1, and labels."""
    examples = context.sample_of(context.dataset.test, 24)
    scale = 255.0 if examples.inputs.dtype == torch.uint8 else 1.0
    networks = []
    for member in range(2):
        network = context.task.network(member)
        network.load_state_dict(context.run.read_weights(member, context.solution_step(member)))
        networks.append(network)

    def prepare(batch):
        return context.dataset.prepare(batch * scale)

    made = [LogMean([network], prepare) for network in networks] + [LogMean(networks, prepare)]
    return made, examples.inputs.float() / scale, examples.labels.numpy()


def test_the_results_are_named(found):
    assert found["point"].values.tolist() == found["point_other"].values.tolist() == ["0", "1", "ensemble"]
    assert found["attack"].values.tolist() == ["fgsm", "pgd", "noise"]
    assert found["member"].values.tolist() == [0, 1]
    for name in ("accuracy", "flipped"):
        for end in ("", "_low", "_high"):
            assert found[name + end].dims == ("point", "attack", "strength")
    assert found["fgsm_size"].dims == found["pgd_steps"].dims == ("member", "example")
    assert found["transfer"].dims == ("point", "point_other")
    assert found["gain"].dims == ("attack", "strength")
    assert found.attrs["members_left_out"] == 1
    assert found.attrs["num_examples"] == 24
    assert float(found["strength"][0]) == 0
    assert 0.1 in found["strength"].values.round(12)
    assert float(found["strength"].max()) <= (1.0 if "pixel" in found.attrs["unit"] else 1.6 + 1e-9)


def test_attacks_are_those_of_the_functions(found, targets):
    networks, inputs, labels = targets
    bounds = (0.0, 1.0) if "pixel" in found.attrs["unit"] else None
    sizes = found["strength"].values[1:].tolist()
    for row, target in enumerate(networks):
        fast = fast_gradient(target, inputs, sizes, bounds=bounds)
        many = projected_gradient(target, inputs, size=0.1, num_steps=4, bounds=bounds)
        right = decided(target, inputs) == labels
        sizes_found = found["fgsm_size"][row] if row < 2 else found["ensemble_fgsm_size"]
        steps_found = found["pgd_steps"][row] if row < 2 else found["ensemble_pgd_steps"]
        np.testing.assert_allclose(sizes_found, fast.smallest)
        np.testing.assert_array_equal(steps_found, many.num_steps)
        here = found.isel(point=row)
        np.testing.assert_allclose(here["flipped"].sel(attack="fgsm")[1:], fast.flipped.mean(axis=1), atol=1e-6)
        np.testing.assert_allclose(here["accuracy"].sel(attack="fgsm")[1:], (right & ~fast.flipped).mean(axis=1))
        assert float(here["accuracy"].sel(attack="pgd", strength=0)) == pytest.approx(right.mean())
        at = here.sel(attack="pgd").sel(strength=0.1, method="nearest")
        assert float(at["accuracy"]) == pytest.approx((right & ~many.flipped).mean())
        low, high = proportion_interval(float((right & ~many.flipped).sum()), 24, confidence=0.9)
        assert [float(at["accuracy_low"]), float(at["accuracy_high"])] == pytest.approx([float(low), float(high)])
        others = np.stack([decided(other, many.inputs) != decided(other, inputs) for other in networks])
        np.testing.assert_allclose(found["transfer"][row], others[:, others[row]].mean(axis=1))
        assert int(found["num_carried"][row]) == others[row].sum() > 0


def test_only_sizes_that_were_tried_have_numbers(found):
    tried = found["strength"].values[np.isfinite(found["accuracy"].sel(attack="pgd", point="0"))]
    np.testing.assert_allclose(tried, [0, 0.05, 0.1, 0.2])
    assert np.isfinite(found["accuracy"].sel(attack=["fgsm", "noise"])).all()
    assert np.isnan(found["accuracy_low"].sel(attack="pgd")[:, 1]).all()


def test_what_the_ensemble_gains_is_paired_over_examples(found, targets):
    networks, inputs, labels = targets
    right = np.stack([decided(target, inputs) == labels for target in networks])
    differences = right[2] - right[:2].mean(axis=0)
    gain = found["gain"].sel(attack="fgsm", strength=0)
    assert float(gain) == pytest.approx(differences.mean())
    at = found.sel(attack="fgsm").sel(strength=0.1, method="nearest")
    mean = float(at["accuracy"].sel(point="ensemble") - at["accuracy"].sel(point=["0", "1"]).mean())
    assert float(at["gain"]) == pytest.approx(mean)
    assert float(at["gain_low"]) <= mean <= float(at["gain_high"])


def test_means_over_pairs(found):
    between = found["transfer"].values
    assert float(found["transfer_to_members"]) == pytest.approx((between[0, 1] + between[1, 0]) / 2)
    assert float(found["transfer_to_ensemble"]) == pytest.approx(between[:2, 2].mean())


def test_the_same_seed_gives_the_same_and_pieces_are_kept(context, found, monkeypatch):
    again = attacks.work(context)["results/attacks"]
    assert again.drop_attrs().equals(found.drop_attrs())
    monkeypatch.setattr(room, "fast_gradient", None)
    kept = attacks.work(context)["results/attacks"]
    assert kept.drop_attrs().equals(found.drop_attrs())


def test_one_member_has_no_ensemble(copied):
    context = context_of(copied)
    ask(context, attack_examples=5, attack_members=1, attack_steps=1)
    made = attacks.work(context)["results/attacks"]
    assert made["point"].values.tolist() == ["0"]
    assert not {"gain", "ensemble_fgsm_size", "transfer_to_ensemble"} & set(made)
    assert np.isnan(made["transfer_to_members"])


def test_without_the_toolbox_the_step_is_left_out(copied, monkeypatch):
    monkeypatch.setitem(sys.modules, "art.attacks.evasion", None)
    with pytest.raises(LeftOutError, match=r"adversarial-robustness-toolbox.*modescape\[attacks\]"):
        attacks.work(context_of(copied))


def test_pixels_can_not_change_by_more_than_their_range(copied):
    context = context_of(copied)
    settings = ask(context_of(copied), attack_size=1.5).settings
    if has_pixels(context.dataset.test.inputs):
        with pytest.raises(ArgumentError, match=r"`attack_size` must be at most 1, the range of a pixel; got 1.5"):
            attacks.check(settings, context.task)
    attacks.check(context.settings, context.task)


def test_medians_have_the_interval_of_ranks():
    generator = np.random.default_rng(0)
    for number in (9, 24, 101):
        values = generator.gamma(2.0, size=number)
        median, low, high = median_interval(values, 0.95)
        assert median == pytest.approx(np.median(values))
        found = quantile_test(values, p=0.5).confidence_interval(0.95)
        assert (low, high) == (found.low, found.high)
    assert median_interval(np.array([1.0, 2.0, np.inf, np.inf]), 0.95) == (np.inf, 1.0, np.inf)
    assert median_interval(np.full(4, np.inf), 0.9) == (np.inf, np.inf, np.inf)
