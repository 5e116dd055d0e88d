"""Made-up results that look like those of a real run, in the shapes that studies hand to the report."""

import numpy as np
import xarray as xr

from modescape.report import ReportContents
from report.alignment_samples import alignment
from report.chance_samples import LAYERS, chance
from report.class_samples import divided
from report.difference_samples import differences
from report.frontier_samples import frontiers
from report.geometry_samples import geometry
from report.landscape_samples import landscapes
from report.member_samples import members
from report.plane_samples import planes
from report.study_samples import compared

HOSTILE = "<script>alert(1)</script><b>bold</b> $x_{1 %{y} & \"quoted\" 'single'"
"""A name that would run, format, template or break something in every place that reads markup."""


def training(num_members=5, num_epochs=20, seed=0):
    """Return losses that fall and accuracies that rise; one member misses its last epochs."""
    generator = np.random.default_rng(seed)
    steps = np.arange(1, num_epochs + 1)
    noise = generator.normal(0, 0.02, (num_members, num_epochs))
    speed = generator.uniform(3.0, 5.0, (num_members, 1))
    loss = 0.15 + 2.1 * np.exp(-steps / speed) + noise * np.exp(-steps / 15)
    accuracy = 0.93 - 0.7 * np.exp(-steps / speed) + noise
    if num_members > 3:
        loss[-1, -4:] = accuracy[-1, -4:] = np.nan
    data = {"loss": (("member", "step"), loss), "validation_accuracy": (("member", "step"), accuracy)}
    return xr.Dataset(data, coords={"member": members(num_members), "step": steps})


def solutions(num_members=5, seed=0, disagreement=0.12, accuracy=0.92):
    """Return pairs of members around a mean disagreement, with intervals of 3 points."""
    generator = np.random.default_rng(seed)
    square = (num_members, num_members)

    def symmetric(mean, spread, diagonal):
        upper = np.triu(generator.normal(mean, spread, square), 1)
        return upper + upper.T + diagonal * np.eye(num_members)

    pairs = ("member", "member_other")
    middle = np.clip(symmetric(disagreement, 0.1 * disagreement, 0.0), 0, 1)
    rates = np.clip(generator.normal(accuracy, 0.01, num_members), 0, 1)
    data = {
        "cosine": (pairs, symmetric(0.012, 0.006, 1.0)),
        "disagreement": (pairs, middle),
        "disagreement_low": (pairs, np.clip(middle - 0.03, 0, 1)),
        "disagreement_high": (pairs, np.clip(middle + 0.03, 0, 1)),
        "accuracy": ("member", rates),
        "accuracy_low": ("member", rates - 0.025),
        "accuracy_high": ("member", rates + 0.025),
    }
    numbers = members(num_members)
    coords = {"member": numbers, "member_other": numbers}
    return xr.Dataset(data, coords=coords, attrs={"num_examples": 1797, "confidence": 0.95})


def trajectories(num_members=3, num_epochs=20, last=0.03):
    """Return checkpoints that turn fast at first and settle; the last two disagree on `last` of the examples."""
    steps = np.arange(num_epochs + 1)
    place = np.log1p(steps)
    gap = np.abs(place[:, None] - place[None, :])
    disagreement = last * gap / gap[-1, -2]
    disagreement = np.minimum(disagreement, 0.5)
    disagreement[0, 1:] = disagreement[1:, 0] = 0.9
    scale = 1 + 0.05 * np.arange(num_members)[:, None, None]
    dims = ("member", "step", "step_other")
    data = {
        "cosine": (dims, np.exp(-0.25 * gap[None] * scale)),
        "disagreement": (dims, np.minimum(disagreement[None] * scale, 1.0)),
    }
    coords = {"member": members(num_members), "step": steps, "step_other": steps}
    return xr.Dataset(data, coords=coords, attrs={"num_examples": 1797})


def embedding(num_members=3, num_epochs=20, seed=0):
    """Return paths that leave one place for different ones; one checkpoint is missing."""
    generator = np.random.default_rng(seed)
    time = np.linspace(0, 1, num_epochs + 1)[None, :, None]
    angle = 2 * np.pi * np.arange(num_members) / num_members + 0.4
    ends = 30 * np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None, :]
    bend = np.sin(3 * time) * 9 * np.stack([-np.sin(angle), np.cos(angle)], axis=1)[:, None, :]
    position = ends * np.sqrt(time) + bend + generator.normal(0, 0.5, (num_members, num_epochs + 1, 2))
    position[0, 4:5] = np.nan
    coords = {"member": members(num_members), "step": np.arange(num_epochs + 1), "axis": ["x", "y"]}
    data = {"position": (("member", "step", "axis"), position)}
    return xr.Dataset(data, coords=coords, attrs={"perplexity": 10.0, "seed": 0})


def ensemble(num_members=5, gains=(0.021, -0.11, -0.02, -0.012), half_width=0.4):
    """Return curves that level off; `gains` are those of the full ensemble, intervals +- `half_width` times them.

    A gain of 0 gets an interval of +- 0.01.
    """
    sizes = np.arange(1, num_members + 1)
    share = (1 - 1 / sizes) / (1 - 1 / max(num_members, 2))
    single = np.array([0.92, 0.31, 0.12, 0.034])[:, None]
    gain = np.array(gains)[:, None] * share[None]
    half = np.where(np.array(gains)[:, None] == 0, 0.01, half_width * np.abs(np.array(gains))[:, None]) * share[None]
    value, spread = single + gain, 0.06 * single
    dims = ("metric", "size")
    data = {
        "value": (dims, value),
        "low": (dims, value - spread * [[0.3], [1], [1], [1]]),
        "high": (dims, value + spread * [[0.3], [1], [1], [1]]),
        "gain": (dims, gain),
        "gain_low": (dims, gain - half),
        "gain_high": (dims, gain + half),
        "num_subsets": ("size", np.minimum(200, [number_of_subsets(num_members, size) for size in sizes])),
        "sampled": ("size", np.array([number_of_subsets(num_members, size) > 200 for size in sizes])),
    }
    attrs = {"confidence": 0.95, "num_resamples": 1000, "num_examples": 1797}
    return xr.Dataset(data, coords={"metric": ["accuracy", "nll", "brier", "ece"], "size": sizes}, attrs=attrs)


def number_of_subsets(num_members, size):
    """Return the binomial coefficient, cut so that it fits an integer."""
    number = 1
    for index in range(size):
        number = number * (num_members - index) // (index + 1)
    return min(number, 10**9)


def sample_contents(num_members=5, title="digits-mlp", notes=("Member 2 diverged in epoch 4 and is left out.",)):
    """Return the contents of the report of a plain overview."""
    return ReportContents(
        title=title,
        facts={
            "data": "digits, 1,000 training and 797 test examples",
            "model": "mlp (9,610 parameters)",
            "members": str(num_members),
            "engine": "vmap (1.9 x loop, measured)",
            "seed": "0",
            "trained": "2026-01-31 14:05, 41 s on 2 CPU cores",
            "command": "modescape study digits --model mlp --members 5 --epochs 20 --seed 0",
        },
        results={
            "training": training(num_members),
            "solutions": solutions(num_members),
            "trajectories": trajectories(),
            "embedding": embedding(),
            "ensemble": ensemble(num_members),
        },
        notes=notes,
    )


def whole_contents(title="cifar10-small-cnn"):
    """Return the contents of the report of a run with every step of the study."""
    contents = sample_contents(title=title)
    results = {**contents.results, **geometry(), **compared(), **landscapes(), **planes()}
    results |= {**differences(), **divided(), **chance(), "alignment": alignment(layers=LAYERS), **frontiers()}
    return ReportContents(title, contents.facts, results, contents.notes)
