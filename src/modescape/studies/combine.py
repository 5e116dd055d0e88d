"""Combine predictions of any program into one: fitted on validation examples, scored on others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from modescape.combine import COMBINATIONS, Combination
from modescape.core.checks import check_choice
from modescape.core.progress import Progress, Silent
from modescape.evaluate.inputs import check_confidence
from modescape.studies.combined.attempts import CHOICES, MEAN, Result, Work, options_by_way, ways_to_try
from modescape.studies.combined.scored import WayScores, scores_of_ways
from modescape.studies.combined.sources import read_both, read_inputs
from modescape.studies.compared.scores import KINDS, Kind

TASK = "combine"


@dataclass(frozen=True, eq=False)
class Combined:
    """Predictions that were combined.

    Args:
        how: The way whose result this is; where all were asked for, or the best, the one that cross-validation within
            the validation examples found best.
        probabilities: The combined probabilities of the test examples.
        classes: Names of the classes.
        member_names: What members are called.
        weights: The members' weights, where they are the same for all examples.
        temperature: At which `probabilities` are; 1 where none was asked for.
        combination: What combines, ready for other examples; without the temperature.
        validation_nll: NLL of each way, cross-fitted within the validation examples; what the choice is made by.
        ways: Combined probabilities of each way that was asked for, at its temperature.
        table: Scores of each way, where test labels are known; empty otherwise.
        numbers: The number of each example, where files have it.
        notes: What a reader must know.
    """

    how: str
    probabilities: Float[np.ndarray, "example class"]
    classes: tuple[str, ...]
    member_names: tuple[str, ...]
    weights: Float[np.ndarray, "member"] | None
    temperature: float
    combination: Combination
    validation_nll: Mapping[str, float]
    ways: Mapping[str, Float[np.ndarray, "example class"]]
    table: tuple[WayScores, ...]
    numbers: np.ndarray | None
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all but the probabilities as plain values."""
        weights = None if self.weights is None else dict(zip(self.member_names, self.weights.tolist(), strict=True))
        return {
            "how": self.how,
            "num_examples": len(self.probabilities),
            "classes": list(self.classes),
            "members": list(self.member_names),
            "weights": weights,
            "temperature": self.temperature,
            "validation_nll": dict(self.validation_nll),
            "table": [row.as_dict() for row in self.table],
            "notes": list(self.notes),
        }


def combined_predictions(
    *sources: Any,
    how: str = MEAN,
    validation: Any = None,
    validation_labels: Any = None,
    labels: Any = None,
    inputs: Any = None,
    validation_inputs: Any = None,
    names: Sequence[str] | None = None,
    kind: Kind = "auto",
    options: Mapping[str, Any] | None = None,
    temperature: bool = False,
    confidence: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Combined:
    """Combine members' predictions into one; fit on validation examples, score on test examples.

    Everything that is learned, the choice of the way and the temperature too, comes from validation examples; that they
    are among the test examples is refused. `labels` are those of the test examples and only make the table.

    Args:
        *sources: Predictions for test examples: files, folders, runs, arrays, or mappings of names to arrays, as
            `modescape.compare` takes them.
        how: A way of `modescape.combine.COMBINATIONS`; `all` for every one that is possible; `best` for the one with
            the least NLL in cross-validation within the validation examples. `all` returns what `best` would.
        validation: The same members' predictions for validation examples, one source or a list; members are matched by
            name. Runs have their own.
        validation_labels: The true classes of the validation examples: a file or an array.
        labels: The true classes of the test examples, for scores only.
        inputs: What networks see of the test examples, for gating: a file or an array.
        validation_inputs: The same of the validation examples.
        names: What members are called, in the order of both, where files can't tell.
        kind: What numbers are: `auto`, `probabilities`, `logits` or `labels`.
        options: Options of ways by name, such as `{"trim": 0.1}`; each goes to all ways that have it.
        temperature: Whether to scale results by a temperature, fitted on cross-fitted validation predictions.
        confidence: Of all intervals.
        num_resamples: Bootstrap resamples of the test examples.
        seed: Seed of all that is drawn.
        progress: Told of each way; silent by default.

    Raises:
        ModescapeError: In one line, whatever is wrong, with file and row.

    >>> first = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> combined = combined_predictions({"a": first, "b": first[::-1]}, how="median", labels=[0, 1, 0])
    >>> combined.probabilities.round(2).tolist()
    [[0.75, 0.25], [0.2, 0.8], [0.75, 0.25]]
    >>> combined.table[1].how, combined.table[1].accuracy.value
    ('median', 1.0)
    """
    check_choice(how, (*COMBINATIONS, *CHOICES), "how")
    check_choice(kind, KINDS, "kind")
    check_confidence(confidence)
    test, held = read_both(
        sources, validation, labels=labels, validation_labels=validation_labels, names=names, kind=kind
    )
    ways, notes = ways_to_try(how, held, temperature=temperature)
    seen, held_seen = read_inputs(inputs, "inputs"), read_inputs(validation_inputs, "validation_inputs")
    work = Work(test, held, seen, held_seen, options_by_way(ways, options or {}), seed)
    results = _results(work, ways, progress or Silent(), temperature=temperature, is_judged=how in CHOICES)
    judged = {way: one.validation_nll for way, one in results.items() if one.validation_nll is not None}
    best = _chosen(how, judged)
    shown = results if how == "all" else {way: results[way] for way in dict.fromkeys((MEAN, best))}
    statistics = {"confidence": confidence, "num_resamples": num_resamples, "seed": seed}
    return Combined(
        how=best,
        probabilities=results[best].probabilities,
        classes=test.classes,
        member_names=test.member_names,
        weights=results[best].combination.weights,
        temperature=results[best].temperature,
        combination=results[best].combination,
        validation_nll=judged,
        ways={way: one.probabilities for way, one in shown.items()},
        table=() if test.labels is None else scores_of_ways(shown, test.labels, reference=MEAN, **statistics),
        numbers=test.numbers,
        notes=(*test.notes, *notes, *work.notes),
    )


def _results(
    work: Work, ways: Sequence[str], progress: Progress, *, temperature: bool, is_judged: bool
) -> dict[str, Result]:
    """Return what each way comes to."""
    work.check()
    progress.start(TASK, len(ways))
    results = {}
    for way in ways:
        results[way] = work.result(way, temperature=temperature, is_judged=is_judged)
        progress.advance(TASK, note=way)
    return results


def _chosen(how: str, judged: Mapping[str, float]) -> str:
    """Return the way that was asked for, or the one that validation examples prefer; of equal ones the simplest."""
    if how not in CHOICES:
        return how
    return min(judged, key=judged.__getitem__) if judged else MEAN
