import numpy as np
import pytest
import torch

from modescape.core.errors import ArgumentError, MissingDependencyError
from modescape.landscapes import width
from modescape.store import Run
from modescape.studies import study
from modescape.studies.cells import cells_of
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.settings import StudySettings
from modescape.studies.steps.shapes import stage_epochs
from studies.recomputed import Slow, context_of
from studies.samples import Listener, Writes

VARIED = {
    "data": "digits",
    "model": "mlp",
    "vary": {"hidden": [[4], [6]], "batch_size": [16, 32]},
    "limit": 80,
    "test_limit": 100,
    "members": 3,
    "epochs": 4,
    "learning_rate": 0.02,
    "engine": "loop",
    "device": "cpu",
    "num_resamples": 100,
    "early": 0.3,
    "curvature_examples": 60,
    "trace_samples": 3,
    "width_directions": 2,
    "sharpness_radius": 0.2,
    "confidence": 0.8,
    "seed": 3,
}
LABELS = [f"hidden={hidden}, batch_size={size}" for hidden in ("[4]", "[6]") for size in (16, 32)]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A run that compares four cells, and what was kept on the way."""
    with pytest.MonkeyPatch.context() as patch:
        writes = Writes(patch)
        return study("shapes", **VARIED, output=tmp_path_factory.mktemp("shapes") / "run"), writes.done


@pytest.fixture(scope="module")
def run(compared):
    return compared[0]


@pytest.fixture(scope="module")
def found(run):
    return run.arrays("results/shapes").load()


@pytest.fixture(scope="module")
def other(run):
    """Obvious recomputations in the last cell, and the part of the run where its members are kept."""
    context = context_of(run)
    name = cells_of(context.settings, context.task)[3].part
    slow = Slow(run)
    slow.network = slow.context.task.recipe.builder((1, 8, 8), 10, hidden=[6]).double().eval()
    return slow, name


def test_the_results_are_named(found):
    assert found["cell"].values.tolist() == LABELS
    assert found["stage"].values.tolist() == ["early", "middle", "late"]
    assert found["stage_epoch"].values.tolist() == [1, 2, 4]
    assert found["factor"].values.tolist() == ["hidden", "batch_size"]
    assert found["level"].values.tolist() == [["[4]", "16"], ["[4]", "32"], ["[6]", "16"], ["[6]", "32"]]
    assert found["contrast"].values.tolist() == ["hidden: [4] to [6]", "batch_size: 16 to 32"]
    assert found["scope"].values.tolist() == ["within cells", "across cells"]
    assert found["value"].dims == ("measure", "cell", "member", "stage")
    for name in ("mean", "low", "high"):
        assert found[name].dims == ("measure", "cell", "stage")
    for name in ("effect", "effect_low", "effect_high", "num_pairs"):
        assert found[name].dims == ("measure", "contrast", "stage")
    for name in ("correlation", "correlation_low", "correlation_high", "concordance", "num_runs"):
        assert found[name].dims == ("scope", "measure", "stage")
    for name in ("mean_distance_ratio", "disagreement"):
        assert found[name].dims == found[f"{name}_low"].dims == found[f"{name}_high"].dims == ("cell",)
        assert np.isfinite(found[name]).all()
    assert np.isfinite(found["value"]).all()
    assert (found["low"] <= found["mean"]).all()
    assert found.attrs == {
        "num_examples": 60,
        "epochs": 4,
        "radius": 0.2,
        "rise": 0.1,
        "confidence": 0.8,
        "own_cell": LABELS[0],
        "left_out": "",
    }


def test_the_own_members_make_a_cell_and_the_others_keep_only_what_is_looked_at(run):
    assert run.settings["model"]["options"] == {"hidden": [4]}
    assert run.settings["train"]["batch_size"] == 16
    assert [run.steps(member) for member in run.members] == [[0, 1, 2, 3, 4]] * 3
    parts = list(run.manifest["parts"])
    assert len(parts) == 3
    assert all(run.steps(member, part) == [0, 1, 2, 4] for part in parts for member in range(3))
    assert {run.manifest["parts"][part]["engine"]["engine"] for part in parts} == {"loop"}
    assert not list(run.path.glob("parts/*/state/*"))


def test_measures_of_the_own_cell_are_of_the_runs_members(run, found):
    slow, values = Slow(run), found["value"].sel(cell=LABELS[0])
    for member in range(3):
        for stage, step in (("early", 1), ("middle", 2), ("late", 4)):
            expected = slow.accuracy(slow.tree(member, step))
            assert float(values.sel(measure="test_accuracy", member=member, stage=stage)) == pytest.approx(expected)
    moved = slow.vector(1, 2) - slow.vector(1, 0)
    expected = float(moved.norm() / slow.vector(1, 0).norm())
    assert float(values.sel(measure="distance_from_start", member=1, stage="middle")) == pytest.approx(expected, 1e-5)


def test_measures_of_another_cell_are_of_its_members(found, other):
    slow, part = other
    values = found["value"].sel(cell=LABELS[3], member=2, stage="late")
    network, dataset = slow.network, slow.dataset
    network.load_state_dict(slow.tree(2, part=part))
    examples = slow.context.sample_of(dataset.train, 60)
    inputs = dataset.prepare(examples.inputs).double()
    parameters = list(network.parameters())
    loss = torch.nn.functional.cross_entropy(network(inputs), examples.labels)
    gradient = torch.cat([part.ravel() for part in torch.autograd.grad(loss, parameters, create_graph=True)])
    hessian = torch.stack(
        [torch.cat([g.ravel() for g in torch.autograd.grad(one, parameters, retain_graph=True)]) for one in gradient]
    )
    assert float(values.sel(measure="train_loss")) == pytest.approx(loss.item(), rel=1e-4)
    assert float(values.sel(measure="gradient_norm")) == pytest.approx(gradient.norm().item(), rel=1e-3)
    top = torch.linalg.eigvalsh(hessian)[-1].item()
    assert float(values.sel(measure="top_eigenvalue")) == pytest.approx(top, rel=0.02)
    predicted = slow.predict(slow.tree(2, part=part), dataset.validation.inputs).argmax(axis=1)
    expected = np.mean(predicted == dataset.validation.labels.numpy())
    assert float(values.sel(measure="validation_accuracy")) == pytest.approx(expected)
    step = gradient * 0.2 / gradient.norm()
    vector = torch.nn.utils.parameters_to_vector(parameters) + step
    torch.nn.utils.vector_to_parameters(vector.detach(), parameters)
    risen = torch.nn.functional.cross_entropy(network(inputs), examples.labels) - loss
    assert float(values.sel(measure="sharpness")) == pytest.approx(risen.item(), rel=1e-3)


def test_distances_and_disagreements_are_between_solutions(found, other):
    slow, part = other
    vectors = [slow.vector(member, part=part) for member in range(3)]
    decided = [slow.decide(slow.tree(member, part=part)) for member in range(3)]
    pairs = [(0, 1), (0, 2), (1, 2)]
    ratios = [
        (vectors[i] - vectors[j]).norm() / torch.sqrt(vectors[i] @ vectors[i] + vectors[j] @ vectors[j])
        for i, j in pairs
    ]
    cell = found.sel(cell=LABELS[3])
    assert float(cell["mean_distance_ratio"]) == pytest.approx(float(sum(ratios)) / 3, rel=1e-5)
    assert float(cell["disagreement"]) == pytest.approx(np.mean([np.mean(decided[i] != decided[j]) for i, j in pairs]))
    assert cell["disagreement_low"] <= cell["disagreement"] <= cell["disagreement_high"]


def test_what_was_kept_on_the_way_is_used_again_after_a_kill(compared, tmp_path, monkeypatch):
    whole, done = compared
    output = tmp_path / "run"
    cells = [part for part, _ in done if part and part.startswith("cell-")]
    assert len(cells) == 3 * 3 * 4
    for limit, prefix in ((5, "cell-"), (7, "shapes"), (9, "shapes")):
        with monkeypatch.context() as patch:
            Writes(patch, limit=limit, prefix=prefix)
            with pytest.raises(KeyboardInterrupt):
                study("shapes", **({} if output.exists() else VARIED), resume=output.exists(), output=output)
    with monkeypatch.context() as patch:
        writes = Writes(patch)
        again = study(resume=True, output=output)
    first = [name for part, name in done if part == "shapes"]
    second = [name for part, name in writes.done if part == "shapes"]
    assert second == first[-len(second) :]
    assert 0 < len(second) < len(first)
    assert again.arrays("results/shapes").identical(whole.arrays("results/shapes"))


def test_too_few_kept_epochs_make_the_own_cell_a_part(tmp_path):
    settings = {**VARIED, "vary": {"hidden": [[4], [6]]}, "members": 2, "epochs": 2, "trajectories": 1}
    run = study("shapes", **settings, output=tmp_path / "run")
    assert len(run.manifest["parts"]) == 2
    found = run.arrays("results/shapes")
    slow = Slow(run)
    late = found["value"].sel(cell="hidden=[4]", measure="test_accuracy", stage="late")
    assert late.values.tolist() == pytest.approx([slow.accuracy(slow.tree(member)) for member in (0, 1)])
    assert found["stage_epoch"].values.tolist() == [1, 1, 2]


def test_members_that_diverge_are_left_out_and_said(tmp_path):
    listener = Listener()
    vary = {"learning_rate": [0.02, 1e30]}
    settings = {**VARIED, "vary": vary, "members": 2, "epochs": 2, "learning_rate": 0.02, "optimizer": "sgd"}
    run = study("shapes", **settings, output=tmp_path / "run", progress=listener)
    found = run.arrays("results/shapes")
    assert found["num_members"].values.tolist() == [2, 0]
    assert np.isnan(found["value"].sel(cell="learning_rate=1e+30")).all()
    assert np.isnan(found["effect"]).all()
    assert found.attrs["left_out"] == ("learning_rate=1e+30: member 0 diverged; learning_rate=1e+30: member 1 diverged")
    assert any(text.startswith("learning_rate=1e+30 is left out: `learning_rate` must let") for text in listener.said)
    (part,) = run.manifest["parts"]
    assert {outcome.status for outcome in outcomes_of(run, part).values()} == {"diverged"}
    assert np.isfinite(found["correlation"].sel(scope="within cells")).sum() == 0


def test_nothing_is_made_where_a_cell_is_impossible(tmp_path):
    with pytest.raises(ArgumentError, match=r"`model.options` must be taken by mlp; got 'skip'. Its options are: "):
        study("shapes", **{**VARIED, "vary": {"skip": [True, False]}}, output=tmp_path / "run")
    with pytest.raises(ArgumentError, match="`vary` must name at least one setting to compare; got nothing"):
        study("shapes", data="digits", model="mlp", output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_missing_package_is_told_before_anything_is_trained(tmp_path, monkeypatch):
    def missing(*_, **__):
        raise MissingDependencyError("Curvature needs a package.")

    monkeypatch.setattr("modescape.studies.steps.shapes.trace", missing)
    with pytest.raises(MissingDependencyError, match=r"Curvature needs a package\."):
        study("shapes", **VARIED, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_another_run_is_compared_by_what_is_varied_on_resuming(copied):
    with pytest.raises(ArgumentError, match="`vary` must name at least one setting to compare; got nothing"):
        study("shapes", resume=True, output=copied.path)


def test_widths_are_those_of_the_stated_rise(run, found):
    slow = Slow(run)
    examples = slow.context.sample_of(slow.dataset.train, 60)
    slow.network.load_state_dict(slow.tree(0))
    network = slow.network.float()
    batches = [(slow.dataset.prepare(examples.inputs), examples.labels)]
    expected = width(network, torch.nn.CrossEntropyLoss(), batches, rise=0.1, num_directions=2, seed=3).value
    value = found["value"].sel(cell=LABELS[0], measure="width", member=0, stage="late")
    assert float(value) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("epochs", "early", "stages"), [(1, 0.1, (1, 1, 1)), (30, 0.1, (3, 15, 30)), (9, 0.9, (8, 8, 9))]
)
def test_stages_are_shares_of_the_epochs(epochs, early, stages):
    assert stage_epochs(StudySettings(train={"epochs": epochs}, shapes={"early": early})) == stages


def test_the_run_opens_again(run):
    assert Run.open(run.path).damage() == []
    assert run.status == "finished"
