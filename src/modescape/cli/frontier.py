"""`modescape frontier`: every way to get an ensemble, at equal budgets, and the one that is worth its compute."""

from typing import Any

from modescape.cli.options import COMPARISON, DATA, FRONTIER, MODEL, SHIFT, TRAINING, with_settings
from modescape.cli.shared import Config, Json, Output, Preset, Quiet, Resume
from modescape.cli.study import finished_study

OTHER_STEPS = ("perplexity", "corruptions", "corrupted", "shift_examples", "shift_members", "shift_samples")
"""Options of steps that this study has not."""


@with_settings(DATA, MODEL, TRAINING, COMPARISON, FRONTIER, SHIFT, without=OTHER_STEPS)
def frontier(
    *,
    output: Output = None,
    resume: Resume = False,
    config: Config = None,
    preset: Preset = None,
    quiet: Quiet = False,
    json: Json = False,
    **settings: Any,
) -> None:
    """Compare ways to get an ensemble, and recommend one.

    All have the same training budgets.
    A run of `study` or `train` is taken up by --resume: its members are the independent ones.

    Example: modescape frontier --data digits --model small-cnn --members 4 --methods snapshot,swag,mimo
    """
    given = {"output": output, "resume": resume, "config": config, "preset": preset}
    finished_study("frontier", given, settings, quiet=quiet, json=json)
