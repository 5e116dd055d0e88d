"""The answers of predictors of one architecture, run as one vectorised program."""

from collections.abc import Iterator
from copy import deepcopy
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.modules.conv import _ConvNd  # pyright: ignore[reportPrivateUsage]

from modescape.core.errors import ModelError
from modescape.core.seeds import Stream, derived_seed
from modescape.core.trees import Tree, stack
from modescape.deploy.thinned import thinned
from modescape.functions.intercept import Intercept
from modescape.functions.kernels import kernels_for
from modescape.methods.ensemble import Part

LARGEST_LOG = 60.0
"""Of the sum of the parameters of a distribution, below which its inverse fits into single precision."""


class Answers(nn.Module):
    """Predictors of one architecture as one program, with their weights as buffers.

    Args:
        network: The architecture; it is copied without its weights.
        shared: Weights that all predictors have in common, by name.
        stacked: Weights with a leading axis of predictors, by name.
        heads: Answers that one predictor gives; 0 where it gives one without an axis for it.
        concentration: Of the Dirichlet distribution of an answer, as in `methods.Part`; 0 for none.

    >>> network = nn.Linear(2, 3)
    >>> weights = {name: torch.stack([tensor, 2 * tensor]) for name, tensor in network.named_parameters()}
    >>> Answers(network, {}, weights, heads=0)(torch.ones(5, 2)).shape
    torch.Size([5, 2, 3])
    """

    def __init__(
        self, network: nn.Module, shared: Tree, stacked: Tree, *, heads: int, concentration: float = 0.0
    ) -> None:
        super().__init__()
        # Hidden from torch: weights of the architecture itself are no part of the predictor.
        self.__dict__["_template"] = _without_weights(network)
        self._names = {"shared": tuple(shared), "stacked": tuple(stacked)}
        self.heads, self.concentration = heads, concentration
        self.num_predictors = len(next(iter(stacked.values())))
        self.vectorised = True
        for kind, tree in (("shared", shared), ("stacked", stacked)):
            for name, tensor in tree.items():
                self.register_buffer(_key(kind, name), tensor.detach().to("cpu", copy=True))

    @property
    def num_answers(self) -> int:
        """How many answers they give for an example."""
        return self.num_predictors * max(1, self.heads)

    @property
    def convolves(self) -> bool:
        """Whether a layer is a convolution: vectorised by torch.func, it can be exported for one size of batch only."""
        return any(isinstance(layer, _ConvNd) for layer in self.__dict__["_template"].modules())

    def forward(self, prepared: Float[Tensor, "example ..."]) -> Float[Tensor, "example answer class"]:
        """Return the logits of all answers for prepared inputs."""
        shared, stacked = self._tree("shared"), self._tree("stacked")
        template: nn.Module = self.__dict__["_template"]

        def logits(own: Tree, inputs: Tensor) -> Tensor:
            return functional_call(template, {**shared, **own}, (inputs,))

        if not self.vectorised:
            own = ({name: tensor[index] for name, tensor in stacked.items()} for index in range(self.num_predictors))
            found = torch.stack([logits(tree, prepared) for tree in own])
        elif torch.compiler.is_exporting() or torch.compiler.is_compiling():
            found = vmap(logits, in_dims=(0, None), randomness="same")(stacked, prepared)
        else:
            # Rounding then does not depend on how many predictors there are, and convolutions are faster on CPUs.
            with Intercept(kernels_for(prepared.device)):
                found = vmap(logits, in_dims=(0, None), randomness="same")(stacked, prepared)
        return found.movedim(0, 1).flatten(1, -2)

    def spreads(self, logits: Float[Tensor, "example answer class"]) -> Float[Tensor, "example answer"]:
        """Return how spread each answer is: 1 / A, with A the sum of the parameters of its distribution, or else 0.

        Args:
            logits: Answers, as `forward` gives them.
        """
        if not self.concentration:
            return torch.zeros_like(logits[:, :, 0])
        wide = logits.to(torch.promote_types(logits.dtype, torch.float32)) / self.concentration
        return (-wide.logsumexp(dim=2).clamp(-LARGEST_LOG, LARGEST_LOG)).exp()

    def _tree(self, kind: str) -> Tree:
        """Return the shared or the stacked weights by name."""
        return {name: self.get_buffer(_key(kind, name)) for name in self._names[kind]}


def answers_of(part: Part, prepared: Tensor, *, seed: int) -> Iterator[Answers]:
    """Yield the programs that a part comes to: one, or with dropout one for each of its predictors.

    Args:
        part: Predictors of one architecture.
        prepared: A prepared example or more, to try each program on.
        seed: Seed of dropout masks.

    Raises:
        ModelError: If the network fails on the example, or its dropout can't be fixed.

    >>> network = nn.Linear(2, 3)
    >>> part = Part(network, (dict(network.named_parameters()),) * 4)
    >>> [answers.num_answers for answers in answers_of(part, torch.zeros(1, 2), seed=0)]
    [4]
    """
    program = partial(Answers, heads=part.heads, concentration=part.concentration)
    if not part.dropout_passes:
        stacked = stack(part.weights)
        yield _tried(program(part.network, _missing(part.network, stacked), stacked), prepared)
        return
    for index, weights in enumerate(part.weights):
        # Each predictor has masks of its own.
        network, masks = thinned(
            part.network, prepared, passes=part.dropout_passes, seed=derived_seed(seed, Stream.DROPOUT_SAMPLES, index)
        )
        shared = {**_missing(network, {**weights, **masks}), **weights}
        yield _tried(program(network, shared, masks), prepared)


def _tried(answers: Answers, prepared: Tensor) -> Answers:
    """Return answers that work on an example, one predictor after the other where torch can't vectorise them."""
    reasons = []
    for vectorised in (True, False):
        answers.vectorised = vectorised
        try:
            with torch.no_grad():
                answers(prepared)
        except Exception as error:
            reasons.append(" ".join(f"{type(error).__name__}: {error}".split()).rstrip("."))
        else:
            return answers
    raise ModelError(
        f"`ensemble` must take inputs of shape {tuple(prepared.shape)}; got {reasons[-1]}. "
        "Check the networks against the data."
    )


def _missing(network: nn.Module, given: Tree) -> Tree:
    """Return the tensors of a network that weights don't name, such as its buffers: they are the network's own."""
    named = [*network.named_parameters(), *network.named_buffers()]
    return {name: tensor for name, tensor in named if name not in given}


def _without_weights(network: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode whose parameters and buffers take no memory."""
    copy = deepcopy(network).cpu().eval().requires_grad_(requires_grad=False)
    for tensor in (*copy.parameters(), *copy.buffers()):
        # In place of new parameters, so that layers that share one still do.
        tensor.data = torch.zeros((), dtype=tensor.dtype).expand(tensor.shape)
    return copy


def _key(kind: str, name: str) -> str:
    """Return the name of a buffer for weights of a name; dots are not allowed."""
    return f"{kind}/{name.replace('.', '/')}"
