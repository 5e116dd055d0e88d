"""Comparison of what others have made: prediction files, checkpoints of any network, and runs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from torch import nn

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.data import Dataset
from modescape.store import Run
from modescape.store.foreign_tensors import TENSOR_SUFFIXES
from modescape.studies.checkpoints import RunCheckpoints
from modescape.studies.compared.architectures import Checkpoint, Model, architectures
from modescape.studies.compared.context import AnswersContext
from modescape.studies.compared.gathered import Gathered, gathered, shown_data
from modescape.studies.compared.naming import member_coords
from modescape.studies.compared.reconciled import common_frame, predictions_dataset
from modescape.studies.compared.request import RECORD, Request, is_place, recorded_request
from modescape.studies.compared.scaling import Normalize, parsed_normalize
from modescape.studies.compared.scores import KINDS, Kind
from modescape.studies.comparison import ANSWERS, STEPS
from modescape.studies.context import StudyContext
from modescape.studies.runs import check_output, found_run, interruptible, new_run, record_asked, start
from modescape.studies.settings import StudySettings, flat_names, nested
from modescape.studies.step import Step, run_steps, with_needs
from modescape.studies.steps.groups import SEPARATE, groups
from modescape.train import EngineChoice, MemberOutcome, TrainingTask

TRAINING_SETTINGS = ("device",)
"""Settings of training that mean something where nothing is trained."""
STEP = 1
"""The only checkpoint of each member; 0 would be its initialisation, which is not known."""


def compare(
    *sources: Any,
    labels: Any = None,
    data: str | Dataset | None = None,
    model: Model | Sequence[Model] | None = None,
    checkpoints: Sequence[Checkpoint] | Sequence[Sequence[Checkpoint]] = (),
    model_options: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    normalize: Normalize | None = None,
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    kind: Kind = "auto",
    output: str | Path | None = None,
    resume: bool = False,
    only: str | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Run:
    """Compare prediction files, checkpoints and runs; return the comparison as a run.

    Args:
        *sources: Prediction files (.npy, .npz, .csv, .parquet), folders of them, runs, arrays of predictions
            (example, class), or mappings of names to arrays. Arrays of one more axis in front hold many members, arrays
            (example,) hold answers.
        labels: The true classes: a file, or an array; where files or `data` hold them, they may be left out.
        data: What checkpoints are tested on: a source such as `parquet:DIR`, or a `Dataset`.
        model: The network of the checkpoints: a name, `package.module:function`, a function that builds it, or the
            network itself; a list of them to compare several.
        checkpoints: Files of `torch.save` or safetensors, state dicts, or networks; a list for each model.
        model_options: Keyword arguments of the function; a list of them for several models.
        normalize: Mean and standard deviation that inputs are scaled by, pixels counted from 0 to 1: numbers, or lists
            with one number a channel.
        names: What members are called, or sources.
        groups: A group for each source, to compare groups; runs and architectures are groups of their own.
        kind: What the numbers of files are, where they can't tell: `probabilities`, `logits` or `labels`.
        output: The run's folder; runs/<time>-<name> by default.
        resume: Go on with the comparison at `output`.
        only: Do only this step, and those it needs.
        progress: Told of all long work; silent by default.
        **settings: Any setting of `DataSettings`, `CompareSettings`, `DifferencesSettings` and others by name.

    Raises:
        ModescapeError: In one line, whatever is wrong, with file and row.

    >>> import tempfile
    >>> import numpy as np
    >>> first = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = compare({"a": first, "b": first[::-1]}, labels=[0, 1, 0], output=f"{folder}/run")
    ...     round(run.arrays("results/solutions")["disagreement"].item(0, 1), 3)
    0.0
    """
    listener, place = progress or Silent(), None if output is None else Path(output)
    check_choice(kind, KINDS, "kind")
    _check_settings(settings)
    if resume:
        given = (*sources, labels, data, model, normalize, names, groups, *checkpoints)
        if any(one is not None for one in given):
            rule, advice = "be left out where a comparison is resumed", "Start a new one with another --output"
            raise ArgumentError("sources", rule, Quoted("something to compare"), advice)
        context = _resumed(place, settings, listener)
    else:
        models, files, options = _paired(model, checkpoints, model_options)
        places, files = _checkpoints_apart(sources, models, files)
        request = Request(
            sources=tuple(places),
            labels=labels,
            data=data,
            architectures=tuple(architectures(models, files, options)),
            normalize=None if normalize is None else parsed_normalize(normalize),
            names=None if names is None else tuple(names),
            groups=None if groups is None else tuple(groups),
            kind=kind,
        )
        context = _begun(request, settings, place, only, listener)
    with interruptible(context.run):
        _compared(context, only)
    return context.run


def _begun(
    request: Request, settings: Mapping[str, Any], output: Path | None, only: str | None, progress: Progress
) -> StudyContext:
    """Read everything, and make the run when nothing was refused."""
    chosen = StudySettings(**nested({**settings, "study": "compare"}))
    check_output(output)
    found = gathered(request, chosen, progress)
    _chosen_steps(only, has_weights=found.trees is not None, is_shared=found.frame is not None)
    run = new_run(found.settings, output)
    record = request.record(found.member_names, found.member_groups, has_weights=found.trees is not None)
    run.record(RECORD, record)
    _record_subject(run, found)
    _keep(run, found)
    return _context(run, found.settings, found, progress)


def _resumed(output: Path | None, settings: Mapping[str, Any], progress: Progress) -> StudyContext:
    """Find a comparison again, with what it holds already."""
    run, chosen = found_run(output, nested(settings))
    record = run.manifest.get(RECORD)
    if record is None:
        advice = "Go on with it by modescape study --resume, or name it as a source"
        raise ArgumentError("output", "be a comparison", Quoted(f"the run {run.path}"), advice)
    chosen = chosen.changed(study="compare")
    if not _is_kept(run, record):
        found = replace(gathered(recorded_request(record), chosen, progress), settings=chosen)
        _keep(run, found)
        return _context(run, chosen, found, progress)
    if record["has_weights"] and not record["objects"]:
        return start({"study": "compare", **nested(settings)}, output=run.path, resume=True, progress=progress)
    data = None if record["objects"] else shown_data(recorded_request(record), chosen, run, progress)
    return AnswersContext(run, chosen, cast("TrainingTask", None), progress, data=data)


def _context(run: Run, settings: StudySettings, found: Gathered, progress: Progress) -> StudyContext:
    """Return what steps need."""
    if found.task is not None:
        return StudyContext(run, settings, found.task, progress)
    return AnswersContext(run, settings, cast("TrainingTask", None), progress, data=found.dataset)


def _compared(context: StudyContext, only: str | None) -> None:
    """Do the steps that are not done."""
    run = context.run
    run.set_status("comparing")
    record_asked(run, context.settings)
    has_weights = run.manifest[RECORD]["has_weights"]
    is_shared = has_weights or run.has_arrays("predictions/test")
    steps = _chosen_steps(only, has_weights=has_weights, is_shared=is_shared)
    run_steps(steps, context)
    run.set_status("finished")


def _chosen_steps(only: str | None, *, has_weights: bool, is_shared: bool) -> list[Step]:
    """Return the steps that what is compared allows, or one of them with those that it needs."""
    allowed = STEPS if has_weights else ANSWERS if is_shared else (groups,)
    steps = list(allowed)
    if not has_weights:
        # Predictions that are not made here are there from the start.
        steps = [replace(step, needs=tuple(need for need in step.needs if need != "predictions")) for step in steps]
    if only is None:
        return steps
    check_choice(only, [step.name for step in steps], "only")
    return with_needs(steps, only)


def _keep(run: Run, found: Gathered) -> None:
    """Keep the weights of members in the run, or else what they answer."""
    if found.trees is not None:
        for member, tree in enumerate(found.trees()):
            run.write_weights(member, STEP, tree)
        outcomes = [MemberOutcome(member, "trained", STEP, (), (), 0.0) for member in range(len(found.member_names))]
        RunCheckpoints(run).save_outcomes("compared", outcomes)
        return
    manifest = run.manifest
    if found.frame is not None:
        coords = member_coords(manifest, range(len(found.member_names)))
        run.write_arrays("predictions/test", predictions_dataset(found.blocks, found.frame, coords))
        return
    start_at = 0
    for number, block in enumerate(found.blocks):
        members = range(start_at, start_at + len(block.names))
        coords = member_coords(manifest, members)
        dataset = predictions_dataset([block], common_frame([block], [], block.classes), coords)
        run.write_arrays(f"{SEPARATE}{number:03d}", dataset.assign_coords(member=list(members)))
        start_at = members.stop


def _is_kept(run: Run, record: Mapping[str, Any]) -> bool:
    """Say whether a run holds the weights or the answers of all its members."""
    number = len(record["members"])
    if record["has_weights"]:
        return len(run.manifest["members"]) == number
    held = [name for name in run.array_names() if name.startswith("predictions/")]
    return sum(run.arrays(name).sizes["member"] for name in held) == number


def _record_subject(run: Run, found: Gathered) -> None:
    """Note what is compared, in the places where runs of trained members have it."""
    dataset = found.dataset
    classes = found.frame.classes if found.frame is not None else found.blocks[0].classes or ()
    subject: dict[str, Any] = {"classes": list(classes), "num_test": found.blocks[0].num_examples}
    if dataset is not None:
        subject |= {
            "name": dataset.name,
            "input_shape": list(dataset.input_shape),
            "num_train": len(dataset.train),
            "num_validation": len(dataset.validation),
        }
    if found.task is not None and dataset is not None:
        subject["fingerprint"] = dataset.fingerprint
        number = sum(parameter.numel() for parameter in found.task.network(0).parameters())
        run.record("model", {"name": found.settings.model.name, "num_parameters": number})
        objects = [name for name in run.manifest[RECORD]["objects"] if name in ("data", "model")]
        run.record("objects", dict.fromkeys(objects, True))
    run.record("data", subject)
    run.record(
        "engine", EngineChoice("loop", 1, "nothing was trained here: members are compared as they are").as_record()
    )
    run.record("machine", {"training_device": found.settings.train.device})


def _paired(
    model: Any, checkpoints: Sequence[Any], options: Any
) -> tuple[list[Model], list[list[Checkpoint]], list[Mapping[str, Any]]]:
    """Return models, the checkpoints of each and the options of each, as lists of one length."""
    many = isinstance(model, Sequence) and not isinstance(model, str)
    models: list[Any] = list(model) if many else ([] if model is None else [model])
    if isinstance(checkpoints, str | Path | Mapping | nn.Module):
        got = Quoted("one checkpoint")
        raise ArgumentError("checkpoints", "be a list", got, "Put it into a list")
    nest = [list(one) for one in checkpoints] if many else [list(checkpoints)]
    if not models and nest != [[]]:
        got, advice = Quoted("nothing"), "Pass --model package.module:function, or a built-in name"
        raise ArgumentError("model", "name the network of the checkpoints", got, advice)
    chosen: list[Any] = list(options) if many and options is not None else [dict(options or {}) for _ in models]
    return models, nest if models else [], chosen


def _checkpoints_apart(
    sources: Sequence[Any], models: Sequence[Model], files: list[list[Checkpoint]]
) -> tuple[list[Any], list[list[Checkpoint]]]:
    """Return the sources without those that are checkpoints of the one model, and all checkpoints."""
    if len(models) != 1:
        return list(sources), files
    are = [is_place(source) and str(source).endswith(TENSOR_SUFFIXES) for source in sources]
    others = [source for source, is_checkpoint in zip(sources, are, strict=True) if not is_checkpoint]
    more = [source for source, is_checkpoint in zip(sources, are, strict=True) if is_checkpoint]
    return others, [[*more, *one] for one in files]


def _check_settings(settings: Mapping[str, Any]) -> None:
    """Raise if a setting is one of training, which there is none of."""
    places = flat_names()
    for name, value in settings.items():
        if name in places and places[name][0] == "train" and name not in TRAINING_SETTINGS:
            advice = "Train members with modescape study"
            raise ArgumentError(name, "be left out where nothing is trained", value, advice)
