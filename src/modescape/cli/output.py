"""What commands print on stdout: plain text, or JSON for other programs."""

import json
import shutil
import textwrap
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import typer

VERDICT_COLUMN = 17
"""Columns that the longest verdict on a claim, `does not hold`, takes with room on both sides."""


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_paragraphs(lines: Sequence[str], indent: str = "") -> None:
    """Print lines of text, wrapped at the width of the terminal."""
    width = _width()
    for line in lines:
        typer.echo(textwrap.fill(line, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False))


def shown_path(path: Path) -> str:
    """Return a path relative to here where it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose columns are as wide as their contents; numbers are given as text."""
    widths = [max(len(row[index]) for row in [headings, *rows]) for index in range(len(headings))]
    for row in [headings, *rows]:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())


def print_summary(run: Path, page: Path, summary: Any, *, quiet: bool, json: bool) -> None:
    """Print what was found in a run, as text or JSON, and where its report is."""
    if json:
        print_json({"run": str(run), "report": str(page), "summary": summary.as_dict()})
        return
    if not quiet:
        print_answers(summary)
        typer.echo()
    typer.echo(f"Report: {shown_path(page)}")


def print_answers(summary: Any) -> None:
    """Print the two answers of a run, what claims came to, and what a reader must know first."""
    for answer in summary.answers:
        typer.echo()
        print_paragraphs([f"{answer.question} {answer.headline}"])
        print_paragraphs(answer.sentences, indent="  ")
    print_claims(summary.claims)
    for note in summary.notes:
        print_paragraphs([f"Note: {note}"])


def print_claims(claims: Sequence[Any]) -> None:
    """Print the verdict on each claim beside its sentence, and its numbers below."""
    for heading, group in groupby(claims, key=lambda claim: claim.heading):
        typer.echo()
        print_paragraphs([f"{heading} (The marks are ours.)"])
        for claim in group:
            _print_beside(claim.words, [claim.sentence, claim.shown_numbers or claim.reason])


def _print_beside(word: str, lines: Sequence[str]) -> None:
    """Print lines in a column of their own, with a word to the left of the first."""
    width, indent = _width(), " " * VERDICT_COLUMN
    for number, line in enumerate(line for line in lines if line):
        first = f"  {word}".ljust(VERDICT_COLUMN) if number == 0 else indent
        typer.echo(textwrap.fill(line, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False))


def _width() -> int:
    """Return how wide text is printed: at most 100 columns."""
    return min(shutil.get_terminal_size((80, 24)).columns, 100)
