import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.store.names import arrays_in, arrays_name, part_name, state_name, states_name, weights_in, weights_name

PARTS = st.one_of(st.none(), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 20_000), st.integers(0, 200_000), PARTS, PARTS)
def test_a_path_of_weights_is_found_in_its_own_part_only(
    member: int, step: int, part: str | None, other: str | None
) -> None:
    name = weights_name(member, step, part)
    assert weights_in([name, "manifest.json", state_name("group", part)], part) == [(member, step)]
    assert weights_in([name], other) == ([(member, step)] if other == part else [])


def test_paths_lie_where_older_runs_have_them() -> None:
    assert weights_name(1, 2) == "weights/member-001/step-0002.safetensors"
    assert (state_name("g"), states_name()) == ("state/g.safetensors", "state")
    assert (state_name("g", "p"), states_name("p")) == ("parts/p/state/g.safetensors", "parts/p/state")
    assert weights_name(1, 2, "p") == f"{part_name('p')}/weights/member-001/step-0002.safetensors"
    assert arrays_in([f"{arrays_name('results/b')}/zarr.json", "results/b.zarr/x/zarr.json"]) == ["results/b"]


def test_names_with_folders_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^`part` must be made of ASCII letters.*; got 'a/b'\. Rename the part\.$"):
        weights_name(0, 0, "a/b")
    with pytest.raises(ArgumentError, match=r"^`group` must be made of ASCII letters.*; got 'a/b'\. Rename the group"):
        state_name("a/b", "p")
    with pytest.raises(ArgumentError, match=r"^`name` must be predictions/NAME or results/NAME.*; got 'weights/a'"):
        arrays_name("weights/a")
