"""A cyclical SG-MCMC chain beside the independent members: as a trajectory, and as an ensemble."""

import math
from dataclasses import replace

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import METRIC, POINT, POINT_OTHER, SIZE
from modescape.core.errors import TrainingError
from modescape.core.seeds import Stream, derived_seed
from modescape.core.trees import Tree
from modescape.functions import decisions, disagreement_matrix
from modescape.studies.context import StudyContext
from modescape.studies.experiments import Experiment
from modescape.studies.step import LeftOutError, Step
from modescape.studies.steps.ensemble import size_curve
from modescape.train import TrainingTask, TrainSettings, cycle_of, sampling_epochs
from modescape.weights import cosine_matrix

CHAIN = 0
"""The only member of the experiment."""
PART = "chain"


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Run the chain, and lay its samples beside the solutions."""
    task = _task(context)
    choice = context.engine
    experiment = Experiment(PART, "cyclical SG-MCMC", task)
    try:
        experiment.train(context, replace(choice, group_size=1, workers=1))
    except TrainingError as error:
        raise LeftOutError(str(error)) from None
    steps = sampling_epochs(task.settings)
    samples = [context.run.read_weights(CHAIN, step, PART) for step in steps]
    solutions = [context.run.read_weights(member, context.solution_step(member)) for member in context.trained]
    predicted = _predicted(context, [*samples, *solutions])
    return {
        "results/chain": _matrices(context, task.settings, [*samples, *solutions], predicted),
        "results/chain-ensemble": _ensembles(context, predicted[: len(steps)], predicted[len(steps) :]),
    }


def _task(context: StudyContext) -> TrainingTask:
    """Return how the chain is run: on the same data and network, from a start of its own."""
    chain_settings = context.settings.chain
    settings = context.settings.train.changed(
        members=1,
        epochs=_epochs(context),
        optimizer="sghmc",
        schedule="cyclical",
        cycles=chain_settings.chain_cycles,
        learning_rate=chain_settings.chain_learning_rate,
        temperature=chain_settings.chain_temperature,
        trajectories=0,
        late_fraction=0.0,
        keep_best=False,
    )
    seed = derived_seed(context.settings.seed, Stream.LANGEVIN)
    return replace(context.task, settings=settings, seed=seed)


def _epochs(context: StudyContext) -> int:
    """Return the length of the chain: as asked, or as long as a member's training, made up to whole cycles."""
    settings = context.settings.chain
    cycles = settings.chain_cycles
    return settings.chain_epochs or cycles * math.ceil(context.settings.train.epochs / cycles)


def _predicted(context: StudyContext, trees: list[Tree]) -> Float[np.ndarray, "point example class"]:
    """Predict the test examples with each of the weights."""
    found = context.predictor(context.dataset.test).each(trees)
    return np.stack([probabilities.numpy() for probabilities in found])


def _matrices(
    context: StudyContext,
    settings: TrainSettings,
    trees: list[Tree],
    predicted: Float[np.ndarray, "point example class"],
) -> xr.Dataset:
    """Return cosine and disagreement between all samples and all solutions."""
    steps, members = sampling_epochs(settings), context.trained
    vectors = torch.stack([context.vector(tree) for tree in trees])
    chosen = decisions(predicted)
    cycles = [cycle_of(settings, step) + 1 for step in steps]
    names = [f"cycle {cycle}, epoch {step}" for cycle, step in zip(cycles, steps, strict=True)]
    names += [f"member {member}" for member in members]
    pair = [POINT, POINT_OTHER]
    return xr.Dataset(
        {
            "cosine": (pair, cosine_matrix(vectors).numpy()),
            "disagreement": (pair, disagreement_matrix(chosen)),
            "accuracy": ([POINT], (chosen == context.dataset.test.labels.numpy()).mean(axis=1)),
            "kind": ([POINT], ["chain"] * len(steps) + ["member"] * len(members)),
            "cycle": ([POINT], np.array([*cycles, *[-1] * len(members)])),
        },
        coords={POINT: names, POINT_OTHER: names},
        attrs={
            "num_examples": len(context.dataset.test),
            "epochs": settings.epochs,
            "cycles": settings.cycles,
            "confidence": context.settings.compare.confidence,
        },
    )


def _ensembles(
    context: StudyContext,
    samples: Float[np.ndarray, "member example class"],
    solutions: Float[np.ndarray, "member example class"],
) -> xr.Dataset:
    """Return the metrics of ensembles of samples, and of as many independent members where there are so many."""
    labels = context.dataset.test.labels.numpy()
    dataset = size_curve(context, samples, labels)
    independent = size_curve(context, solutions, labels)["value"]
    dataset["independent_value"] = independent.reindex({SIZE: dataset[SIZE]})
    return dataset.transpose(METRIC, SIZE)


chain = Step(
    "chain",
    "a cyclical SG-MCMC chain",
    ("results/chain", "results/chain-ensemble"),
    _work,
    options=(
        "chain_epochs",
        "chain_cycles",
        "chain_learning_rate",
        "chain_temperature",
        "confidence",
        "num_resamples",
        "max_subsets",
    ),
)
