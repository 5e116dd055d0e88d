"""A run from settings to results: made or found again, trained, and compared."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from modescape.core.errors import ArgumentError, ModescapeError, Quoted, StoreError
from modescape.core.progress import Progress, Silent
from modescape.core.seeds import Stream, derived_seed
from modescape.data import Dataset, load_dataset
from modescape.models import Recipe
from modescape.models import recipe as named_recipe
from modescape.store import Run, catalogue
from modescape.store.runs import is_run
from modescape.studies.catalogue import steps_of
from modescape.studies.checkpoints import RunCheckpoints
from modescape.studies.compared.resumed import check_holds_weights, scaled_as_compared
from modescape.studies.context import StudyContext
from modescape.studies.costs import measured
from modescape.studies.settings import StudySettings, flat_names, merged
from modescape.studies.step import Step, run_steps
from modescape.train import EngineChoice, TrainingTask, chosen_device, chosen_engine, train_members

RUNS = Path("runs")
"""Where runs go unless the user says otherwise."""
FIXED_SECTIONS = ("seed", "data", "model", "train")
"""Settings that a run keeps for life; the others may change when it is resumed."""


def new_run(settings: StudySettings, output: Path | None) -> Run:
    """Make a run on disk: at `output`, or at runs/<time>-<name>.

    Raises:
        StoreError: If something is there already, or can't be written.
    """
    name = f"{_slug(settings.data.source)}-{_slug(settings.model.name)}"
    if output is None:
        stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        output = _unused(RUNS / f"{stamp}-{name}")
    return Run.create(output, name=output.name or name, settings=settings.model_dump(mode="json"))


def found_run(output: Path | None, asked: Mapping[str, Any]) -> tuple[Run, StudySettings]:
    """Find the run to resume and its settings: at `output`, or the newest unfinished one in runs/.

    Args:
        output: The run's folder.
        asked: Nested settings that the user has given now; those that shape the training must agree with the run's.

    Raises:
        StoreError: If there is no run to resume.
        ArgumentError: If a setting differs from the run's.
    """
    if output is None:
        runs = catalogue(RUNS) if RUNS.is_dir() else []
        unfinished = [found for found in runs if found.status not in {"finished", "damaged"}]
        if not unfinished:
            raise StoreError("`--resume` must find an unfinished run in runs/; got none. Pass --output RUN.")
        output = unfinished[0].path
    run = Run.open(output)
    kept = settings_of(run)
    chosen = StudySettings(**merged(kept.model_dump(mode="json"), asked))
    _check_unchanged(kept, chosen)
    return run, chosen


def settings_of(run: Run) -> StudySettings:
    """Return the settings that the results of a run were made with: those it began with, or what was asked since."""
    return StudySettings(**merged(run.settings, run.manifest.get("asked", {})))


def trained_run(context: StudyContext) -> None:
    """Train the members of a run that are not trained yet.

    Raises:
        TrainingError: If every member diverges.
    """
    run, task = context.run, context.task
    if len(context.outcomes) == context.settings.train.members:
        _ = context.trained
        return
    _record_subject(context)
    choice = _engine_choice(context)
    context.progress.say(choice.reason)
    run.set_status("training")
    with measured() as cost:
        train_members(task, choice, RunCheckpoints(run), progress=context.progress)
    before = run.manifest.get("training", {})
    cost.seconds += before.get("seconds", 0.0)
    cost.peak_mib = max(cost.peak_mib, before.get("peak_mib", 0.0))
    run.record("training", cost.as_record())
    run.clear_states()
    run.set_status("trained")


@contextmanager
def interruptible(run: Run) -> Iterator[None]:
    """Keep other processes away from a run, and note it in the manifest when the work inside is cut short."""
    with run.lock():
        try:
            yield
        except BaseException as error:
            # Whatever keeps the note from being written, the first error is the one to show.
            with suppress(StoreError):
                run.set_status("failed" if isinstance(error, Exception) else "interrupted")
            raise


def compared_run(context: StudyContext, only: str | None = None) -> None:
    """Do the steps of the study that are not done; what was asked is kept for the next --resume, unless refused."""
    before, asked = settings_of(context.run), context.settings
    if only is None:
        context.run.set_status("comparing")
    record_asked(context.run, asked)
    try:
        run_steps(steps_of(asked.study, only), context)
    except ModescapeError:
        # A setting that a step refuses should not be what the next --resume begins with; the study itself may be.
        record_asked(context.run, before.changed(study=asked.study))
        raise
    if only is None:
        context.run.set_status("finished")


def record_asked(run: Run, settings: StudySettings) -> None:
    """Note the settings that may change in the life of a run."""
    run.record("asked", settings.model_dump(mode="json", exclude=set(FIXED_SECTIONS)))


def start(
    settings: Mapping[str, Any],
    *,
    output: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    dataset: Dataset | None = None,
    recipe: Recipe | None = None,
    only: str | None = None,
) -> StudyContext:
    """Make a run, or find the one to resume.

    Args:
        settings: Nested settings; what is missing has its default.
        output: The run's folder; runs/<time>-<name> by default.
        resume: Go on with a run instead of making one.
        progress: Told of all long work.
        dataset: Data to use in place of what the settings name.
        recipe: Network to use in place of what the settings name; its options are those of the settings.
        only: The one step that will be asked for; checked here, before anything is done.

    Raises:
        ArgumentError: If a setting is wrong.
        DataError: If the data can't be read.
        ModelError: If the network can't be built or does not fit the data.
        StoreError: If the run can't be made or found.
    """
    listener = progress or Silent()
    objects = [name for name, given in (("data", dataset), ("model", recipe)) if given is not None]
    if resume:
        run, chosen = found_run(output, settings)
        steps = steps_of(chosen.study, only)
        _check_objects(run, objects)
        check_holds_weights(run, chosen.study)
        task = scaled_as_compared(run, loaded_task(chosen, progress=listener, dataset=dataset, recipe=recipe))
        _check_same_data(run, task)
        _check_steps(steps, chosen, task)
        return StudyContext(run, chosen, task, listener)
    chosen = StudySettings(**settings)
    steps = steps_of(chosen.study, only)
    check_output(output)
    task = loaded_task(chosen, progress=listener, dataset=dataset, recipe=recipe)
    task.check()
    _check_steps(steps, chosen, task)
    choice = chosen_engine(task)
    # Made last, so that nothing is left on disk when any of the above is refused.
    run = new_run(chosen, output)
    run.record("engine", choice.as_record())
    if objects:
        run.record("objects", dict.fromkeys(objects, True))
    return StudyContext(run, chosen, task, listener)


def loaded_task(
    settings: StudySettings, *, progress: Progress, dataset: Dataset | None = None, recipe: Recipe | None = None
) -> TrainingTask:
    """Load the data and find the network that settings name, or take those given."""
    options = settings.model.options
    network = replace(recipe, options=options) if recipe else named_recipe(settings.model.name, options)
    chosen_device(settings.train.device)
    data = dataset or load_dataset(settings.data, seed=settings.seed, progress=progress)
    return TrainingTask(network, data, settings.train, settings.seed, settings.data.augment == "crop-flip")


def _engine_choice(context: StudyContext) -> EngineChoice:
    """Return the engine chosen when training began, or choose one now and note it."""
    known = context.run.manifest.get("engine")
    if known:
        return EngineChoice(**known)
    choice = chosen_engine(context.task)
    context.run.record("engine", choice.as_record())
    return choice


def _record_subject(context: StudyContext) -> None:
    """Note what is trained on what, where, and from which seeds."""
    dataset, network = context.dataset, context.task.network(0)
    context.run.record(
        "data",
        {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "classes": list(dataset.classes),
            "input_shape": list(dataset.input_shape),
            "num_train": len(dataset.train),
            "num_validation": len(dataset.validation),
            "num_test": len(dataset.test),
        },
    )
    members, seed = range(context.settings.train.members), context.settings.seed
    initial = {str(member): derived_seed(seed, Stream.INITIALISATION, member) for member in members}
    context.run.record("seeds", {"run": seed, "initialisation": initial})
    context.run.record("machine", {"training_device": str(context.task.device)})
    num_parameters = sum(parameter.numel() for parameter in network.parameters())
    context.run.record("model", {"name": context.task.recipe.name, "num_parameters": num_parameters})


def _check_same_data(run: Run, task: TrainingTask) -> None:
    """Raise if the data has changed since the run was made."""
    known = run.manifest.get("data", {}).get("fingerprint")
    if known is not None and known != task.dataset.fingerprint:
        raise StoreError(
            f"`data` must be what the run was made with; got other contents from {task.dataset.name}. "
            "Restore it, or start a new run with another --output."
        )


def _check_steps(steps: Sequence[Step], settings: StudySettings, task: TrainingTask) -> None:
    """Raise if a step of the study can't have what the settings ask for."""
    for step in steps:
        if step.check is not None:
            step.check(settings, task)


def check_output(output: Path | None) -> None:
    """Raise if no run can be made at a path, before time is spent on data and a trial of engines.

    Raises:
        ArgumentError: If there is a run or a file already.

    >>> check_output(Path("nowhere"))
    """
    got = ""
    if output is not None and is_run(output):
        got = f"the run {output}"
    elif output is not None and output.is_file():
        got = f"the file {output}"
    if got:
        advice = "Choose another folder, or go on with a run by --resume"
        raise ArgumentError("output", "be a folder that is new or empty", Quoted(got), advice)


def _check_objects(run: Run, given: list[str]) -> None:
    """Raise if a run was made with Python objects that are not there now."""
    for name in run.manifest.get("objects", {}):
        if name not in given:
            raise ArgumentError(
                name,
                "be the Python object that the run was made with",
                Quoted("none"),
                f"Resume it from Python: study({name}=..., output=..., resume=True)",
            )


def _check_unchanged(kept: StudySettings, chosen: StudySettings) -> None:
    """Raise if a setting that shapes the training differs from that of the resumed run."""
    for name, (section, *field) in flat_names().items():
        known, value = getattr(kept, section), getattr(chosen, section)
        if field:
            known, value = getattr(known, field[0]), getattr(value, field[0])
        if section in FIXED_SECTIONS and value != known:
            raise ArgumentError(
                name,
                f"be {'left out' if known is None else repr(known)}, as in the run that is resumed",
                value,
                "Leave it out, or start a new run with another --output",
            )


def _unused(path: Path) -> Path:
    """Return a path, or one like it with a number if it is taken: two runs may begin in the same second."""
    numbered = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return next(candidate for candidate in chain([path], numbered) if not candidate.exists())


def _slug(text: str) -> str:
    """Return the telling end of a name such as `parquet:data/mnist`, safe in a folder's name."""
    short = Path(text.rpartition(":")[2]).name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", short).strip("-.")[:40] or "run"
