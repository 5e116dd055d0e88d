"""What the members of a run decide for the test examples, whether they were trained here or came as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from modescape.core.axes import CLASS, MEMBER, MEMBER_OTHER
from modescape.functions import decisions
from modescape.store import Run


@dataclass(frozen=True, eq=False)
class Answers:
    """What members decide for the same examples.

    Args:
        decisions: The class that each member decides for.
        labels: The true classes; None where they are not known.
        stored_probabilities: Class probabilities, not read yet; None where only decisions are known.
        classes: Names of the classes.
        member: The members' numbers, names and groups, as coordinates.
    """

    decisions: Int[np.ndarray, "member example"]
    labels: Int[np.ndarray, "example"] | None
    stored_probabilities: xr.DataArray | None
    classes: tuple[str, ...]
    member: Mapping[str, Any]

    @cached_property
    def probabilities(self) -> Float[np.ndarray, "member example class"] | None:
        """Class probabilities, read when they are first asked for; None where only decisions are known."""
        return None if self.stored_probabilities is None else self.stored_probabilities.to_numpy()

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def num_examples(self) -> int:
        """Number of examples."""
        return self.decisions.shape[1]

    def coords(self, members: Sequence[int] | None = None, *, other: bool = False) -> dict[str, Any]:
        """Return the coordinates of members: numbers, and names and groups where they have them.

        Args:
            members: Their places; all of them by default.
            other: Whether there is a second dimension of the same members.
        """
        places = list(range(len(self.decisions)) if members is None else members)
        numbers = np.asarray(self.member[MEMBER])[places]
        texts = {name: (MEMBER, list(np.asarray(each)[places])) for name, each in self.member.items() if name != MEMBER}
        return {MEMBER: numbers, **({MEMBER_OTHER: numbers} if other else {}), **texts}


def answers_of(run: Run) -> Answers:
    """Return what the members of a run decide for its test examples.

    Read from `predictions/test`: `probability`, `decision` or both, `label` where the truth is known, and the
    coordinates `member_name` and `member_group` where members have them.
    """
    stored = run.arrays("predictions/test")
    probabilities = stored.get("probability")
    if "decision" in stored:
        decided = stored["decision"].to_numpy().astype(np.int64)
    else:
        probabilities = stored["probability"].load()
        decided = decisions(probabilities.to_numpy())
    labels = stored["label"].to_numpy().astype(np.int64) if "label" in stored else None
    names = [name for name, coord in stored.coords.items() if coord.dims == (MEMBER,)]
    member = {str(name): stored[name].to_numpy() for name in names}
    return Answers(decided, labels, probabilities, _classes(stored, decided, labels), member)


def _classes(
    stored: xr.Dataset, decided: Int[np.ndarray, "member example"], labels: Int[np.ndarray, "example"] | None
) -> tuple[str, ...]:
    """Return the names of the classes: as stored, or numbers, as many as occur."""
    if stored.attrs.get("classes"):
        return tuple(str(name) for name in stored.attrs["classes"])
    largest = max(int(decided.max()), -1 if labels is None else int(labels.max()))
    return tuple(str(number) for number in range(max(largest + 1, stored.sizes.get(CLASS, 0))))
