"""From a run to what its report needs.

The report's room is imported where it is used: training should not wait for the plotting libraries.
"""

import json
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from modescape.core.axes import POINT
from modescape.core.errors import StoreError
from modescape.store import Run
from modescape.studies.cells import OPTIONS, place_of
from modescape.studies.checkpoints import outcomes_of
from modescape.studies.compared.facts import comparison_facts
from modescape.studies.compared.request import RECORD
from modescape.studies.presets import STUDY_DEFAULTS
from modescape.studies.runs import settings_of
from modescape.studies.settings import StudySettings, as_typed, flat_names, merged

if TYPE_CHECKING:
    from modescape.report import ReportContents, Summary

RESULTS = (
    "training",
    "solutions",
    "trajectories",
    "embedding",
    "ensemble",
    "subspaces",
    "plane",
    "methods",
    "radial",
    "paths",
    "shift",
    "foreign",
    "sources",
    "chain",
    "chain-ensemble",
    "solutions-plane",
    "random-plane",
    "trajectory-plane",
    "curve-plane",
    "lines",
    "curvature",
    "minima",
    "layers",
    "shapes",
    "null",
    "pairs",
    "disputed",
    "votes",
    "classes",
    "three-class",
    "modes",
    "alignment",
    "representations",
    "attacks",
    "groups",
    "frontier",
    "returns",
)
"""The results that the report draws, in its order."""


NOTED = ("frontier", "returns")
"""Results with notes of their own."""
COSTS_OF = {"training": "training curves"}
"""Steps that are called otherwise among the costs, where the training of the members comes first."""


def has_results(run: Run) -> bool:
    """Say whether a run holds anything that a report can show."""
    return bool(_held(run))


def _held(run: Run) -> list[str]:
    """Return the results that a run holds, without those that its steps have not made again with other settings."""
    made = {name for step in run.manifest.get("steps", {}).values() for name in step.get("outputs", ())}
    return [name for name in RESULTS if f"results/{name}" in made and run.has_arrays(f"results/{name}")]


def report_run(run: Run, directory: Path | None = None) -> Path:
    """Write the report of a run and return the path of its HTML file.

    Args:
        run: A run with results.
        directory: Where to write; the run's own folder by default.

    Raises:
        StoreError: If the run has no results yet, or the folder can't be written.
    """
    from modescape.report import write_report  # noqa: PLC0415

    return write_report(report_contents(run), directory or run.path)


def summarise_run(run: Run) -> "Summary":
    """Return the answers of a run: are its members different, and is the ensemble worth it?"""
    from modescape.report import summarise  # noqa: PLC0415

    return summarise(report_contents(run))


def report_contents(run: Run) -> "ReportContents":
    """Read from a run all that its report shows; what is damaged is left out and named.

    Raises:
        StoreError: If the run has no results yet.
    """
    from modescape.report import ReportContents  # noqa: PLC0415

    results, notes = {}, [outcome.note for outcome in outcomes_of(run).values() if outcome.note]
    for name in _held(run):
        try:
            results[name] = run.arrays(f"results/{name}")
        except StoreError as error:
            notes.append(f"{error}")
    if not results:
        command = "compare" if RECORD in run.manifest else "study"
        raise StoreError(
            f"`run` must hold results; got none in {run.path}. "
            f"Finish it with modescape {command} --resume --output {shlex.quote(str(run.path))}."
        )
    steps = run.manifest.get("steps", {})
    notes += [f"{name} is left out: {step['left_out']}" for name, step in steps.items() if step.get("left_out")]
    notes += [note for name in NOTED if name in results for note in json.loads(results[name].attrs["notes"])]
    costs = _costs(run)
    if costs.sizes[POINT] > 1:
        results["costs"] = costs
    return ReportContents(title=run.name, facts=_facts(run), results=results, notes=notes)


def _costs(run: Run) -> xr.Dataset:
    """Return wall time and peak memory of the training and of each step, as the manifest has them."""
    steps = {name: step for name, step in run.manifest.get("steps", {}).items() if "seconds" in step}
    known = {"training": run.manifest.get("training", {})}
    known |= {COSTS_OF.get(name, name): cost for name, cost in steps.items()}
    columns = {
        name: ([POINT], np.array([float(cost.get(name, math.nan)) for cost in known.values()]))
        for name in ("seconds", "peak_mib")
    }
    return xr.Dataset(columns, coords={POINT: list(known)})


def _facts(run: Run) -> dict[str, str]:
    """Describe in words what was run."""
    manifest, settings = run.manifest, settings_of(run)
    if RECORD in manifest:
        return comparison_facts(manifest, settings)
    data, model = manifest.get("data", {}), manifest.get("model", {})
    facts = {
        "data": f"{settings.data.source} ({data['num_train']:,} training, {data['num_validation']:,} validation, "
        f"{data['num_test']:,} test examples, {len(data['classes'])} classes)",
        "model": f"{settings.model.name} ({model['num_parameters']:,} parameters)",
        "members": str(settings.train.members),
        "epochs": str(settings.train.epochs),
        "engine": manifest.get("engine", {}).get("reason", ""),
        "training": f"{manifest.get('training', {}).get('seconds', 0.0):,.0f} seconds",
        "seed": str(settings.seed),
        "command": "" if manifest.get("objects") else (command_of(settings.model_dump(mode="json")) or ""),
    }
    return {name: value for name, value in facts.items() if value}


def command_of(settings: dict[str, Any]) -> str | None:
    """Return the command that makes a run with these settings; defaults are left out.

    There is none where a limit is taken away that is there by default, or an option of the network is varied that the
    run's own members do without: only Python and a settings file can say so.

    >>> command_of(StudySettings(seed=3).model_dump(mode="json"))
    'modescape study --seed 3'
    """
    study = {"study": settings["study"]}
    defaults = StudySettings(**merged(STUDY_DEFAULTS.get(settings["study"], {}), study)).model_dump(mode="json")
    vary = settings["shapes"]["vary"]
    said = _always_said(vary)
    if any(place_of(name) == OPTIONS and name not in settings["model"]["options"] for name in vary):
        return None
    words = ["modescape", "study", *([] if settings["study"] == StudySettings().study else [settings["study"]])]
    for name, path in flat_names().items():
        value = _at(settings, path)
        if name == "study" or (value == _at(defaults, path) and name not in said):
            continue
        if value is None:
            return None
        words += _option(name, value)
    return shlex.join(words)


def _always_said(vary: Mapping[str, Any]) -> set[str]:
    """Return the settings that a command names even where they are defaults, which cells would change."""
    return {"vary", "trajectories", "model_options", *vary} if vary else set()


def _option(name: str, value: Any) -> list[str]:
    """Return a setting as it is typed."""
    option = "--" + name.replace("_", "-")
    if name in {"model_options", "method_options"}:
        typed = option.removesuffix("s")
        return [word for key, choice in value.items() for word in (typed, f"{key}={as_typed(choice)}")]
    if name == "vary":
        lists = {key: ",".join(as_typed(choice, listed=True) for choice in choices) for key, choices in value.items()}
        return [word for key, text in lists.items() for word in ("--vary", f"{key}={text}")]
    if isinstance(value, bool):
        return [option if value else f"--no-{option[2:]}"]
    return [option, str(value)]


def _at(settings: dict[str, Any], path: tuple[str, ...]) -> Any:
    """Return the setting at a path."""
    for name in path:
        settings = settings[name]
    return settings
