import xarray as xr

from modescape.core.errors import StoreError
from modescape.studies.members import named
from studies.recomputed import context_of


def test_names_and_groups_of_members_are_kept(copied):
    context = context_of(copied)
    results = xr.Dataset({"a": ("member", [1.0, 2.0])}, coords={"member": [2, 0]})
    assert named(context, results).identical(results)
    predicted = copied.arrays("predictions/test").load()
    names = {"member_name": ("member", ["a.pt", "b.pt", "c.pt"]), "member_group": ("member", ["x", "y", "x"])}
    copied.write_arrays("predictions/test", predicted.assign_coords(names))
    found = named(context, results)
    assert found["member_name"].values.tolist() == ["c.pt", "a.pt"]
    assert found["member_group"].values.tolist() == ["x", "x"]
    plain = xr.Dataset({"a": ("layer", [1.0])})
    assert named(context, plain).identical(plain)


def test_a_run_without_predictions_has_numbers(copied, monkeypatch):
    context = context_of(copied)
    results = xr.Dataset({"a": ("member", [1.0])}, coords={"member": [0]})

    class Empty:
        def arrays(self, name):
            raise StoreError(name)

    monkeypatch.setattr(context, "run", Empty())
    assert named(context, results).identical(results)
