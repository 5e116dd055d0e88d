import numpy as np


def test_the_curves_are_what_the_members_reported(finished):
    found, members = finished.arrays("results/training"), finished.manifest["members"]
    assert found["loss"].dims == found["validation_accuracy"].dims == ("member", "step")
    assert found["step"].values.tolist() == [1, 2]
    for member in range(3):
        np.testing.assert_array_equal(found["loss"].sel(member=member), members[str(member)]["losses"])
        accuracies = members[str(member)]["accuracies"]
        np.testing.assert_array_equal(found["validation_accuracy"].sel(member=member), accuracies)
    assert found["loss"].attrs["units"] == "nats"
    # Near log(10) at the start, and falling: these are losses in nats, and the members do learn.
    assert (found["loss"].sel(step=1) < 3).all()
    assert (found["loss"].sel(step=2) < found["loss"].sel(step=1)).all()
