"""Whether two solutions differ only by a permutation of their units: before and after they are aligned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import ALIGNMENT, LAYER, PAIR, PLACE
from modescape.core.seeds import Stream, derived_seed
from modescape.core.trees import Tree, ravel
from modescape.data import Examples
from modescape.landscapes import Estimate, examples_of, has_running_statistics, path_statistics, renewed
from modescape.landscapes import Examples as PathExamples
from modescape.landscapes.repair import Repair, between
from modescape.landscapes.resampling import interval_of, resampled_means
from modescape.studies.context import StudyContext
from modescape.studies.landscapes import check_pairs, landscape_examples, member_pairs, weights_of
from modescape.studies.step import LeftOutError, Step
from modescape.weights import layer_geometry, layers_of
from modescape.weights.alignment import Alignment, Balance, aligned, balance, unit_correlations
from modescape.weights.symmetry import Symmetry, UnsupportedGraphError, symmetry_of

TASK = "alignment"
REPAIR = "+repair"
MATCHED = ("none", "scale", "weights", "activations")
"""What is aligned: nothing, the scale of each unit, or scale and units, matched by weights or by activations."""
ALIGNMENTS = ("none", "none+repair", "scale", "weights", "activations", "weights+repair", "activations+repair")
BATCH_SIZE = 128
REPAIR_BATCH_SIZE = 500
TRACED = 4
"""Examples that trace the network."""
ALONG = ("loss", "accuracy", "agreement_first", "agreement_second")
ESTIMATES = ("barrier_loss", "barrier_accuracy", "midpoint_disagreement")


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Align the members of each pair, and walk from one to the other."""
    pairs = member_pairs(context)
    symmetry = _symmetry(context)
    names = [name for name in ALIGNMENTS if name != "scale" or symmetry.scalings]
    context.progress.start(TASK, len(pairs) * len(names))
    dataset = cast("xr.Dataset", xr.concat([_pair(_Pair(context, symmetry, pair), names) for pair in pairs], PAIR))
    dataset.attrs = {
        "num_examples": len(landscape_examples(context)),
        "num_training_examples": len(_training(context)),
        "confidence": context.settings.compare.confidence,
        "starts": context.settings.alignment.align_starts,
        "seed": context.settings.seed,
        "groups": ", ".join(f"{name} ({group.size})" for name, group in symmetry.groups.items()),
        "num_units": sum(int(np.prod(symmetry.shape(name))) for name in symmetry.groups),
        "scaled": "yes" if symmetry.scalings else "no",
        "repair": "batch norm renewed" if has_running_statistics(context.network) else "units rescaled",
    }
    return {"results/alignment": dataset}


def _symmetry(context: StudyContext) -> Symmetry:
    """Return which units may be exchanged.

    Raises:
        LeftOutError: If the network is not understood, or nothing in it can be exchanged.
    """
    inputs = context.dataset.prepare(context.dataset.test.inputs[:TRACED])
    try:
        found = symmetry_of(context.network, inputs)
    except UnsupportedGraphError as error:
        raise LeftOutError(str(error)) from None
    if not found.groups:
        raise LeftOutError("The network has no units that could be exchanged.")
    return found


def _training(context: StudyContext) -> Examples:
    """Return the training examples for activation matching and REPAIR."""
    return context.sample_of(context.dataset.train, context.settings.alignment.align_examples)


@dataclass(frozen=True)
class _Pair:
    """Two members, and what they become."""

    context: StudyContext
    symmetry: Symmetry
    members: tuple[int, int]

    @cached_property
    def ends(self) -> tuple[Tree, Tree]:
        """The weights of both."""
        first, second = (weights_of(self.context, member) for member in self.members)
        return first, second

    @cached_property
    def alignments(self) -> dict[str, Alignment]:
        """The second member, aligned in each way."""
        return {name: self._aligned(name) for name in MATCHED}

    @cached_property
    def balance(self) -> Balance:
        """Both without the scales of their units."""
        return balance(*self.ends, self.symmetry)

    def _aligned(self, name: str) -> Alignment:
        """Align the second member in one way."""
        settings = self.context.settings
        return aligned(
            *self.ends,
            self.symmetry,
            parameters=self.context.parameter_names,
            method="weights" if name == "weights" else "activations" if name == "activations" else "none",
            scale=name != "none" and self.balance,
            batches=self.batches(_training(self.context), BATCH_SIZE),
            starts=settings.alignment.align_starts,
            seed=derived_seed(settings.seed, Stream.ALIGNMENT, *self.members),
        )

    def batches(self, examples: Examples, size: int) -> list[Tensor]:
        """Return inputs as the network sees them."""
        return [self.context.dataset.prepare(inputs) for inputs in examples.inputs.split(size)]

    def trees(self, name: str, places: Float[np.ndarray, "place"]) -> Iterator[Tree]:
        """Yield the networks along the straight line to the aligned second member, repaired or not."""
        first, second = self.ends[0], self.alignments[name.removesuffix(REPAIR)].weights
        line = (between(first, second, float(place)) for place in places)
        if not name.endswith(REPAIR):
            return line
        dataset, training = self.context.dataset, _training(self.context)
        if has_running_statistics(self.context.network):
            return renewed(self.context.network, line, training.inputs, prepare=dataset.prepare)
        repair = Repair(self.symmetry, first, second, self.batches(training, REPAIR_BATCH_SIZE))
        return (repair.at(float(place)) for place in places)

    def unit_correlations(self, name: str) -> dict[str, float]:
        """Return for each layer that writes units their mean correlation with those at their places."""
        batches = self.batches(landscape_examples(self.context), BATCH_SIZE)
        second = self.alignments[name].weights
        found = unit_correlations(self.ends[0], second, self.symmetry, batches)
        return {weight.rpartition(".")[0] or weight: float(each.mean()) for weight, each in found.items()}

    def layer_cosines(self, name: str) -> Float[np.ndarray, "layer"]:
        """Return the cosine of the weights of each layer."""
        trees = [self._parameters(tree) for tree in (self.ends[0], self.alignments[name].weights)]
        return layer_geometry(trees).cosine[:, 0, 1]

    def distance(self, name: str) -> float:
        """Return the distance between the parameters of both."""
        trees = [self._parameters(tree) for tree in (self.ends[0], self.alignments[name].weights)]
        return float((ravel(trees[0]).double() - ravel(trees[1]).double()).norm())

    def _parameters(self, tree: Tree) -> Tree:
        """Return the parameters alone."""
        return {name: tree[name] for name in self.context.parameter_names}


def _pair(pair: _Pair, names: Sequence[str]) -> xr.Dataset:
    """Return what is found between two members, before and after."""
    places = np.linspace(0.0, 1.0, pair.context.settings.alignment.align_points)
    walks = {}
    for name in names:
        walks[name] = _walk(pair, name, places)
        pair.context.progress.advance(TASK, note=f"members {pair.members[0]} and {pair.members[1]}, {name}")
    disagreement = _disagreement(pair.context, walks["none"].decisions)
    found = {name: _numbers(pair, name, walks[name], places) for name in names}
    layers = list(layers_of({name: pair.ends[0][name] for name in pair.context.parameter_names}))
    single = [column for column in found["none"] if column not in ALONG]
    return xr.Dataset(
        {
            **{name: ([PAIR, ALIGNMENT, PLACE], _stacked(found, name)) for name in ALONG},
            **{name: ([PAIR, ALIGNMENT], _stacked(found, name)) for name in single},
            **{name: ([PAIR], np.array([value])) for name, value in _named("disagreement", disagreement).items()},
            **_by_layer(pair, names, layers),
        },
        coords={
            PAIR: [f"{pair.members[0]}-{pair.members[1]}"],
            ALIGNMENT: list(names),
            PLACE: places,
            LAYER: layers,
        },
    )


def _walk(pair: _Pair, name: str, places: Float[np.ndarray, "place"]) -> PathExamples:
    """Predict along the way from the first member to the aligned second one."""
    examples = landscape_examples(pair.context)
    predictions = pair.context.predictor(examples).each(pair.trees(name, places))
    return examples_of(predictions, examples.labels.numpy())


def _numbers(pair: _Pair, name: str, walk: PathExamples, places: Float[np.ndarray, "place"]) -> dict[str, Any]:
    """Return the numbers of one alignment."""
    compare, seed = pair.context.settings.compare, pair.context.settings.seed
    found = path_statistics(
        walk.losses,
        walk.correct,
        walk.decisions,
        places,
        num_resamples=compare.num_resamples,
        confidence=compare.confidence,
        seed=seed,
    )
    middle = int(np.abs(places - 0.5).argmin())
    matched, decisions = name.removesuffix(REPAIR), walk.decisions
    return {
        "loss": found.loss.value,
        "accuracy": found.accuracy.value,
        "agreement_first": (decisions == decisions[0]).mean(axis=1),
        "agreement_second": (decisions == decisions[-1]).mean(axis=1),
        "cosine": pair.alignments[matched].cosine_after,
        "distance": pair.distance(matched),
        **_named("barrier_loss", found.barrier),
        **_named("barrier_accuracy", found.accuracy_drop),
        **_named("midpoint_disagreement", _disagreement(pair.context, decisions[[0, middle]])),
    }


def _disagreement(context: StudyContext, decisions: np.ndarray) -> Estimate:
    """Return on which share of the examples the first and the last of some networks differ, with its interval."""
    compare, differ = context.settings.compare, (decisions[0] != decisions[-1]).astype(np.float64)
    means = resampled_means(differ[None], num_resamples=compare.num_resamples, seed=context.settings.seed)
    return Estimate(differ.mean(), *interval_of(means[0], compare.confidence))


def _by_layer(pair: _Pair, names: Sequence[str], layers: list[str]) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return cosines and correlations of units layer by layer; repair changes neither of the ends."""
    matched = [name.removesuffix(REPAIR) for name in names]
    cosines = {name: pair.layer_cosines(name) for name in set(matched)}
    units = {name: pair.unit_correlations(name) for name in set(matched)}
    correlations = {name: [found.get(layer, np.nan) for layer in layers] for name, found in units.items()}
    dims = [LAYER, PAIR, ALIGNMENT]
    return {
        column: (dims, np.stack([np.asarray(found[name]) for name in matched], axis=1)[:, None])
        for column, found in (("layer_cosine", cosines), ("unit_correlation", correlations))
    }


def _stacked(found: dict[str, dict[str, Any]], column: str) -> np.ndarray:
    """Return one number of all alignments of one pair."""
    return np.stack([np.asarray(numbers[column], dtype=np.float64) for numbers in found.values()])[None]


def _named(name: str, estimate: Estimate) -> dict[str, Any]:
    """Return an estimate and the ends of its interval by their names."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


alignment = Step(
    "alignment",
    "alignment of two solutions",
    ("results/alignment",),
    _work,
    needs=("predictions",),
    options=(
        "pairs",
        "landscape_examples",
        "align_starts",
        "align_examples",
        "align_points",
        "confidence",
        "num_resamples",
    ),
    check=check_pairs,
)
