"""An ensemble as one module: raw inputs in, calibrated probabilities and uncertainty out."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted
from modescape.deploy.answers import Answers, answers_of
from modescape.deploy.uncertainty import decomposition, speakers, tempered
from modescape.evaluate.temperature import LOWEST, fitted_temperature
from modescape.methods.ensemble import Ensemble

BATCH_SIZE = 128
"""Examples predicted at once where the caller does not say."""

NEARLY = 1.0 + 1e-6
"""How close to the lower bound of temperatures is at the bound."""

OUTPUTS: Final = {
    "probabilities": "(example, class): the ensemble's class probabilities, at its temperature",
    "total_uncertainty": "(example): entropy of these probabilities, in nats",
    "aleatoric_uncertainty": "(example): what would be left if one knew which answer to trust, in nats",
    "epistemic_uncertainty": "(example): what answers dispute (mutual information of class and answer), in nats",
    "votes": "(example, class): share of the members whose most probable class it is",
    "member_probabilities": "(example, member, class): class probabilities of each member, without temperature",
}
"""What a predictor returns, in this order."""


class DeployedEnsemble(nn.Module):
    """An ensemble to hand over: scaling, all members as one program, combination and temperature.

    It stays in evaluation mode, all it has learned is in buffers (so that `.to(device)`, `.double()`, `state_dict` and
    pickling work as for any module), and nothing in it can be trained.

    Each predictor of the ensemble is one member here, also each head of a network with several and each pass of
    Monte-Carlo dropout, for which masks are drawn once and for all (`thinned`).

    Args:
        ensemble: The predictors.
        classes: Names of the classes.
        input_shape: Shape of one raw input, without the example axis.
        input_dtype: Type of raw inputs, torch.uint8 or torch.float32; the type that an exported program takes.
        shift: What is subtracted from raw inputs; broadcasts against one input.
        scale: What the difference is multiplied by.
        temperature: Of the ensemble's probabilities; see `calibrated`.
        member_weights: Weights of the members in the mean, at least 0; equal by default.
        seed: Seed of dropout masks.

    Raises:
        ArgumentError: If the temperature is not above 0, or weights don't fit.
        ModelError: If a network does not take such inputs, or its dropout can't be fixed.

    >>> from modescape.methods.cost import Cost
    >>> from modescape.methods.ensemble import Part
    >>> network = nn.Linear(2, 3)
    >>> part = Part(network, (dict(network.named_parameters()),) * 5)
    >>> ensemble = Ensemble("independent", 5, (part,), Cost(0, 0, 5, 45))
    >>> predictor = DeployedEnsemble(ensemble, classes=["a", "b", "c"], input_shape=(2,))
    >>> {name: tuple(value.shape) for name, value in predictor(torch.zeros(4, 2)).items()}["votes"]
    (4, 3)
    """

    shift: Tensor
    scale: Tensor
    temperature: Tensor
    member_weights: Tensor

    def __init__(
        self,
        ensemble: Ensemble,
        *,
        classes: Sequence[str],
        input_shape: Sequence[int],
        input_dtype: torch.dtype = torch.float32,
        shift: Tensor | float = 0.0,
        scale: Tensor | float = 1.0,
        temperature: float = 1.0,
        member_weights: ArrayLike | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.method, self.classes = ensemble.method, tuple(str(name) for name in classes)
        self.input_shape, self.input_dtype = tuple(input_shape), input_dtype
        self.register_buffer("shift", torch.as_tensor(shift, dtype=torch.float32).clone())
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float32).clone())
        prepared = self.prepared(torch.zeros((2, *self.input_shape), dtype=input_dtype))
        programs = [found for part in ensemble.parts for found in answers_of(part, prepared, seed=seed)]
        self.programs = nn.ModuleList(programs)
        self.num_members = sum(program.num_answers for program in programs)
        self.register_buffer("member_weights", _checked_weights(member_weights, self.num_members))
        self.register_buffer("temperature", _checked_temperature(temperature))
        self.eval()
        with torch.no_grad():
            self._check_classes(self._members(prepared)[0])

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002, ARG002 - the signature of torch
        """Stay in evaluation mode, whatever is asked for: a predictor has been trained."""
        return super().train(False)  # noqa: FBT003

    def forward(self, raw: Shaped[Tensor, "example ..."]) -> dict[str, Tensor]:
        """Return what is known of each example, by the names of `OUTPUTS`.

        Args:
            raw: Raw inputs of any number type, on the predictor's device.

        Raises:
            ArgumentError: If an input has another shape than it was made for.
        """
        if tuple(raw.shape[1:]) != self.input_shape:
            rule = f"have the shape (example, {', '.join(str(length) for length in self.input_shape)})"
            got = Quoted(f"shape {tuple(raw.shape)}")
            raise ArgumentError("raw", rule, got, "Pass examples as the ensemble was trained on, unscaled")
        members, spreads = self._members(self.prepared(raw))
        probabilities = tempered((members * self.member_weights[:, None]).sum(dim=1), self.temperature)
        joint = speakers(members, self.member_weights) * probabilities[:, None]
        total, aleatoric, epistemic = decomposition(joint, spreads)
        votes = F.one_hot(members.argmax(dim=2), len(self.classes)).to(members.dtype).mean(dim=1)
        values = (probabilities, total, aleatoric, epistemic, votes, members)
        return dict(zip(OUTPUTS, values, strict=True))

    def prepared(self, raw: Shaped[Tensor, "example ..."]) -> Float[Tensor, "example ..."]:
        """Return raw inputs as networks see them."""
        return (raw.to(self.shift.dtype) - self.shift) * self.scale

    def predict(self, raw: Tensor | np.ndarray, *, batch_size: int = BATCH_SIZE) -> dict[str, np.ndarray]:
        """Return what `forward` returns as arrays, batch by batch and without gradients.

        Args:
            raw: Raw inputs on any device.
            batch_size: Examples at once.

        Raises:
            ArgumentError: If an input has another shape, or the batch size is below 1.
        """
        check_at_least(batch_size, 1, "batch_size", "Pass 128")
        inputs = torch.as_tensor(raw)
        with torch.no_grad():
            found = [self(batch.to(self.shift.device)) for batch in inputs.split(batch_size)]
        return {name: np.concatenate([one[name].numpy(force=True) for one in found]) for name in OUTPUTS}

    def calibrated(self, raw: Tensor | np.ndarray, labels: Int[ArrayLike, "example"]) -> Self:
        """Fit the temperature on validation examples, and return the predictor.

        It is 1 where these support none, such as a few examples that are all answered rightly.

        Args:
            raw: Raw inputs of examples on which nothing was trained, and which no score will be taken on.
            labels: Their class indices.

        Raises:
            ArgumentError: If there are no examples, or labels don't fit.
        """
        if not len(raw):
            advice = "Keep validation examples, or pass the predictor on without calibrating it"
            raise ArgumentError("raw", "hold validation examples to calibrate on", Quoted("none"), advice)
        members, weights = self.predict(raw)["member_probabilities"], self.member_weights.numpy(force=True)
        mixture = np.einsum("emc,m->ec", members.astype(np.float64), weights.astype(np.float64))
        self.temperature.fill_(supported_temperature(mixture, np.asarray(labels)))
        return self

    def predicted_spreads(
        self, raw: Tensor | np.ndarray, *, batch_size: int = BATCH_SIZE
    ) -> Float[np.ndarray, "example member"] | None:
        """Return how spread the answer of each member is, as `decomposition` takes it; None if all give one answer.

        Args:
            raw: Raw inputs on any device.
            batch_size: Examples at once.
        """
        if not self.is_spread:
            return None
        with torch.no_grad():
            batches = [self.prepared(batch.to(self.shift.device)) for batch in torch.as_tensor(raw).split(batch_size)]
            found = [self._members(batch)[1] for batch in batches]
        return np.concatenate([each.numpy(force=True) for each in found if each is not None])

    @property
    def is_spread(self) -> bool:
        """Whether a member answers with a distribution of answers in place of one."""
        return any(program.concentration for program in self._answers)

    @property
    def _answers(self) -> list[Answers]:
        return [program for program in self.programs if isinstance(program, Answers)]

    def _members(
        self, prepared: Tensor
    ) -> tuple[Float[Tensor, "example member class"], Float[Tensor, "example member"] | None]:
        """Return the class probabilities of all members, and how these are spread."""
        found = [program(prepared) for program in self._answers]
        logits = torch.cat(found, dim=1)
        members = logits.softmax(dim=2, dtype=torch.promote_types(logits.dtype, torch.float32))
        if not self.is_spread:
            return members, None
        spreads = [program.spreads(each) for program, each in zip(self._answers, found, strict=True)]
        return members, torch.cat(spreads, dim=1).to(members.dtype)

    def _check_classes(self, members: Tensor) -> None:
        """Raise unless there is one probability for each class."""
        if members.shape[1:] != (self.num_members, self.num_classes):
            got = Quoted(f"{self.num_classes} names for answers of shape {tuple(members.shape[1:])} (member, class)")
            raise ArgumentError("classes", "name each class that networks predict", got, "Pass one name for each")


def supported_temperature(
    probabilities: Float[np.ndarray, "example class"], labels: Int[np.ndarray, "example"]
) -> float:
    """Return `evaluate.fitted_temperature`, or 1 where that is at its lower bound: then examples support none.

    Where a few validation examples are all answered rightly, sharper is better without end, and the sharpest there is
    would make every answer look certain.

    Raises:
        ArgumentError: If the predictions are not probabilities or the labels do not fit.

    >>> supported_temperature(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]))
    1.0
    """
    found = fitted_temperature(probabilities, labels)
    return found if found > LOWEST * NEARLY else 1.0


def _checked_temperature(temperature: float) -> Tensor:
    """Return a temperature as a tensor."""
    if not 0.0 < temperature < float("inf"):
        raise ArgumentError("temperature", "be above 0 and finite", temperature, "Leave it out and calibrate")
    return torch.tensor(temperature, dtype=torch.float32)


def _checked_weights(weights: ArrayLike | None, num_members: int) -> Float[Tensor, "member"]:
    """Return the weights of members with a sum of 1."""
    if weights is None:
        return torch.full((num_members,), 1.0 / num_members)
    numbers = np.asarray(weights, dtype=np.float64)
    advice = "Pass what a combination has learned on validation examples"
    if numbers.shape != (num_members,):
        rule = f"hold one number for each of the {num_members} members"
        raise ArgumentError("member_weights", rule, Quoted(f"shape {numbers.shape}"), advice)
    if not (np.isfinite(numbers).all() and numbers.min() >= 0.0 and numbers.sum() > 0.0):
        raise ArgumentError("member_weights", "be at least 0, and not all 0", numbers.tolist(), advice)
    return torch.tensor(numbers / numbers.sum(), dtype=torch.float32)
