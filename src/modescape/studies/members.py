"""What results over members have in common: the names of members that come from files or other runs."""

from typing import Final

import xarray as xr

from modescape.core.axes import MEMBER
from modescape.core.errors import StoreError
from modescape.studies.context import StudyContext

NAMES: Final = ("member_name", "member_group")
"""Coordinates that members keep through all results."""


def named(context: StudyContext, dataset: xr.Dataset) -> xr.Dataset:
    """Return results with the names and groups of their members, where the run's predictions have some."""
    try:
        predicted = context.run.arrays("predictions/test")
    except StoreError:
        return dataset
    known = {name: predicted[name].load() for name in NAMES if name in predicted.coords}
    if not known or MEMBER not in dataset.dims:
        return dataset
    chosen = {name: (MEMBER, array.sel({MEMBER: dataset[MEMBER].values}).values) for name, array in known.items()}
    return dataset.assign_coords(chosen)
