"""What every way to combine members has: a name, options with defaults, and a rule that it is or fits."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy.typing import ArrayLike

from modescape.core.checks import checked_labels, checked_probabilities
from modescape.core.errors import ArgumentError, Quoted


@dataclass(frozen=True, eq=False)
class Validation:
    """What ways are fitted on: validation examples, and nothing else. There is no such thing for test examples.

    Args:
        members: Class probabilities of each member on the validation examples, checked.
        labels: Their true classes.
        inputs: What networks see of them, for gating; none by default.
    """

    members: Float[np.ndarray, "member example class"]
    labels: Int[np.ndarray, "example"]
    inputs: Shaped[np.ndarray, "example ..."] | None = None

    def subset(self, chosen: Int[np.ndarray, "chosen"]) -> "Validation":
        """Return some of the examples."""
        inputs = None if self.inputs is None else self.inputs[chosen]
        return Validation(self.members[:, chosen], self.labels[chosen], inputs)

    @property
    def of_label(self) -> Float[np.ndarray, "member example"]:
        """The probability that each member gives the true class."""
        return self.members[:, np.arange(len(self.labels)), self.labels].astype(np.float64)


@runtime_checkable
class Rule(Protocol):
    """Makes one prediction out of those of the members; what goes in is checked before."""

    def __call__(
        self, members: Float[np.ndarray, "member example class"], inputs: np.ndarray | None = None
    ) -> Float[np.ndarray, "example class"]:
        """Return class probabilities."""
        ...


class Way(Protocol):
    """A way to combine members: a frozen dataclass whose fields are its options.

    One that needs no fit is a `Rule` itself; any other is a `FittedWay`.
    """

    name: ClassVar[str]
    title: ClassVar[str]


@runtime_checkable
class FittedWay(Protocol):
    """A way that learns its rule from validation examples."""

    name: ClassVar[str]
    title: ClassVar[str]

    def fit(self, validation: Validation, *, seed: int) -> Rule:
        """Return the rule that validation examples support."""
        ...


def checked_validation(members: ArrayLike, labels: ArrayLike, inputs: ArrayLike | None = None) -> Validation:
    """Return validation examples, after checking that predictions, labels and inputs belong together.

    Raises:
        ArgumentError: If predictions are not probabilities, or numbers of examples differ, or an input is not finite.

    >>> checked_validation([[[0.25, 0.75]]], [1]).of_label.tolist()
    [[0.75]]
    """
    checked = checked_probabilities(members, "validation")
    truth = checked_labels(labels, checked.shape[1], checked.shape[2], "validation_labels")
    return Validation(checked, truth, checked_inputs(inputs, checked.shape[1], "inputs of validation"))


def checked_inputs(
    inputs: ArrayLike | None, num_examples: int, argument: str = "inputs"
) -> Shaped[np.ndarray, "example ..."] | None:
    """Return inputs as an array of finite numbers with an entry for each example; none stays none.

    Raises:
        ArgumentError: If there are fewer or more, or they are no finite numbers.

    >>> checked_inputs([[1, 2], [3, 4]], 2).shape
    (2, 2)
    """
    if inputs is None:
        return None
    array = np.asarray(inputs)
    if array.ndim == 0 or len(array) != num_examples:
        rule = f"have an entry for each of the {num_examples} examples"
        raise ArgumentError(argument, rule, Quoted(f"shape {array.shape}"), "Pass what the members saw, in order")
    if array.dtype.kind not in "fiub":
        raise ArgumentError(argument, "be numbers", Quoted(f"dtype {array.dtype}"), "Encode words as numbers")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(array))[0])
        raise ArgumentError(argument, "be finite", Quoted(f"{array[place]} at {place}"), "Fill in what is missing")
    return array
