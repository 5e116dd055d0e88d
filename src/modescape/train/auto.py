"""The choice of an engine, of groups and of threads, by measurement."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from modescape.core.errors import TrainingError
from modescape.train.engines import ENGINES
from modescape.train.precision import matmul_precision
from modescape.train.task import TrainingTask
from modescape.train.trial import Plan, Trial, compile_pays, plans_for


@dataclass(frozen=True)
class EngineChoice:
    """How members are trained, and why so.

    Args:
        engine: Name of the engine.
        group_size: Members trained together as one program.
        reason: One line for the user.
        member_steps_per_second: What each way reached in the trial; empty where none was needed.
        workers: Groups trained at the same time.
        threads: CPU threads of each worker; as many as PyTorch uses where there is none.
    """

    engine: str
    group_size: int
    reason: str
    member_steps_per_second: dict[str, float] = field(default_factory=dict)
    workers: int = 1
    threads: int | None = None

    def as_record(self) -> dict[str, object]:
        """Return the choice as plain values for the manifest."""
        return asdict(self)


def chosen_engine(task: TrainingTask) -> EngineChoice:
    """Return how to train: as the settings say, and the fastest in a trial of a few steps where they leave it open.

    Args:
        task: What is to be trained; the trial trains copies that are thrown away.

    Raises:
        TrainingError: If the settings name an engine that can't train this network.
    """
    with matmul_precision(task.settings.precision, task.device):
        named = task.settings.engine
        if named != "auto":
            return _as_set(task, named)
        if task.settings.members == 1:
            return _choice(plans_for(task, "loop")[0], "engine loop: one member")
        return _fastest(task)


def _as_set(task: TrainingTask, engine: str) -> EngineChoice:
    """Return the engine that the settings name, in one worker unless they say otherwise."""
    if engine != "loop":
        check_vectorises(task, engine)
    plan = plans_for(task, engine)[0]
    return _choice(plan, f"engine {plan.described}, as set")


def _choice(plan: Plan, reason: str, speeds: Mapping[Plan, float] | None = None) -> EngineChoice:
    """Return a plan as the choice."""
    record = {tried.described: speed for tried, speed in (speeds or {}).items()}
    return EngineChoice(plan.engine, plan.group_size, reason, record, plan.workers, plan.threads)


def _fastest(task: TrainingTask) -> EngineChoice:
    """Return the way that is fastest in a trial."""
    plans, aside = plans_for(task, "loop"), ""
    try:
        check_vectorises(task, "vmap")
        plans += plans_for(task, "vmap")
    except TrainingError as error:
        aside = f"; {error}".partition("; got")[0].replace("`engine` must be loop", "not vmap", 1)
    if len(plans) == 1:
        return _choice(plans[0], f"engine {plans[0].described}{aside}")
    trial = Trial(task)
    speeds = trial.speeds(plans)
    # Among the plans: a small group, timed in place of a large one, is not a way to train.
    best = max((plan for plan in plans if plan in speeds), key=lambda plan: speeds[plan])
    if compile_pays(task, best, speeds[best]):
        compiled = replace(best, engine="compile")
        speeds |= trial.compiled_speed(compiled)
        best = max(best, compiled, key=lambda plan: speeds.get(plan, 0.0))
    others = [plan for plan in speeds if plan.engine != best.engine] or [plan for plan in speeds if plan != best]
    second = max(others, key=lambda plan: speeds[plan])
    reason = (
        f"engine {best.described}: {speeds[best]:,.0f} member-steps a second in a trial, "
        f"{speeds[best] / speeds[second]:.1f} times {second.described}{aside}{_bf16_note(task, plans, speeds[best])}"
    )
    return _choice(best, reason, speeds)


def _bf16_note(task: TrainingTask, plans: Sequence[Plan], speed: float) -> str:
    """Say how much bf16 is worth here: on machines without instructions for it, it is slower."""
    if task.settings.precision != "bf16":
        return ""
    exact = replace(task, settings=task.settings.model_copy(update={"precision": "float32"}))
    return f"; bf16 is {speed / max(Trial(exact).speeds(plans).values()):.1f} times as fast as float32"


def check_vectorises(task: TrainingTask, engine: str) -> None:
    """Try one step of a vectorised engine and raise, with torch's reason, if it can't train this network.

    Raises:
        TrainingError: If it can't.
    """
    try:
        ENGINES[engine].begin(task, [0]).train_epoch(0, num_steps=1)
    except TrainingError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise TrainingError(
            f"`engine` must be loop for {task.recipe.name}, which torch.func can't vectorise ({reason}); "
            f"got {engine!r}. Pass --engine loop, or auto."
        ) from error
