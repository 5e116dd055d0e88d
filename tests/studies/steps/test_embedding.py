import numpy as np

from modescape.functions import tsne
from modescape.studies import study
from studies.samples import TINY


def test_every_checkpoint_of_every_trajectory_has_its_own_place(finished):
    found, predicted = finished.arrays("results/embedding"), finished.arrays("predictions/trajectories")
    assert found["position"].dims == ("member", "step", "axis")
    assert found["position"].shape == (2, 3, 2)
    points = np.stack([predicted["probability"].sel(member=m, step=s).values for m in (0, 1) for s in (0, 1, 2)])
    positions = tsne(points, seed=5, perplexity=None)
    for index, (member, step) in enumerate((m, s) for m in (0, 1) for s in (0, 1, 2)):
        np.testing.assert_array_equal(found["position"].sel(member=member, step=step), positions[index])
    assert found.attrs["seed"] == 5
    assert found.attrs["num_examples"] == 150


def test_without_trajectories_there_is_no_picture_and_no_error(tmp_path):
    run = study(**{**TINY, "members": 2, "epochs": 1, "trajectories": 0}, output=tmp_path / "run")
    assert run.status == "finished"
    assert run.array_names() == [
        "predictions/test",
        "predictions/validation",
        "results/ensemble",
        "results/null",
        "results/solutions",
        "results/training",
    ]
    assert run.steps(0) == [1]


def test_too_few_checkpoints_make_no_picture(tmp_path):
    run = study(**{**TINY, "members": 2, "epochs": 1, "trajectories": 1}, output=tmp_path / "run")
    assert run.has_arrays("results/trajectories")
    assert not run.has_arrays("results/embedding")
