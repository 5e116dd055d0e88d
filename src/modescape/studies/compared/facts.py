"""What a report says of a comparison: what was compared, and the command that does it again."""

import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any

from modescape.studies.compared.request import RECORD
from modescape.studies.settings import StudySettings, as_typed, flat_names

ASKED = ("seed", "data", "compare", "landscape", "differences", "alignment")
"""Sections of the settings that a comparison looks at."""


def comparison_facts(manifest: Mapping[str, Any], settings: StudySettings) -> dict[str, str]:
    """Describe in words what was compared.

    Args:
        manifest: That of the run.
        settings: Those that its results were made with.
    """
    record, data, model = manifest[RECORD], manifest.get("data", {}), manifest.get("model", {})
    members = record["members"]
    groups = Counter(member["member_group"] for member in members)
    listed = ", ".join(f"{group} ({count})" for group, count in groups.items())
    classes = f", {len(data['classes'])} classes" if data.get("classes") else ""
    source = f"{data['name']}, " if data.get("name") else ""
    parameters = f" ({model['num_parameters']:,} parameters)" if "num_parameters" in model else ""
    facts = {
        "compared": "weights and answers" if record["has_weights"] else "answers",
        "data": f"{source}{data.get('num_test', 0):,} test examples{classes}",
        "model": "" if settings.model.name == "files" else f"{settings.model.name}{parameters}",
        "members": str(len(members)),
        "groups": listed if len(groups) > 1 else "",
        "seed": str(settings.seed),
        "command": command_of_comparison(record, settings) or "",
    }
    return {name: value for name, value in facts.items() if value}


def command_of_comparison(record: Mapping[str, Any], settings: StudySettings) -> str | None:
    """Return the command that makes a comparison; there is none for Python objects.

    Args:
        record: What was compared, as the manifest has it.
        settings: With which settings.

    >>> from modescape.studies.compared.request import Request
    >>> record = Request(("a.npy", "b c.npy"), labels="y.csv").record(["a", "b c"], ["files"] * 2, has_weights=False)
    >>> command_of_comparison(record, StudySettings(compare={"confidence": 0.9}))
    "modescape compare a.npy 'b c.npy' --labels y.csv --confidence 0.9"
    """
    if record["objects"]:
        return None
    words = ["modescape", "compare", *record["sources"]]
    for one in record["architectures"]:
        words += ["--model", one["model"]]
        words += [
            word for name, value in one["options"].items() for word in ("--model-option", f"{name}={as_typed(value)}")
        ]
        words += ["--checkpoints", *one["checkpoints"]]
    for name in ("labels", "data"):
        words += [f"--{name}", record[name]] if record[name] else []
    if record["normalize"]:
        words += ["--normalize", *(",".join(map(str, numbers)) for numbers in record["normalize"])]
    for name in ("names", "groups"):
        words += [f"--{name}", ",".join(record[name])] if record[name] else []
    words += [] if record["kind"] == "auto" else ["--kind", record["kind"]]
    return shlex.join([*words, *_changed(settings, from_runs=bool(record["has_weights"] and record["sources"]))])


def _changed(settings: StudySettings, *, from_runs: bool) -> list[str]:
    """Return the options whose values are not the defaults."""
    default, words = StudySettings(), []
    for name, (section, *_) in flat_names().items():
        if section not in ASKED or name == "data" or (from_runs and section in ("data", "seed")):
            continue
        value = settings.value(name)
        if value == default.value(name) or value is None:
            continue
        option = f"--{name.replace('_', '-')}"
        words += [option if value else f"--no-{option[2:]}"] if isinstance(value, bool) else [option, str(value)]
    return words
