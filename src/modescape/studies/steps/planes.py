"""Planes through parameter space: through three members, at random, along trajectories, and along a fitted curve."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import xarray as xr

from modescape.core.axes import CURVE, PAIR
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.studies.context import StudyContext
from modescape.studies.landscapes import (
    POINT_OPTIONS,
    batch_norm_of,
    check_pairs,
    kept_points,
    member_pairs,
    name_of,
    objective,
)
from modescape.studies.planes import View, Weights, measured_plane, ranges_around, trees_between
from modescape.studies.settings import StudySettings
from modescape.studies.step import LeftOutError, Step
from modescape.studies.steps.paths import kept_curve
from modescape.studies.surroundings import Surroundings
from modescape.train import TrainingTask
from modescape.weights import (
    Bezier,
    Line,
    Path,
    Polyline,
    plane_through,
    points_by_length,
    principal_plane,
    random_flat,
)

GRID_OPTIONS = ("grid", "grid_points", "tolerance")
BEZIER = "bezier"
Ranges: TypeAlias = Sequence[tuple[float, float]]


def _through_members(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Look at the plane through three members, with the trajectories that led to them."""
    members = _corners(context)
    first, second, third = (Surroundings(context, member).solution for member in members)
    with _or_left_out():
        flat = plane_through(first, second, third)
    one, other, last = map(name_of, members)
    view = View(
        flat,
        "solutions",
        (f"distance from {one} towards {other}", f"distance across, towards {last}"),
        marks=_solutions(context, members),
        paths=_trajectories(context, [member for member in members if member in context.trajectories]),
    )
    ranges = ranges_around(flat, [first, second, third], context.settings.surfaces.plane_margin)
    return {"results/solutions-plane": _measured(context, solutions_plane, view, members, ranges)}


def _at_random(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Look at a plane of two random directions around a member."""
    settings, member = context.settings.surfaces, _centre(context)
    around = Surroundings(context, member)
    generator = torch_generator(derived_seed(context.settings.seed, Stream.DIRECTION, member))
    with _or_left_out():
        drawn = random_flat(
            around.tree(around.solution), num_axes=2, generator=generator, orthogonal=settings.orthogonal
        )
    view = View(
        drawn.flat,
        "random",
        (f"first direction from {name_of(member)} (filter norms)", "second direction (filter norms)"),
        marks=_solutions(context, [member]),
        attrs={"cosine": drawn.cosine},
    )
    ranges = [(-settings.plane_extent, settings.plane_extent)] * 2
    return {"results/random-plane": _measured(context, random_plane, view, [member], ranges)}


def _along_trajectories(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Look at the plane that is closest to all checkpoints of some trajectories and passes through a solution."""
    members = _walkers(context)
    paths = _trajectories(context, members)
    vectors = [vector for _, checkpoints in paths.values() for vector, _ in checkpoints]
    with _or_left_out():
        plane = principal_plane(vectors, origin=Surroundings(context, members[0]).solution)
    view = View(
        plane.flat,
        "trajectory",
        ("distance along the first principal component", "distance along the second principal component"),
        marks=_solutions(context, members),
        paths=paths,
        attrs={"explained_alpha": plane.explained[0], "explained_beta": plane.explained[1]},
    )
    ranges = ranges_around(plane.flat, vectors, context.settings.surfaces.plane_margin)
    return {"results/trajectory-plane": _measured(context, trajectory_plane, view, members, ranges)}


def _along_a_curve(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Look at the plane that the fitted Bezier curve of the first pair lies in."""
    pair = member_pairs(context)[0]
    curve = _fitted(context, pair)
    start, control, end = curve.points
    with _or_left_out():
        flat = plane_through(start, end, control)
    first, second = map(name_of, pair)
    view = View(
        flat,
        "curve",
        (f"distance from {first} towards {second}", "distance across, towards the bend of the curve"),
        marks=_solutions(context, pair),
        curves={"linear": _places(context, Line(start, end)), BEZIER: _places(context, curve)},
    )
    ranges = ranges_around(flat, curve.points, context.settings.surfaces.plane_margin)
    return {"results/curve-plane": _measured(context, curve_plane, view, pair, ranges)}


def _measured(context: StudyContext, step: Step, view: View, members: Sequence[int], ranges: Ranges) -> xr.Dataset:
    """Measure a plane; what a killed study has measured of it is not measured again."""
    settings = context.settings.surfaces
    # Buffers lie between those of three solutions at most; more than three have no place of their own in a plane.
    around = [Surroundings(context, member) for member in members[:3]]
    corners = [(view.flat.coordinates(one.solution), one.buffers) for one in around]
    dataset = measured_plane(
        objective(context, members),
        view,
        tree=trees_between(around[0].tree(around[0].solution), corners),
        ranges=ranges,
        grid=settings.grid,
        points=settings.grid_points,
        tolerance=settings.tolerance,
        kept=kept_points(context, step, [name for name in step.options if name not in GRID_OPTIONS]),
        progress=context.progress,
        task=step.title,
    )
    return dataset.assign_attrs(
        members=",".join(map(str, members)), batch_norm=batch_norm_of(context), seed=context.settings.seed
    )


def _solutions(context: StudyContext, members: Sequence[int]) -> dict[str, Weights]:
    """Return the solutions of members as marks."""
    return {name_of(member): _with_buffers(context, member, context.solution_step(member)) for member in members}


def _trajectories(context: StudyContext, members: Sequence[int]) -> dict[int | str, tuple[list[int], list[Weights]]]:
    """Return every checkpoint of members, each with its own buffers."""
    steps = context.trajectory_steps
    return {member: (steps, [_with_buffers(context, member, step) for step in steps]) for member in members}


def _with_buffers(context: StudyContext, member: int, step: int) -> Weights:
    """Return a checkpoint as a vector, and its buffers."""
    weights = context.run.read_weights(member, step)
    names = set(context.parameter_names)
    return context.vector(weights), {name: tensor for name, tensor in weights.items() if name not in names}


def _places(context: StudyContext, path: Path) -> list[Weights]:
    """Return weights at even distances along a path."""
    return [path.point(t) for _, t in points_by_length(path, context.settings.landscape.path_points)]


def _corners(context: StudyContext) -> list[int]:
    """Return the three members that span a plane."""
    if len(context.trained) < 3:
        raise LeftOutError("It needs three trained members.")
    with _or_left_out():
        _check_members(context.settings.surfaces.corners, context.trained)
    return context.settings.surfaces.corners


def _centre(context: StudyContext) -> int:
    """Return the member around which a random plane lies."""
    member = context.settings.surfaces.corners[0]
    with _or_left_out():
        _check_members([member], context.trained)
    return member


def _walkers(context: StudyContext) -> list[int]:
    """Return the members whose trajectories span a plane."""
    if not context.trajectories:
        raise LeftOutError("It needs a member whose every epoch was kept. Start a new run with --trajectories 1.")
    members = context.settings.surfaces.trajectories
    with _or_left_out():
        _check_walkers(members, context.trajectories)
    return members


def _fitted(context: StudyContext, pair: tuple[int, int]) -> Bezier | Polyline:
    """Return the curve that `paths` has fitted between two members."""
    curve = kept_curve(context, pair, BEZIER)
    if curve is not None:
        return curve
    loss = context.run.arrays("results/paths")["loss"].sel({PAIR: f"{pair[0]}-{pair[1]}", CURVE: BEZIER})
    if bool(loss.isnull().all()):
        raise LeftOutError("The curve between the members could not be fitted. Pass a lower --curve-learning-rate.")
    # An older version fitted it, which kept no curves.
    other = context.settings.landscape.curve_epochs + 1
    raise LeftOutError(
        f"The run does not hold the curve itself. Fit it again with other settings, such as --curve-epochs {other}."
    )


def _check_corners(settings: StudySettings, task: TrainingTask) -> None:
    """Raise unless three members span a plane and its grid can be made; with two members there is no such plane."""
    _check_grid(settings, task)
    if settings.train.members > 2:
        _check_members(settings.surfaces.corners, range(settings.train.members))


def _check_centre(settings: StudySettings, task: TrainingTask) -> None:
    """Raise unless the first of the three members will be there and the grid can be made."""
    _check_grid(settings, task)
    _check_members(settings.surfaces.corners[:1], range(settings.train.members))


def _check_paths(settings: StudySettings, task: TrainingTask) -> None:
    """Raise unless the trajectories will be there and the grid can be made; without any there is no such plane."""
    _check_grid(settings, task)
    kept = range(min(settings.train.trajectories, settings.train.members))
    if kept:
        _check_walkers(settings.surfaces.trajectories, kept)


def _check_curve(settings: StudySettings, task: TrainingTask) -> None:
    """Raise unless the pairs will be there and the grid can be made."""
    _check_grid(settings, task)
    check_pairs(settings, task)


def _check_members(members: Sequence[int], known: Sequence[int]) -> None:
    """Raise unless members of a plane are there."""
    for member in members:
        if member not in known:
            rule = f"be made of trained members ({', '.join(map(str, known))})"
            example = ",".join(map(str, known[:3]))
            advice = f"Pass for example --plane-members {example}" if len(known) > 2 else "Train more --members"
            raise ArgumentError("plane_members", rule, member, advice)


def _check_walkers(members: Sequence[int], known: Sequence[int]) -> None:
    """Raise unless every epoch of members is there."""
    for member in members:
        if member not in known:
            rule = f"be made of members whose every epoch is kept ({', '.join(map(str, known))})"
            advice = f"Pass for example --plane-trajectories {known[0]}, or start a new run with more --trajectories"
            raise ArgumentError("plane_trajectories", rule, member, advice)


def _check_grid(settings: StudySettings, task: TrainingTask) -> None:
    """Raise unless an adaptive grid can be halved again and again."""
    del task
    number, surfaces = settings.surfaces.grid_points, settings.surfaces
    intervals = number - 1
    if surfaces.grid == "adaptive" and intervals & (intervals - 1):
        lower = 2 ** (intervals.bit_length() - 1)
        advice = f"Pass {lower + 1} or {2 * lower + 1}, or --grid uniform"
        raise ArgumentError("grid_points", "be 2^k + 1 for an adaptive grid, such as 33", number, advice)


@contextmanager
def _or_left_out() -> Iterator[None]:
    """Leave a step out where a plane is refused, such as one through members that lie on a line."""
    try:
        yield
    except ArgumentError as error:
        raise LeftOutError(str(error)) from None


COMMON = (*POINT_OPTIONS, *GRID_OPTIONS)

solutions_plane = Step(
    "solutions-plane",
    "the plane through three solutions",
    ("results/solutions-plane",),
    _through_members,
    options=(*COMMON, "plane_members", "plane_margin"),
    check=_check_corners,
)
random_plane = Step(
    "random-plane",
    "a random plane around a solution",
    ("results/random-plane",),
    _at_random,
    options=(*COMMON, "plane_members", "plane_extent", "orthogonal"),
    check=_check_centre,
)
trajectory_plane = Step(
    "trajectory-plane",
    "the plane of a trajectory",
    ("results/trajectory-plane",),
    _along_trajectories,
    options=(*COMMON, "plane_trajectories", "plane_margin"),
    check=_check_paths,
)
curve_plane = Step(
    "curve-plane",
    "the plane of a low-loss curve",
    ("results/curve-plane",),
    _along_a_curve,
    needs=("paths",),
    options=(*COMMON, "pairs", "path_points", "plane_margin"),
    check=_check_curve,
)
