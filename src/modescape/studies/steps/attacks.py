"""How little an input must change until members and their ensemble decide otherwise, and whom an attack fools too."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float, Int
from scipy.stats import binom
from torch import Tensor, nn

from modescape.core.axes import ATTACK, EXAMPLE, MEMBER, POINT, POINT_OTHER, STRENGTH
from modescape.core.errors import ArgumentError, MissingDependencyError
from modescape.core.seeds import Stream, derived_seed, torch_generator
from modescape.data import Examples
from modescape.evaluate import mean_interval, pair_mean_interval, proportion_interval
from modescape.functions.attacks import (
    LogMean,
    check_toolbox,
    decided,
    fast_gradient,
    projected_gradient,
    random_signs,
)
from modescape.studies.context import StudyContext
from modescape.studies.members import named
from modescape.studies.pieces import Piece, Pieces
from modescape.studies.settings import StudySettings
from modescape.studies.step import LeftOutError, Step
from modescape.train import TrainingTask

ATTACKS = ("fgsm", "pgd", "noise")
ENSEMBLE = "ensemble"
PIXELS = (0.0, 1.0)
DOUBLINGS = 4
"""Sizes reach from a sixteenth of the chosen one to sixteen times it, two for each doubling."""
PGD_SIZES = (0.5, 1.0, 2.0)
"""Sizes of projected gradient descent, as multiples of the chosen one: each costs many passes."""
TASK = "attacks"


@dataclass(frozen=True)
class _Setting:
    """What all attacks of a run have in common.

    Args:
        context: The run.
        members: Those that are attacked.
    """

    context: StudyContext
    members: list[int]

    @cached_property
    def examples(self) -> Examples:
        """What is changed."""
        return self.context.sample_of(self.context.dataset.test, self.context.settings.attacks.attack_examples)

    @cached_property
    def inputs(self) -> Float[Tensor, "example ..."]:
        """The examples in the units of the attack: pixels from 0 to 1, or what the data hold."""
        raw = self.examples.inputs
        return (raw.float() / 255.0 if raw.dtype == torch.uint8 else raw).contiguous()

    @cached_property
    def bounds(self) -> tuple[float, float] | None:
        """What an input may hold."""
        return PIXELS if has_pixels(self.context.dataset.test.inputs) else None

    def prepare(self, inputs: Tensor) -> Tensor:
        """Turn inputs in the units of the attack into what networks see."""
        is_bytes = self.context.dataset.test.inputs.dtype == torch.uint8
        return self.context.dataset.prepare(inputs * 255.0 if is_bytes else inputs)

    @cached_property
    def sizes(self) -> list[float]:
        """Sizes of single steps, rising, without 0; no pixel can change by more than its range."""
        size = self.context.settings.attacks.attack_size
        sizes = [size * 2.0 ** (half / 2) for half in range(-2 * DOUBLINGS, 2 * DOUBLINGS + 1)]
        return [one for one in sizes if self.bounds is None or one <= PIXELS[1]]

    @cached_property
    def pgd_sizes(self) -> list[float]:
        """Sizes of projected gradient descent."""
        size = self.context.settings.attacks.attack_size
        return [one for one in self.sizes if any(np.isclose(one, share * size) for share in PGD_SIZES)]

    @cached_property
    def networks(self) -> dict[str, LogMean]:
        """The members by number, and their ensemble."""
        members = [_loaded(self.context, member) for member in self.members]
        names = map(str, self.members)
        found = {name: LogMean([network], self.prepare) for name, network in zip(names, members, strict=True)}
        return found | {ENSEMBLE: LogMean(members, self.prepare)} if len(members) > 1 else found


def has_pixels(inputs: Tensor) -> bool:
    """Say whether inputs are images whose range is known: 8 bits, or numbers from 0 to 1.

    >>> has_pixels(torch.zeros(2, 1, 4, 4)), has_pixels(torch.zeros(2, 4)), has_pixels(torch.full((2, 1, 4, 4), 1.5))
    (True, False, False)
    """
    if inputs.dtype == torch.uint8:
        return True
    if inputs.ndim != 4:
        return False
    low, high = inputs.aminmax()
    return bool(low >= PIXELS[0]) and bool(high <= PIXELS[1])


def _check(settings: StudySettings, task: TrainingTask) -> None:
    """Raise if pixels are to change by more than they can."""
    size = settings.attacks.attack_size
    if size > PIXELS[1] and has_pixels(task.dataset.test.inputs):
        advice = "Pass --attack-size 0.03, which is 8 of 255"
        raise ArgumentError("attack_size", "be at most 1, the range of a pixel", size, advice)


def _loaded(context: StudyContext, member: int) -> nn.Module:
    """Return the network of a member."""
    network = context.task.placed_network(member)
    network.load_state_dict(context.run.read_weights(member, context.solution_step(member)))
    return network


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Attack one member after the other, then their ensemble; what is found for one is kept."""
    try:
        check_toolbox()
    except MissingDependencyError as error:
        raise LeftOutError(str(error)) from None
    setting = _Setting(context, context.trained[: context.settings.attacks.attack_members])
    pieces, points = Pieces(context, attacks), list(setting.networks)
    context.progress.start(TASK, len(points))
    found = {}
    for point in points:
        found[point] = pieces.piece(f"point-{point}", lambda point=point: _attacked(setting, point))
        context.progress.advance(TASK, note=point)
    return {"results/attacks": named(context, _dataset(setting, found))}


def _attacked(setting: _Setting, point: str) -> Piece:
    """Attack one member or the ensemble, and show what comes of it to all."""
    network, settings = setting.networks[point], setting.context.settings.attacks
    inputs, bounds = setting.inputs, setting.bounds
    fast = fast_gradient(network, inputs, setting.sizes, bounds=bounds)
    flipped = np.full((len(ATTACKS), len(setting.sizes), len(inputs)), np.nan, dtype=np.float32)
    flipped[0] = fast.flipped
    steps, carried = np.full(len(inputs), np.nan), np.zeros(0)
    for size in setting.pgd_sizes:
        found = projected_gradient(network, inputs, size=size, num_steps=settings.attack_steps, bounds=bounds)
        flipped[1, setting.sizes.index(size)] = found.flipped
        if np.isclose(size, settings.attack_size):
            steps = found.num_steps
            carried = np.stack([decided(other, found.inputs) for other in setting.networks.values()])
    before = decided(network, inputs)
    generator = torch_generator(derived_seed(setting.context.settings.seed, Stream.ATTACK))
    noisy = random_signs(inputs, setting.sizes, generator=generator, bounds=bounds)
    flipped[2] = np.stack([decided(network, changed) != before for changed in noisy])
    return {"before": before, "flipped": flipped, "size": fast.smallest, "steps": steps, "carried": carried}


def _dataset(setting: _Setting, found: dict[str, dict[str, np.ndarray]]) -> xr.Dataset:
    """Return what all attacks have found, with intervals over examples."""
    context, points = setting.context, list(found)
    confidence, labels = context.settings.compare.confidence, setting.examples.labels.numpy()
    before = np.stack([found[point]["before"] for point in points])
    flipped = np.stack([found[point]["flipped"] for point in points])
    # Before any attack nothing has flipped: the accuracy there is that of the clean examples.
    flipped = np.concatenate([np.zeros_like(flipped[:, :, :1]), flipped], axis=2)
    resists = (before == labels)[:, None, None] & (flipped == 0.0)
    resists = np.where(np.isnan(flipped), np.nan, resists)
    over, members = [POINT, ATTACK, STRENGTH], points[: len(setting.members)]
    variables = {
        **_shares("accuracy", over, resists, confidence),
        **_shares("flipped", over, flipped, confidence),
        **_gains(resists, len(members), confidence),
        **_transfer(before, np.stack([found[point]["carried"] for point in points]), len(members), confidence),
        **_medians(found, confidence),
        "fgsm_size": ([MEMBER, EXAMPLE], np.stack([found[point]["size"] for point in members])),
        "pgd_steps": ([MEMBER, EXAMPLE], np.stack([found[point]["steps"] for point in members])),
    }
    if ENSEMBLE in found:
        variables["ensemble_fgsm_size"] = ([EXAMPLE], found[ENSEMBLE]["size"])
        variables["ensemble_pgd_steps"] = ([EXAMPLE], found[ENSEMBLE]["steps"])
    strengths = [0.0, *setting.sizes]
    coords = {
        MEMBER: setting.members,
        POINT: points,
        POINT_OTHER: points,
        ATTACK: list(ATTACKS),
        STRENGTH: strengths,
        EXAMPLE: np.arange(len(labels)),
    }
    settings = context.settings.attacks
    return xr.Dataset(
        variables,
        coords=coords,
        attrs={
            "num_examples": len(labels),
            "attack_size": settings.attack_size,
            "attack_steps": settings.attack_steps,
            "largest_size": strengths[-1],
            "unit": "share of the range of a pixel" if setting.bounds else "units of the inputs",
            "confidence": confidence,
            "seed": context.settings.seed,
            "members_left_out": len(context.trained) - len(setting.members),
        },
    )


def _shares(
    name: str, dims: list[str], of_examples: Float[np.ndarray, "*other example"], confidence: float
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return shares of examples with their intervals; NaN where nothing was measured."""
    share, number = of_examples.mean(axis=-1), of_examples.shape[-1]
    known = np.isfinite(share)
    low, high = proportion_interval(np.where(known, share, 0.0) * number, number, confidence=confidence)
    ends = {"": share, "_low": np.where(known, low, np.nan), "_high": np.where(known, high, np.nan)}
    return {f"{name}{end}": (dims, values) for end, values in ends.items()}


def _gains(
    resists: Float[np.ndarray, "point attack strength example"], num_members: int, confidence: float
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return how much more accurate the ensemble is under attack than the mean member, paired over examples."""
    if num_members == len(resists):
        return {}
    differences = resists[-1] - resists[:num_members].mean(axis=0)
    values = mean_interval(differences, confidence=confidence)
    return {f"gain{end}": ([ATTACK, STRENGTH], value) for end, value in zip(("", "_low", "_high"), values, strict=True)}


def _transfer(
    before: Int[np.ndarray, "point example"],
    carried: Int[np.ndarray, "point point_other example"],
    num_members: int,
    confidence: float,
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return which share of the examples that flip the one they were made for flips each of the others too.

    The mean over pairs of members has the jackknife's interval over members; that onto the ensemble Student's.
    """
    flips = carried != before[None]
    own = flips[np.arange(len(flips)), np.arange(len(flips))]
    both, number = (flips & own[:, None]).sum(axis=-1), own.sum(axis=-1)[:, None] * np.ones((1, len(own)))
    share = np.divide(both, number, out=np.full(both.shape, np.nan), where=number > 0)
    low, high = proportion_interval(np.where(number > 0, both, 0), np.maximum(number, 1), confidence=confidence)
    dims = [POINT, POINT_OTHER]
    found = {"transfer": share, "transfer_low": low, "transfer_high": high}
    between = share[:num_members, :num_members]
    means = {"members": pair_mean_interval((between + between.T) / 2, confidence=confidence)}
    if num_members < len(share):
        mean, lowest, highest = mean_interval(share[:num_members, -1], confidence=confidence)
        means["ensemble"] = (float(mean), float(lowest), float(highest))
    return (
        {name: (dims, np.where(number > 0, values, np.nan)) for name, values in found.items()}
        | {"num_carried": ([POINT], own.sum(axis=-1))}
        | {
            # Student's interval of few members reaches beyond what a share can be.
            f"transfer_to_{name}{end}": ([], np.clip(value, 0.0, 1.0))
            for name, values in means.items()
            for end, value in zip(("", "_low", "_high"), values, strict=True)
        }
    )


def _medians(found: dict[str, dict[str, np.ndarray]], confidence: float) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return the median size and number of steps of each member and of the ensemble."""
    medians: dict[str, tuple[list[str], np.ndarray]] = {}
    kinds: dict[str, Callable[[dict[str, np.ndarray]], np.ndarray]] = {
        "fgsm_median": lambda piece: piece["size"],
        "pgd_median": lambda piece: np.where(np.isnan(piece["steps"]), np.inf, piece["steps"]),
    }
    for name, values in kinds.items():
        numbers = np.array([median_interval(values(piece), confidence) for piece in found.values()])
        medians |= {f"{name}{end}": ([POINT], numbers[:, place]) for place, end in enumerate(("", "_low", "_high"))}
    return medians


def median_interval(values: Float[np.ndarray, "example"], confidence: float) -> tuple[float, float, float]:
    """Return the median of numbers, infinities among them, with its interval from the order of the numbers.

    Between the j-th lowest and the j-th highest, with the largest j for which P(Binomial(n, 1/2) < j) is at most
    (1 - confidence) / 2; from the lowest to the highest where there are too few numbers for that.

    Source: Conover (1999), Practical Nonparametric Statistics, 3rd edition, section 3.2

    >>> median_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, np.inf]), 0.9)
    (5.0, 2.0, 8.0)
    """
    ordered = np.sort(values)
    number = len(ordered)
    rank = max(int(binom.ppf((1 - confidence) / 2, number, 0.5)), 1)
    lower, upper = ordered[(number - 1) // 2], ordered[number // 2]
    # Halfway to infinity is infinity; the difference of two would be no number.
    median = lower if lower == upper else (lower + upper) / 2
    return float(median), float(ordered[rank - 1]), float(ordered[number - rank])


attacks = Step(
    "attacks",
    "adversarial attacks",
    ("results/attacks",),
    _work,
    options=("confidence", "attack_examples", "attack_members", "attack_size", "attack_steps"),
    check=_check,
)
