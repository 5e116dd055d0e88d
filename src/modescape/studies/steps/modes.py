"""Clusters of functions, and how many modes there are: those that were found, and those that were not."""

from dataclasses import asdict
from math import isfinite

import numpy as np
import xarray as xr
from jaxtyping import Float

from modescape.core.axes import MEMBER, MERGE, POINT, STEP, THRESHOLD
from modescape.core.errors import StoreError
from modescape.evaluate import Richness, richness
from modescape.functions import Dendrogram, clusters, decisions, dendrogram, disagreement_matrix
from modescape.studies.context import StudyContext
from modescape.studies.step import LeftOutError, Step
from modescape.studies.steps.answers import answers_of
from modescape.train import late_steps

THRESHOLDS = 40
"""Thresholds at which modes are counted, beside the chosen one."""
LATE_QUANTILE = 0.975
"""Of the disagreement between late checkpoints of a trajectory, below which two functions count as one mode."""
BEYOND = 1.05
"""Thresholds go this share beyond the last merge."""
NUMBERS = [
    "num_modes",
    "singletons",
    "doubletons",
    "chao1",
    "chao1_low",
    "chao1_high",
    "coverage",
    "coverage_low",
    "coverage_high",
]


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Cluster the members by their disagreement, and count modes at many thresholds."""
    answers = answers_of(context.run)
    if len(answers.decisions) < 2:
        raise LeftOutError("One member has no other to be the same as. Train or pass more members.")
    confidence = context.settings.compare.confidence
    differ = disagreement_matrix(answers.decisions)
    tree = dendrogram(differ)
    threshold, source = _threshold(context, differ)
    top = BEYOND * max(float(tree.height.max()), threshold)
    thresholds = np.unique(np.append(np.linspace(0.0, top, THRESHOLDS), threshold))
    found = [richness(clusters(tree, limit), confidence=confidence) for limit in thresholds]
    at = found[int(np.searchsorted(thresholds, threshold))]
    mode = clusters(tree, threshold)
    dataset = xr.Dataset(
        {
            **{name: ([MERGE], getattr(tree, name)) for name in ("left", "right", "height", "size")},
            "leaf": ([POINT], tree.leaves),
            "mode": ([POINT], mode[tree.leaves]),
            "member_mode": ([MEMBER], mode),
            **{name: ([THRESHOLD], np.array([getattr(each, name) for each in found])) for name in NUMBERS},
        },
        coords={**answers.coords(), THRESHOLD: thresholds},
        attrs={
            "threshold": threshold,
            "threshold_source": source,
            "verdict": _verdict(at, tree, threshold, confidence),
            "num_examples": answers.num_examples,
            "num_members": len(answers.decisions),
            "confidence": confidence,
            **{f"at_threshold_{name}": value for name, value in asdict(at).items() if isfinite(value)},
        },
    )
    return {"results/modes": dataset}


def _threshold(context: StudyContext, differ: Float[np.ndarray, "member member_other"]) -> tuple[float, str]:
    """Return the disagreement up to which functions are one mode, and where it comes from."""
    chosen = context.settings.differences.same_mode
    if chosen is not None:
        return chosen, "as set by same_mode"
    late = _late_disagreements(context)
    resolution = 0.5 / context.run.arrays("predictions/test").sizes["example"]
    if late.size:
        measured = max(float(np.quantile(late, LATE_QUANTILE)), resolution)
        return measured, (
            f"measured: the {100 * LATE_QUANTILE:g} % quantile of the disagreements of {late.size} pairs of late "
            "checkpoints of the same training"
        )
    smallest = float(differ[np.triu_indices(len(differ), 1)].min())
    return max(smallest / 2, resolution), (
        "half the smallest disagreement between members, since no training run was kept to measure it: members count "
        "as one mode only if they never differ"
    )


def _late_disagreements(context: StudyContext) -> Float[np.ndarray, "pair"]:
    """Return the disagreements between late checkpoints of each trajectory that was kept; none where none was."""
    try:
        kept = context.run.arrays("predictions/trajectories")
    except StoreError:
        return np.zeros(0)
    late = [step for step in late_steps(context.settings.train) if step in kept[STEP].values]
    chosen = decisions(kept["probability"].sel({STEP: late}).to_numpy())
    pairs = np.triu_indices(len(late), 1)
    return np.concatenate([disagreement_matrix(path)[pairs] for path in chosen])


def _verdict(found: Richness, tree: Dendrogram, threshold: float, confidence: float) -> str:
    """Say in words how many modes there are."""
    percent = f"{100 * threshold:.1f} %"
    if not isfinite(found.chao1):
        return (
            f"All {found.num_members} members are modes of their own at a threshold of {percent} (the closest two join "
            f"at {100 * tree.height[0]:.1f} %): there are more modes than can be seen with so many members, at least "
            f"{found.chao1_low:.0f} with a confidence of {100 * confidence:g} %."
        )
    return (
        f"{found.num_members} members are in {found.num_modes} mode{'s' * (found.num_modes != 1)} at a threshold of "
        f"{percent}; there are an estimated {found.chao1:.1f} ({found.chao1_low:.1f} to {found.chao1_high:.1f}), and a "
        f"new member would land in one of those seen with a probability of {found.coverage:.2f} "
        f"({found.coverage_low:.2f} to {found.coverage_high:.2f})."
    )


modes = Step(
    "modes",
    "clusters of functions, and how many modes there are",
    ("results/modes",),
    _work,
    needs=("predictions",),
    options=("confidence", "same_mode"),
)
