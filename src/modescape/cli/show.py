"""`modescape show`: what one run holds, and whether it is whole."""

from datetime import datetime
from typing import Any

import typer

from modescape.cli.output import print_answers, print_json, print_paragraphs, print_table
from modescape.cli.shared import Json, RunPath
from modescape.core.errors import StoreError


def show(*, run: RunPath, json: Json = False) -> None:
    """Show what a run holds and found, and check its files.

    Example: modescape show runs/digits
    """
    from modescape.store import Run  # noqa: PLC0415 - not needed for --help
    from modescape.studies import summarise_run  # noqa: PLC0415

    opened = Run.open(run)
    manifest, damage = opened.manifest, opened.damage()
    try:
        summary = summarise_run(opened)
    except StoreError:
        summary = None
    if json:
        answers = summary.as_dict() if summary else None
        print_json({"run": str(opened.path), "manifest": manifest, "damage": damage, "summary": answers})
        return
    settings = manifest["settings"]
    print_paragraphs(
        [
            f"{manifest['name']}: {manifest['status']}, created {_moment(manifest['created'])}",
            f"data: {settings['data']['source']}, model: {settings['model']['name']}, seed: {settings['seed']}",
            manifest.get("engine", {}).get("reason", "engine: not chosen yet"),
        ]
    )
    typer.echo()
    print_table(*(compared_rows(manifest) if "compared" in manifest else member_rows(manifest)))
    if summary:
        print_answers(summary)
    typer.echo()
    print_paragraphs([f"Damaged: {line}" for line in damage] or ["All files are whole."])


def compared_rows(manifest: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the headings and rows of a table of members that were made elsewhere.

    >>> members = [{"member_name": "a.npy", "member_group": "files"}]
    >>> compared_rows({"compared": {"members": members}})[1]
    [['0', 'a.npy', 'files']]
    """
    members = manifest["compared"]["members"]
    rows = [[str(number), *(one[key] for key in ("member_name", "member_group"))] for number, one in enumerate(members)]
    return ["member", "name", "group"], rows


def member_notes(manifest: dict[str, Any]) -> list[str]:
    """Return what happened to members that a reader must know, such as a divergence."""
    return [record["note"] for record in manifest.get("members", {}).values() if record["note"]]


def _moment(iso: str) -> str:
    """Return a stored time to the second, in the time zone of this machine."""
    return datetime.fromisoformat(iso).astimezone().isoformat(" ", "seconds")


def member_rows(manifest: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the headings and rows of a table of members."""
    rows = []
    for member, record in sorted(manifest.get("members", {}).items(), key=lambda item: int(item[0])):
        loss = f"{record['losses'][-1]:.3f}" if record["losses"] else "-"
        accuracies = [value for value in record["accuracies"] if value is not None]
        accuracy = f"{accuracies[-1]:.1%}" if accuracies else "-"
        rows.append([member, record["status"], loss, accuracy, f"{record['seconds']:,.1f} s"])
    return ["member", "status", "loss (nats)", "validation", "time"], rows
