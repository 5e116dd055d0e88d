"""Curves of low loss between two solutions, found by training what lies between them."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, prod
from typing import Literal, TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ArgumentError, Quoted, TrainingError
from modescape.core.seeds import Stream, derived_seed, numpy_generator
from modescape.core.trees import Tree
from modescape.functions.layout import channels_last
from modescape.landscapes.noise import draws_globally, noise_of
from modescape.landscapes.weights import load
from modescape.weights import Bezier, Polyline

Shape = Literal["bezier", "polyline"]
Batches: TypeAlias = Callable[[int], Iterable[tuple[Tensor, Tensor]]]
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]

SHAPES: dict[Shape, type[Bezier] | type[Polyline]] = {"bezier": Bezier, "polyline": Polyline}

LEARNING_RATE = 5e-3
"""Above what networks are trained with, because the curve has far to go from the straight line: after 1,000 steps of
small-cnn on CIFAR-10, the barrier of 1.16 nats has become 0.26 at 1e-3, 0.14 at 3e-3 and 0.08 at 1e-2."""

FULL_RATE, LAST_RATE, LAST_FACTOR = 0.5, 0.9, 0.01
"""The learning rate stays for half of the training, falls on a straight line, and is a hundredth for the last tenth."""


@dataclass(frozen=True)
class FittedCurve:
    """A curve between two solutions.

    Attributes:
        path: Its points are flat vectors of parameters, in the order of the network's `named_parameters`.
        losses: The mean training loss of each epoch, over random points of the curve.
    """

    path: Bezier | Polyline
    losses: tuple[float, ...]


def fit_curve(
    network: nn.Module,
    start: Mapping[str, Tensor],
    end: Mapping[str, Tensor],
    batches: Batches,
    *,
    shape: Shape = "bezier",
    num_bends: int = 1,
    epochs: int,
    learning_rate: float = LEARNING_RATE,
    loss: Loss = F.cross_entropy,
    seed: int,
    state: Mapping[str, Tensor] | None = None,
    on_epoch: Callable[[Tree], None] | None = None,
) -> FittedCurve:
    """Return a curve of low loss between two solutions: the control points between fixed ends are trained.

    min over the control points of E_t loss(phi(t)) with t uniform in [0, 1]: one t for each batch, whose gradient
    reaches a control point p_k through dphi/dp_k = c_k(t). It begins as the straight line. Everything random depends
    on the seed and the epoch alone, so that curves can be fitted in several threads at a time, each with the result
    that it has alone on as many threads of torch.

    Source: Garipov et al. (2018), section 3, https://arxiv.org/abs/1802.10026. Differs from their code in that the
    optimiser is Adam and not SGD with weight decay; the learning rate follows their schedule, step by step after the
    first epoch: constant for the first half, then falling on a straight line to a hundredth of it at 90%.

    Args:
        network: The architecture, and the device; it is copied, not changed, and runs in training mode.
        start: Parameters of one solution by name; buffers among them are those the training begins with.
        end: Parameters of another.
        batches: For each epoch (counted from 0), prepared inputs and labels.
        shape: "bezier" (quadratic with one bend) or "polyline".
        num_bends: Control points between the ends.
        epochs: How often to go through the batches.
        learning_rate: Adam's, at the beginning.
        loss: Of the network's outputs and the labels of a batch, a mean over the batch.
        seed: Seed of t and of dropout.
        state: What `on_epoch` was given last, to go on from there with the same result as without a break.
        on_epoch: Called after each epoch with all that is needed to go on: tensors of its own, on the CPU.

    Raises:
        ArgumentError: If a number or a word is wrong, the ends do not fit the network, there are no batches, or the
            state is not that of such a fit.
        TrainingError: If the loss is no longer finite.

    >>> ends = [{"weight": torch.tensor([[value]]), "bias": torch.zeros(1)} for value in (-1.0, 1.0)]
    >>> batch = torch.ones(4, 1), torch.ones(4, 1)
    >>> curve = fit_curve(nn.Linear(1, 1), *ends, lambda epoch: [batch], epochs=2, loss=F.mse_loss, seed=0)
    >>> curve.path.point(0.0).tolist(), curve.path.point(1.0).tolist(), len(curve.losses)
    ([-1.0, 0.0], [1.0, 0.0], 2)
    """
    check_choice(shape, SHAPES, "shape")
    check_at_least(num_bends, 1, "num_bends", "Pass 1; for the straight line nothing is to be fitted")
    check_at_least(epochs, 1, "epochs", "Pass 30")
    if not 0.0 < learning_rate < float("inf"):
        raise ArgumentError("learning_rate", "be above 0", learning_rate, f"Pass {LEARNING_RATE}")
    fit = _Fit(network, start, end, kind=SHAPES[shape], num_bends=num_bends, loss=loss)
    if state is not None:
        fit.restore(state)
    for epoch in range(len(fit.losses), epochs):
        fit.train_epoch(batches(epoch), epoch, epochs, learning_rate, seed)
        if on_epoch is not None:
            on_epoch(fit.state())
    return FittedCurve(SHAPES[shape](*fit.vectors()), tuple(fit.losses))


class _Fit:
    """A curve in training.

    The network's parameters are parts of one vector, and so are their gradients: a point of the curve is one product
    of coefficients and control points, and one call of the optimiser trains them all.
    """

    def __init__(
        self,
        network: nn.Module,
        start: Mapping[str, Tensor],
        end: Mapping[str, Tensor],
        *,
        kind: type[Bezier] | type[Polyline],
        num_bends: int,
        loss: Loss,
    ) -> None:
        self.losses: list[float] = []
        self._kind, self._loss = kind, loss
        self._network = channels_last(copy.deepcopy(network).train())
        self._parameters = dict(self._network.named_parameters())
        self._vector, self._gradient = _flattened(self._parameters)
        ends = []
        for tree, argument in ((end, "end"), (start, "start")):
            load(self._network, tree, argument)
            if not self._vector.isfinite().all():
                advice = "Leave out the member that diverged"
                raise ArgumentError(argument, "be finite", Quoted("NaN or an infinity"), advice)
            ends.append(self._vector.clone())
        between = torch.linspace(0.0, 1.0, num_bends + 2, dtype=torch.float64).tolist()
        self._points = torch.stack([torch.lerp(ends[1], ends[0], share) for share in between])
        self._points[0], self._points[-1] = ends[1], ends[0]
        self._controls = self._points[1:-1]
        self._controls.grad = torch.zeros_like(self._controls)
        fused = self._vector.device.type in {"cpu", "cuda"}
        self._optimizer = Adam([self._controls], fused=fused)
        self._draws: bool | None = None

    def train_epoch(
        self, batches: Iterable[tuple[Tensor, Tensor]], epoch: int, epochs: int, learning_rate: float, seed: int
    ) -> None:
        """Go through the batches of an epoch."""
        iterator = iter(batches)
        batch = next(iterator, None)
        if batch is None:
            raise ArgumentError("batches", "yield at least one batch", Quoted(f"none in epoch {epoch}"), "Pass some")
        places = numpy_generator(derived_seed(seed, Stream.CURVE, epoch, 0))
        if self._draws is None:
            self._draws = self._probed(*batch)
        steps_before = self._num_steps()
        total, count = torch.zeros((), dtype=torch.float64, device=self._vector.device), 0
        with noise_of(derived_seed(seed, Stream.CURVE, epoch, 1), self._vector.device, globally=self._draws):
            while batch is not None:
                # How long an epoch is, only those before can tell.
                done = (steps_before + count) / (steps_before / epoch * epochs) if epoch else 0.0
                total += self._step(*batch, place=places.random(), rate=learning_rate * rate_factor(done))
                count += 1
                batch = next(iterator, None)
        self.losses.append((total / count).item())
        self._check_finite(epoch)

    def vectors(self) -> list[Tensor]:
        """Return all control points, the ends among them, as flat vectors of the parameters' own order."""
        return [self._in_order(point) for point in self._points]

    def state(self) -> Tree:
        """Return copies of what changes during the training."""
        remembered = self._optimizer.state[self._controls]
        quantities = {name: value for name, value in remembered.items() if name != "step"}
        rows = {"controls": self._controls, **quantities}
        state = {name: torch.stack([self._in_order(row) for row in value]) for name, value in rows.items()}
        state["step"], state["losses"] = remembered["step"], torch.tensor(self.losses, dtype=torch.float64)
        state.update({f"buffer:{name}": buffer for name, buffer in self._network.named_buffers()})
        return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take up what `state` gave."""
        mine = {f"buffer:{name}": buffer for name, buffer in self._network.named_buffers()}
        rows = dict.fromkeys(("controls", "exp_avg", "exp_avg_sq"), self._controls)
        for name, tensor in {**mine, **rows}.items():
            if name not in state or state[name].shape != tensor.shape:
                got = Quoted("none" if name not in state else f"the shape {tuple(state[name].shape)}")
                advice = "Pass what on_epoch was given, with the network, shape and num_bends of that fit"
                raise ArgumentError("state", f"have {name!r} of shape {tuple(tensor.shape)}", got, advice)
        for name, buffer in mine.items():
            buffer.copy_(state[name])
        device = self._vector.device if self._optimizer.defaults["fused"] else torch.device("cpu")
        remembered = {"step": state["step"].to(device, copy=True)}
        for name in rows:
            target = self._controls if name == "controls" else torch.zeros_like(self._controls)
            for row, value in zip(target, state[name], strict=True):
                self._lay_out(value, row)
            remembered[name] = target
        del remembered["controls"]
        self._optimizer.state[self._controls] = remembered
        self.losses = state["losses"].tolist()

    def _step(self, inputs: Tensor, labels: Tensor, *, place: float, rate: float) -> Tensor:
        """Make one step of the optimiser at a point of the curve, and return the loss there."""
        inputs, labels = self._placed(inputs), labels.to(self._vector.device)
        weights = self._kind.coefficients(np.array([place]), len(self._points))[0]
        factors = torch.from_numpy(weights).to(self._points)
        torch.mv(self._points.T, factors, out=self._vector)
        self._gradient.zero_()
        loss = self._loss(self._network(inputs), labels)
        loss.backward()
        torch.outer(factors[1:-1], self._gradient, out=self._controls.grad)
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()
        return loss.detach()

    def _probed(self, inputs: Tensor, labels: Tensor) -> bool:
        """Say whether steps draw from the global generators."""
        draws = draws_globally(self._network, self._placed(inputs), labels.to(self._vector.device), self._loss)
        for parameter, gradient in zip(
            self._parameters.values(), _views(self._gradient, self._parameters), strict=True
        ):
            parameter.grad = gradient if parameter.requires_grad else None
        return draws

    def _placed(self, inputs: Tensor) -> Tensor:
        """Return inputs on the device, images with their channels last."""
        inputs = inputs.to(self._vector.device)
        return inputs.contiguous(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs

    def _num_steps(self) -> float:
        """Return how many steps were made."""
        remembered = self._optimizer.state[self._controls]
        return remembered["step"].item() if remembered else 0.0

    def _check_finite(self, epoch: int) -> None:
        """Raise unless training goes on well."""
        if not isfinite(self.losses[-1]) or not self._controls.isfinite().all():
            raise TrainingError(
                f"`learning_rate` must keep the loss along the curve finite; got {self.losses[-1]} in epoch {epoch}. "
                "Pass a smaller one."
            )

    def _in_order(self, vector: Tensor) -> Float[Tensor, "param"]:
        """Return a vector laid out for speed in the parameters' own order."""
        return torch.cat([view.reshape(-1) for view in _views(vector, self._parameters)])

    def _lay_out(self, vector: Tensor, out: Tensor) -> None:
        """Write a vector in the parameters' own order into one laid out for speed."""
        pieces = vector.split([parameter.numel() for parameter in self._parameters.values()])
        for view, piece in zip(_views(out, self._parameters), pieces, strict=True):
            view.copy_(piece.view(view.shape))


def rate_factor(done: float) -> float:
    """Return the factor on the learning rate after a fraction of the training.

    Source: Garipov et al. (2018), published code, https://github.com/timgaripov/dnn-mode-connectivity

    >>> [round(rate_factor(done), 3) for done in (0.0, 0.5, 0.7, 0.9, 1.0)]
    [1.0, 1.0, 0.505, 0.01, 0.01]
    """
    share = min(max((done - FULL_RATE) / (LAST_RATE - FULL_RATE), 0.0), 1.0)
    return 1.0 - share * (1.0 - LAST_FACTOR)


def _flattened(parameters: Mapping[str, nn.Parameter]) -> tuple[Float[Tensor, "param"], Float[Tensor, "param"]]:
    """Move parameters into one vector, of which they become parts; return it, and one for their gradients."""
    kinds = {parameter.dtype for parameter in parameters.values()}
    if len(kinds) != 1:
        got = Quoted(", ".join(map(str, kinds)) or "none")
        raise ArgumentError("network", "have parameters of one type", got, "Convert it with .float()")
    first = next(iter(parameters.values()))
    num_params = sum(parameter.numel() for parameter in parameters.values())
    vector = torch.zeros(num_params, dtype=first.dtype, device=first.device)
    for parameter, view in zip(parameters.values(), _views(vector, parameters), strict=True):
        parameter.data = view
    return vector, torch.zeros_like(vector)


def _views(vector: Tensor, parameters: Mapping[str, Tensor]) -> list[Tensor]:
    """Return the parts of a vector in the shapes of parameters; kernels for images lie with their channels last."""
    found, begin = [], 0
    for parameter in parameters.values():
        shape = tuple(parameter.shape)
        part = vector[begin : begin + prod(shape)]
        begin += prod(shape)
        if len(shape) == 4:
            outputs, inputs, height, width = shape
            found.append(part.view(outputs, height, width, inputs).permute(0, 3, 1, 2))
        else:
            found.append(part.view(shape))
    return found
