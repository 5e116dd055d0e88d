"""Pieces of pages that several examples have: what was run, the answers, figures, and the fragment itself."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import modescape
from modescape.report.drawables import Drawing

NEWPARAGRAPH = "\n\n"


def figure_sections(run: modescape.Run, folder: Path, drawings: list[Drawing]) -> list[str]:
    """Copy figures as SVG, and return a section of Markdown for each."""
    sections = []
    for drawing in drawings:
        image = run.path / "figures" / f"{drawing.name}.svg"
        (folder / image.name).write_bytes(image.read_bytes())
        text = " ".join((drawing.shows, drawing.look_for, *drawing.found))
        sections.append(f"### {drawing.title}\n\n{text}\n\n![{drawing.alt}]({folder.name}/{image.name})")
    return sections


def write_sections(folder: Path, sections: dict[str, str]) -> None:
    """Write the fragment that the page of an example is made of."""
    text = NEWPARAGRAPH.join(f"## {title}\n\n{text}" for title, text in sections.items()) + "\n"
    (folder / "results.md").write_text(text, encoding="utf-8")


def facts_of(run: modescape.Run, command: str) -> dict[str, Any]:
    """Return what was run, on what, and how long it took."""
    manifest = run.manifest
    data = {name: manifest["data"][name] for name in ("num_train", "num_validation", "num_test")}
    versions = {name: manifest["versions"][name] for name in ("modescape", "python", "torch")}
    return {
        "command": command,
        "data": data,
        "num_parameters": manifest["model"]["num_parameters"],
        "engine": manifest["engine"]["reason"],
        "training_seconds": manifest["training"]["seconds"],
        "step_seconds": {name: step["seconds"] for name, step in manifest["steps"].items() if "seconds" in step},
        "machine": machine(),
        "versions": versions,
    }


def machine() -> str:
    """Describe this machine in words, without its name."""
    cores = f"{os.cpu_count()} CPU cores ({torch.backends.cpu.get_cpu_capability()})"
    return f"{torch.cuda.get_device_name()}, {cores}" if torch.cuda.is_available() else cores


def facts_lines(facts: dict[str, Any]) -> list[str]:
    """Return the facts as lines of Markdown."""
    data, versions = facts["data"], facts["versions"]
    steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in facts["step_seconds"].items())
    return [
        "```console",
        f"$ {facts['command']}",
        "```",
        "",
        f"- Data: {data['num_train']:,} training, {data['num_validation']:,} validation and {data['num_test']:,} test "
        "examples",
        f"- Network: {facts['num_parameters']:,} parameters",
        f"- Training, all members together: {facts['training_seconds']:,.0f} s ({facts['engine']})",
        *([f"- Comparison: {sum(facts['step_seconds'].values()):,.0f} s ({steps})"] if steps else []),
        f"- Machine: {facts['machine']}; modescape {versions['modescape']}, Python {versions['python']}, "
        f"torch {versions['torch']}",
    ]


def comparison_lines(facts: Mapping[str, str]) -> list[str]:
    """Return the facts of a comparison, whose members were not trained in it, as lines of Markdown."""
    told = [f"- {name[0].upper()}{name[1:]}: {text}" for name, text in facts.items() if name not in ("command", "seed")]
    return ["```console", f"$ {facts['command']}", "```", "", *told]


def answers_text(summary: dict[str, Any]) -> str:
    """Return the answers of the run as a reader sees them in the report."""
    paragraphs = []
    asked = (summary["different"], summary["worth_it"], summary.get("which"))
    for answer in (answer for answer in asked if answer is not None):
        paragraphs += [
            f"**{answer['question']} {answer['headline']}**",
            "\n".join(f"- {s}" for s in answer["sentences"]),
        ]
    return "\n\n".join([*paragraphs, *(f"Note: {note}" for note in summary["notes"])])
