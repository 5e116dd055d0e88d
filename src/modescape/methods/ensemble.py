"""What every method comes to: networks with weights, which answer together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from modescape.core.seeds import Stream, derived_seed
from modescape.core.trees import Tree
from modescape.functions.many import Predictor
from modescape.methods.cost import Cost
from modescape.methods.dropout import predict_with_dropout


@dataclass(frozen=True, eq=False)
class Part:
    """Predictors of one architecture.

    Args:
        network: The architecture; its own weights don't matter.
        weights: Parameters and buffers of each predictor by name, as `train.weights_of` gives them.
        heads: 0 where the network gives one answer, (example, class) logits; else it gives so many, (example, head,
            class) logits in evaluation mode.
        dropout_passes: 0 where a predictor answers in evaluation mode; else it answers so often, with dropout on.
        concentration: 0 where an answer is all that a predictor says. T > 0 where its logits also say how answers are
            spread: as those of a Dirichlet distribution with parameters exp(logits / T), see `dirichlet_uncertainty`.
            Its predictions, the softmax of the logits, are the same.
    """

    network: nn.Module
    weights: tuple[Tree, ...]
    heads: int = 0
    dropout_passes: int = 0
    concentration: float = 0.0

    @property
    def num_members(self) -> int:
        """How many answers it gives for an example."""
        return len(self.weights) * max(1, self.heads) * max(1, self.dropout_passes)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Predictors that answer together, and what they cost.

    Args:
        method: Name of the method that made it.
        size: Its training budget, in members of the base network.
        parts: Its predictors.
        cost: What it took to make, and takes to predict.
        notes: What a user must know, in sentences.
    """

    method: str
    size: int
    parts: tuple[Part, ...]
    cost: Cost
    notes: tuple[str, ...] = field(default=())

    @property
    def num_members(self) -> int:
        """How many answers it gives for an example."""
        return sum(part.num_members for part in self.parts)


def ensemble_predictions(
    ensemble: Ensemble, inputs: Shaped[Tensor, "example ..."], *, prepare: Callable[[Tensor], Tensor], seed: int = 0
) -> Float[np.ndarray, "member example class"]:
    """Return the class probabilities of each answer of an ensemble.

    Args:
        ensemble: What predicts.
        inputs: Raw examples.
        prepare: Turns a raw batch into what the networks see.
        seed: Seed of dropout masks; each predictor and pass has its own.

    >>> import torch
    >>> network = nn.Linear(2, 3)
    >>> part = Part(network, (dict(network.named_parameters()),) * 2)
    >>> ensemble = Ensemble("independent", 2, (part,), Cost(0, 0, 2, 18))
    >>> ensemble_predictions(ensemble, torch.zeros(4, 2), prepare=lambda batch: batch).shape
    (2, 4, 3)
    """
    found = [piece for part in ensemble.parts for piece in _of_part(part, inputs, prepare, seed)]
    return np.concatenate(found).astype(np.float32, copy=False)


def _of_part(
    part: Part, inputs: Tensor, prepare: Callable[[Tensor], Tensor], seed: int
) -> Iterator[Float[np.ndarray, "member example class"]]:
    """Yield the probabilities of one predictor after the other."""
    if part.dropout_passes:
        for index, weights in enumerate(part.weights):
            for number in range(part.dropout_passes):
                drawn = derived_seed(seed, Stream.DROPOUT_SAMPLES, index, number)
                yield predict_with_dropout(part.network, weights, inputs, prepare=prepare, seed=drawn).numpy()[None]
        return
    predictor = Predictor(part.network, inputs, prepare=prepare, output="logits")
    for logits in predictor.each(part.weights):
        probabilities = logits.softmax(dim=-1).numpy()
        yield probabilities.swapaxes(0, 1) if part.heads else probabilities[None]
