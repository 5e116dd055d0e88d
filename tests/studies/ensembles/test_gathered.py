"""What ensembles cost is told in epochs as they are executed."""

import pytest

import modescape


def test_a_member_costs_one_training_where_batches_do_not_divide_the_examples(tmp_path):
    # 100 examples in batches of 64: an epoch is one step, of 64 examples.
    run = modescape.study(
        "frontier",
        data="digits",
        model="mlp",
        model_options={"hidden": [4]},
        limit=100,
        members=2,
        epochs=2,
        batch_size=64,
        trajectories=0,
        methods="snapshot",
        num_resamples=100,
        foreign_examples=20,
        engine="loop",
        output=tmp_path / "run",
    )
    found = run.arrays("results/frontier")
    training = found["training"].sel({"method": "independent"}).to_numpy() / found.attrs["epochs"]
    assert training == pytest.approx([1.0, 2.0])
    assert f"{found.attrs['recommended_size']} trainings of one network" in found.attrs["recommendation"]
