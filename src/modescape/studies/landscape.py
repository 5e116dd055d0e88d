"""The landscape around anyone's network: any module, any loss, any data loader, and no run."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor, nn

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Progress
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.core.trees import Tree, ravel
from modescape.functions.many import Precision
from modescape.landscapes import KeptPoints, Objective, has_running_statistics
from modescape.landscapes.objective import Forward
from modescape.landscapes.scores import Metric
from modescape.studies.planes import Grid, MakeTree, View, measured_plane, ranges_around, trees_between
from modescape.weights import line_through, plane_through, principal_plane, random_flat

Given: TypeAlias = nn.Module | Mapping[str, Tensor]
"""A network, or the weights of one by name, such as its `state_dict()`."""

SAME = 1e-4
"""Relative difference up to which two measurements at the same weights count as equal: rounding in another order."""


def landscape(
    model: nn.Module,
    loss: Metric,
    data: Iterable[Any],
    *,
    through: Sequence[Given] = (),
    trajectory: Sequence[Given] = (),
    dims: Literal[1, 2] = 2,
    extent: float = 1.0,
    margin: float = 0.25,
    orthogonal: bool = True,
    grid: Grid = "adaptive",
    points: int = 33,
    tolerance: float = 0.02,
    metrics: Mapping[str, Metric] | None = None,
    references: Mapping[str, Given] | None = None,
    forward: Forward | None = None,
    examples: int | None = None,
    batch_norm: Literal["renew", "keep"] = "renew",
    batch_norm_data: Iterable[Any] | None = None,
    keep: str | Path | None = None,
    seed: int = 0,
    workers: int | None = None,
    precision: Precision = "float32",
    progress: Progress | None = None,
) -> xr.Dataset:
    """Measure the loss, and anything else, over a line or a plane through the weights of a network.

    Along random directions with filter normalisation; on the line or plane through one or two more solutions; or on
    the plane of the principal components of a trajectory that ends at the network. The network is never changed.

    Source: Li et al. (2018), sections 4 and 7, https://arxiv.org/abs/1712.09913 (random directions, trajectories), and
    Garipov et al. (2018), figure 1, https://arxiv.org/abs/1802.10026 (planes through solutions).

    Args:
        model: Any network, with its weights.
        loss: Takes outputs and targets, and returns a mean, or one number an example.
        data: Batches: pairs (inputs, targets), mappings with "labels", or what `forward` takes; a `DataLoader`.
        through: One more network (or its weights) for the line through both, two for the plane through all three.
        trajectory: Checkpoints on the way to the model, at least two, in their order.
        dims: 1 for a random line, 2 for a random plane.
        extent: How far random lines and planes reach to every side, in filter norms.
        margin: How far the others reach beyond what they are spanned by, as a share of its width.
        orthogonal: Make the second random direction orthogonal to the first.
        grid: `adaptive` measures closely only where the surface bends, `uniform` everywhere.
        points: Points along each axis, at the finest; 2**k + 1 for an adaptive grid.
        tolerance: Of an adaptive grid: the largest error of what is predicted between, as a share of the range of
            values (of their logarithm, where the loss varies more than 20-fold). Accuracy and agreement, which are
            fractions of N examples, reach their largest standard error, 0.5 / sqrt(N), where that is more.
        metrics: More like `loss`, by name.
        references: Networks by name; the share of examples decided as they decide is measured too. By default the
            model itself.
        forward: Runs a network on a batch and returns (outputs, targets).
        examples: Size of a seeded sample of the examples; by default all of them.
        batch_norm: `renew` measures the statistics of batch norm at every point anew; `keep` takes those of the
            networks.
        batch_norm_data: Training batches to measure them on; by default `data`.
        keep: A file in which every point is kept as it is measured: the same call goes on where it was killed. A call
            with another extent, tolerance or number of points uses the points that it shares.
        seed: Of random directions, and of the sample.
        workers: Points at once; by default as many as torch has threads.
        precision: `bf16` runs layers with 16 bits where they allow it.
        progress: Told of each point; silent by default.

    Returns:
        Over `alpha` and `beta`: `loss`, `accuracy` and the metrics, `agreement` with each reference, `*_error` (the
        standard errors, of a sample), and `measured`; `point_*` for the networks, `path_*` for the trajectory. The
        attributes say what the axes are, and how much of the trajectory they explain.

    Raises:
        ArgumentError: If an argument is not one of those above, weights do not fit the model, solutions lie on one
            line, the loss at the model is not finite, or kept points belong to something else.
        StoreError: If points can't be kept.

    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> inputs, model = torch.rand(60, 2), nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 3))
    >>> data = DataLoader(TensorDataset(inputs, (3 * inputs[:, 0]).long()), batch_size=20)
    >>> found = landscape(model, nn.CrossEntropyLoss(), data, points=17)
    >>> found["loss"].dims, dict(found.sizes)["alpha"], found["agreement"].sel(alpha=0, beta=0).item()
    (('alpha', 'beta'), 17, 1.0)
    """
    with _renamed():
        own = _solution(model, model, "model")
        others, passed = _solutions(model, through, "through"), _solutions(model, trajectory, "trajectory")
        plane = _plane(own, others, passed, _Options(dims, extent, margin, orthogonal, seed))
        known = {"model": model} if references is None else references
        objective = Objective(
            model,
            loss,
            data,
            metrics=metrics,
            references={name: _solution(model, given, f"references[{name!r}]").tree for name, given in known.items()},
            forward=forward,
            examples=examples,
            batch_norm=batch_norm,
            batch_norm_batches=batch_norm_data,
            seed=seed,
            workers=workers,
            precision=precision,
        )
        at_model = _at_model(objective, own)
        kept = None
        if keep is not None:
            options = [len(others), len(passed), dims, orthogonal, seed, *objective.names, batch_norm, precision]
            kept = KeptPoints(keep, _digest([own, *others, *passed], options))
            _check_same(kept, at_model)
        left = "kept" if has_running_statistics(model) else "none"
        return measured_plane(
            objective,
            plane.view(batch_norm="renewed" if objective.renews else left, seed=seed),
            tree=plane.tree,
            ranges=plane.ranges,
            grid=grid,
            points=points,
            tolerance=tolerance,
            kept=kept,
            progress=progress,
        )


@dataclass(frozen=True, eq=False)
class _Solution:
    """A network taken apart."""

    parameters: Tree
    buffers: Tree

    @property
    def tree(self) -> Tree:
        """All of it."""
        return {**self.parameters, **self.buffers}

    @property
    def vector(self) -> Float[Tensor, "param"]:
        """The parameters as one vector."""
        return ravel(self.parameters)

    @property
    def weights(self) -> tuple[Float[Tensor, "param"], Tree]:
        """The vector, and the buffers that belong to it."""
        return self.vector, self.buffers


@dataclass(frozen=True)
class _Options:
    """How to lay a line or a plane."""

    dims: Literal[1, 2]
    extent: float
    margin: float
    orthogonal: bool
    seed: int


@dataclass(frozen=True, eq=False)
class _Plane:
    """A line or a plane, how far to look, and whose buffers go with its points."""

    drawn: View
    corners: Sequence[_Solution]
    ranges: list[tuple[float, float]]

    @property
    def tree(self) -> MakeTree:
        """What adds buffers to vectors."""
        places = [self.drawn.flat.coordinates(corner.vector) for corner in self.corners]
        buffers = [corner.buffers for corner in self.corners]
        return trees_between(self.corners[0].parameters, list(zip(places, buffers, strict=True)))

    def view(self, **attrs: str | float) -> View:
        """Return what is drawn, with more said about it."""
        return replace(self.drawn, attrs={**self.drawn.attrs, **attrs})


def _digest(solutions: Sequence[_Solution], options: Sequence[Any]) -> str:
    """Return a text that is another one for other weights, and for other options."""
    found = hashlib.sha256(json.dumps(options).encode())
    for tensor in (tensor for solution in solutions for tensor in solution.tree.values()):
        found.update(tensor.cpu().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _plane(own: _Solution, others: Sequence[_Solution], passed: Sequence[_Solution], options: _Options) -> _Plane:
    """Return the line or plane that is asked for."""
    if options.dims not in (1, 2):
        raise ArgumentError("dims", "be 1 or 2", options.dims, "Pass 1 for a line, 2 for a plane")
    if len(others) > 2:
        raise ArgumentError("through", "hold one or two networks besides the model", len(others), "Choose two of them")
    if others and passed:
        got, advice = Quoted("`through` as well"), "Draw one plane for each"
        raise ArgumentError("trajectory", "be left out where a plane goes through solutions", got, advice)
    if others:
        return _through(own, others, options.margin)
    return _of_trajectory(own, passed, options.margin) if passed else _random(own, options)


def _random(own: _Solution, options: _Options) -> _Plane:
    """Return a line or a plane along random directions."""
    if not 0.0 < options.extent < math.inf:
        raise ArgumentError("extent", "be above 0", options.extent, "Pass 1.0 to go as far as the filters are long")
    generator = torch_generator(derived_seed(options.seed, Stream.DIRECTION))
    found = random_flat(own.parameters, num_axes=options.dims, generator=generator, orthogonal=options.orthogonal)
    labels = ("filter norms along a random direction", "filter norms along a second random direction")
    attrs = {"cosine": found.cosine} if options.dims == 2 else {}
    view = View(found.flat, "random", labels[: options.dims], marks={"model": own.weights}, attrs=attrs)
    return _Plane(view, [own], [(-options.extent, options.extent)] * options.dims)


def _through(own: _Solution, others: Sequence[_Solution], margin: float) -> _Plane:
    """Return the line or plane through the model and one or two more networks."""
    flat = (line_through if len(others) == 1 else plane_through)(own.vector, *(other.vector for other in others))
    marks = {"model": own.weights, **{f"network {number}": other.weights for number, other in enumerate(others, 1)}}
    labels = ("distance from the model towards network 1", "distance from that line towards network 2")[: len(others)]
    view = View(flat, "line" if len(others) == 1 else "solutions", labels, marks=marks)
    return _Plane(view, [own, *others], ranges_around(flat, view.drawn_in, margin))


def _of_trajectory(own: _Solution, passed: Sequence[_Solution], margin: float) -> _Plane:
    """Return the plane of the principal components of a trajectory about its end."""
    found = principal_plane([solution.vector for solution in passed], origin=own.vector)
    # The model is where the trajectory ends, whether or not it is among the checkpoints.
    whole = passed if passed[-1].vector.equal(own.vector) else [*passed, own]
    path = (range(len(whole)), [solution.weights for solution in whole])
    explained = {"explained_alpha": found.explained[0], "explained_beta": found.explained[1]}
    labels = ("distance along the first principal component", "distance along the second principal component")
    marks = {"model": own.weights}
    view = View(found.flat, "trajectory", labels, marks=marks, paths={"model": path}, attrs=explained)
    return _Plane(view, [own], ranges_around(found.flat, view.drawn_in, margin))


def _solutions(model: nn.Module, given: Sequence[Given], argument: str) -> list[_Solution]:
    """Take networks apart."""
    if isinstance(given, nn.Module | Mapping):
        got = Quoted("one network")
        raise ArgumentError(argument, "be a list of networks or of their weights", got, "Put it into a list")
    return [_solution(model, entry, f"{argument}[{number}]") for number, entry in enumerate(given)]


def _solution(model: nn.Module, given: Given, argument: str) -> _Solution:
    """Take a network apart, or the weights of one, after checking that it is of the architecture of the model."""
    parameters, buffers = _tensors(model.named_parameters()), _tensors(model.named_buffers())
    if not parameters:
        raise ArgumentError("model", "have parameters", Quoted("none"), "Pass a network with weights")
    named = _tensors([*given.named_parameters(), *given.named_buffers()]) if isinstance(given, nn.Module) else given
    advice = "Pass a network of the model's architecture, or its state_dict()"
    for name, tensor in parameters.items():
        if name not in named:
            raise ArgumentError(argument, "have the names of the model's parameters", Quoted(f"no {name!r}"), advice)
        if named[name].shape != tensor.shape:
            got = Quoted(f"{tuple(named[name].shape)}")
            raise ArgumentError(argument, f"have the shape {tuple(tensor.shape)} for {name!r}", got, advice)
        if not named[name].isfinite().all():
            raise ArgumentError(argument, "be finite", Quoted(f"NaN or an infinity in {name!r}"), "Leave it out")
    return _Solution(
        {name: named[name].detach().to(tensor) for name, tensor in parameters.items()},
        {name: named.get(name, tensor).detach().to(tensor).clone() for name, tensor in buffers.items()},
    )


def _tensors(named: Iterable[tuple[str, Tensor]]) -> Tree:
    """Return named tensors, cut off from autograd."""
    return {name: tensor.detach() for name, tensor in named}


def _at_model(objective: Objective, own: _Solution) -> dict[str, float]:
    """Return what is measured at the model itself, after checking that there is a loss."""
    found = next(iter(objective.each([own.tree])))
    if not math.isfinite(found["loss"]):
        advice = "Look for NaN in the data, and for a network that diverged"
        raise ArgumentError("model", "have a finite loss on `data`", found["loss"], advice)
    return found


def _check_same(kept: KeptPoints, found: Mapping[str, float]) -> None:
    """Raise unless the model measures as it did when the kept points were measured; keep it at the first time."""
    known = kept.known(())
    if known is None:
        kept.keep((), found)
        return
    for name, value in found.items():
        before = known.get(name, math.nan)
        if math.isfinite(value) and not math.isclose(value, before, rel_tol=SAME, abs_tol=SAME**2):
            got = Quoted(f"{name} {value:.6g} at the model, {before:.6g} in {kept.path}")
            rule = "hold points of the same loss and the same data"
            raise ArgumentError("keep", rule, got, "Delete the file, or choose another one")


@contextmanager
def _renamed() -> Iterator[None]:
    """Call arguments in errors from below as they are called here."""
    names = {
        "batches": "data",
        "batch_norm_batches": "batch_norm_data",
        "centre": "model",
        "first": "model",
        "second": "through[0]",
        "third": "through[1]",
        "vectors": "trajectory",
    }
    try:
        yield
    except ArgumentError as error:
        argument, rule, got, advice = error.pieces
        if argument not in names:
            raise
        for word in ("first", "second"):
            rule = rule.replace(f"{word} and", f"{names[word]} and").replace(f"and {word}", f"and {names[word]}")
        rule = rule.replace("differ from first", "differ from the model")
        raise ArgumentError(names[argument], rule, got, advice) from error
