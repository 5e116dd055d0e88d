"""The test examples on which members disagree most, with the vote of each member."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr

from modescape.core.axes import DISPUTE
from modescape.report.drawables import MISSING, Drawing, Examples, Gallery, Table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.figures.voted import DISPUTED, disputed_examples
from modescape.report.inputs import optional

NAME = "disputed"
TITLE = "Which examples do members dispute?"
MOST_SHOWN: Final = 24
"""Examples that are shown where the results do not say how many."""


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return the most disputed examples, each with its true class, the votes and their probabilities."""
    dataset, examples = results[DISPUTED], disputed_examples(results)
    score = optional(results, DISPUTED, "score", (DISPUTE,))
    shown = _most_disputed(dataset, score)
    score_name = str(dataset.attrs.get("score_name", ""))
    by = f" ({score_name})" if score_name else ""
    kind = "images" if examples.images is not None else "examples"
    panel = Gallery("", _alt(examples, shown), examples, shown)
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            f"The {len(shown)} test {kind} that {len(examples.members)} members dispute most{by}, each with the true "
            f"class, and for each answer who gave it and with which probability.{_limits(dataset, examples)}"
        ),
        look_for=(
            "Look whether you would know the answer: where you would not either, members differ because the example "
            "does; where you would, see which members are wrong together."
        ),
        panels=(panel,),
        table=_table(examples, shown, score),
        found=_found(examples, shown),
    )


def _most_disputed(dataset: xr.Dataset, score: xr.DataArray | None) -> tuple[int, ...]:
    """Return the numbers of the most disputed examples, the most disputed first."""
    number = min(int(dataset.attrs.get("disputed", MOST_SHOWN)), dataset.sizes[DISPUTE])
    order = np.arange(dataset.sizes[DISPUTE]) if score is None else np.argsort(-score.values, kind="stable")
    return tuple(int(place) for place in order[:number])


def _limits(dataset: xr.Dataset, examples: Examples) -> str:
    """Say what is not shown."""
    told, attrs = [], dataset.attrs
    if examples.images is not None and examples.images.shape[-1] not in (1, 3):
        told.append(f"Images have {examples.images.shape[-1]} channels; their mean is shown.")
    if "image_shown" in attrs:
        size, small = (" x ".join(str(int(side)) for side in attrs[name]) for name in ("image_size", "image_shown"))
        told.append(f"Images of {size} pixels are shown at {small}.")
    if examples.features is not None and attrs.get("num_features", 0) > len(examples.feature_names):
        told.append(f"The first {len(examples.feature_names)} of {attrs['num_features']:,} features are shown.")
    return "".join(f" {sentence}" for sentence in told)


def _found(examples: Examples, shown: tuple[int, ...]) -> tuple[str, ...]:
    """Say how often most and how often no member is right about these examples."""
    known = [one for one in shown if examples.labels[one] != MISSING]
    if not known:
        return ()
    right = (examples.votes[known] == examples.labels[known, None]).sum(axis=1)
    first = [examples.answers(one)[0] for one in known if examples.answers(one)]
    none = int((right == 0).sum())
    told = f"on {none} of them no member is right" if none else "on each of them some member is right"
    frequent = sum(one.is_true for one in first)
    return (f"The most frequent answer is right on {frequent} of these {len(known)} examples, and {told}.",)


def _alt(examples: Examples, shown: tuple[int, ...]) -> str:
    """Return the gallery in words, with the answers to its first example."""
    start = f"The {len(shown)} test examples that {len(examples.members)} members dispute most"
    if not shown:
        return f"{start}."
    one = shown[0]
    counts = [
        f"{examples.class_name(int(answer))} {int(count)}"
        for answer, count in zip(*np.unique(examples.votes[one], return_counts=True), strict=True)
    ]
    truth = f", true class {examples.class_name(int(examples.labels[one]))}" if examples.labels[one] != MISSING else ""
    return f"{start}; the first is {examples.titles[one]}{truth}, with votes {', '.join(counts)}."


def _table(examples: Examples, shown: tuple[int, ...], score: xr.DataArray | None) -> Table:
    """Return a row for each member and example that is shown."""
    number, members = len(shown), len(examples.members)
    places = np.repeat(np.array(shown, dtype=np.int64), members)
    who = np.tile(np.arange(members), number)
    votes = examples.votes[places, who]
    return Table(
        {
            "example": np.array([examples.titles[place].removeprefix("example ") for place in places], dtype=object),
            "score": np.full(len(places), np.nan) if score is None else score.values[places],
            "true_class": np.array(
                [examples.class_name(int(examples.labels[place])) for place in places], dtype=object
            ),
            "member": np.array([examples.members[member] for member in who], dtype=object),
            "answer": np.array([examples.class_name(int(vote)) for vote in votes], dtype=object),
            "probability": examples.confidence[places, who],
        }
    )


FIGURE = FigureKind(NAME, TITLE, (Need(DISPUTED, ("row", "vote"), {DISPUTE: 1}),), compute)
