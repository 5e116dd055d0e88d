"""Ways to train, and a short trial of each."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from modescape.train.engine import Group
from modescape.train.engines import ENGINES
from modescape.train.places import placed
from modescape.train.task import TrainingTask

TRIAL_ROUNDS = 5
TRIAL_SECONDS = 0.1
"""Each way is timed in turn, in rounds of about so many seconds or one step; the best round counts, because whatever
else the machine does only ever makes a round slower."""
PROBE_MEMBERS = 3
"""Members of the small group that tells what further members would cost."""
CLEARLY_FASTER = 2.0
"""A lead that no further round would turn: ways so far behind are not timed again."""
COMPILE_SECONDS = 30.0
"""What compiling takes, or less. It is tried where it would pay even if it only saved a third of the time."""
COMPILE_SAVES = 1 / 3


@dataclass(frozen=True)
class Plan:
    """A way to train.

    Args:
        engine: Name of the engine.
        group_size: Members trained together as one program.
        workers: Groups trained at the same time.
        threads: CPU threads of each.
        num_groups: Groups in all.
    """

    engine: str
    group_size: int
    workers: int
    threads: int | None
    num_groups: int

    @property
    def num_rounds(self) -> int:
        """How many times over the workers take a group each."""
        return -(-self.num_groups // self.workers)

    @property
    def described(self) -> str:
        """The plan in a few words.

        >>> Plan("vmap", 13, 2, 1, 2).described
        'vmap, 2 groups of 13 at a time'
        """
        if self.workers == 1:
            return self.engine
        what = "members" if self.group_size == 1 else f"groups of {self.group_size}"
        return f"{self.engine}, {self.workers} {what} at a time"


def plans_for(task: TrainingTask, engine: str) -> list[Plan]:
    """Return the ways to train with an engine, within the settings; the first is in one worker, unless they say so.

    The cores of a CPU are shared out to as many workers as there are members or cores, or to half or a quarter as
    many; each GPU is one worker.
    """
    settings, cores = task.settings, torch.get_num_threads()
    members, gpus = settings.members, len(task.devices)
    if settings.workers is not None:
        counts = [settings.workers]
    elif task.device.type != "cpu":
        counts = [gpus]
    else:
        # One after the other where each draws from the same global generators.
        most = 1 if task.noise.uncontrolled else min(members, cores)
        counts = sorted({1, *(max(1, most // part) for part in (1, 2, 4))})
    limit = ENGINES[engine].group_size(task)
    plans = []
    for workers in counts:
        at_once = min(workers, members)
        num_groups = max(-(-members // limit), at_once)
        # Said also for one worker: a run that is resumed in another environment then rounds as it did before.
        threads = settings.threads or (max(1, cores // at_once) if task.device.type == "cpu" else None)
        size = -(-members // num_groups)
        plans.append(Plan(engine, size, at_once, threads, -(-members // size)))
    return plans


class Trial:
    """Times ways to train a task, on copies of its members that are thrown away.

    Args:
        task: What is to be trained.
    """

    def __init__(self, task: TrainingTask) -> None:
        self.task = task

    def speeds(self, plans: Sequence[Plan]) -> dict[Plan, float]:
        """Return the member-steps a second of each: the best of several rounds, in which they take turns.

        Ways that can't be the fastest, to judge by the others, are left out.
        """
        groups: dict[Plan, list[Group]] = {}
        speeds: dict[Plan, float] = {}
        for plan in plans:
            if _is_hopeless(plan, speeds):
                continue
            if slower := self._slower(plan, speeds):
                speeds |= slower
                continue
            groups[plan] = self._groups(plan)
            self._speed(plan, groups[plan], 1)
            speeds[plan] = self._speed(plan, groups[plan], 1)
            if plan not in _near(speeds):
                # Once more: a hiccup of the machine should not decide.
                speeds[plan] = max(speeds[plan], self._speed(plan, groups[plan], 1))
            groups = {near: groups[near] for near in _near(speeds) if near in groups}
        num_steps = {plan: self._num_steps(plan, speed) for plan, speed in speeds.items()}
        for _ in range(TRIAL_ROUNDS):
            near = [plan for plan in _near(speeds) if plan in groups]
            if len(near) == 1 and len(plans) > 1:
                break
            for plan in near:
                speeds[plan] = max(speeds[plan], self._speed(plan, groups[plan], num_steps[plan]))
        return speeds

    def compiled_speed(self, plan: Plan) -> dict[Plan, float]:
        """Return the speed of a compiled plan over the whole training, the time to compile included."""
        start = time.perf_counter()
        try:
            speed = self.speeds([plan])[plan]
        except Exception:
            return {}
        num_steps = num_member_steps(self.task)
        return {plan: num_steps / (num_steps / speed + time.perf_counter() - start)}

    def _slower(self, plan: Plan, speeds: Mapping[Plan, float]) -> dict[Plan, float]:
        """Return the speed of a small group if further members would each take longer than they do in other ways.

        A step of a large group of large networks takes seconds and gigabytes, only to learn that it is slow.
        """
        if not speeds or plan.group_size <= PROBE_MEMBERS:
            return {}
        small = [replace(plan, group_size=size, workers=1, num_groups=1) for size in (1, PROBE_MEMBERS)]
        one, some = (self._seconds(probe) for probe in small)
        each = max(some - one, 1e-9) / (PROBE_MEMBERS - 1)
        if plan.workers / each > max(speeds.values()):
            return {}
        return {small[1]: PROBE_MEMBERS / some}

    def _seconds(self, plan: Plan) -> float:
        """Return the seconds of a step of one group, the better of two."""
        groups, places = self._groups(plan), self._places(plan)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            placed([partial(_train, groups[0], 1)], places, plan.threads)
            seconds.append(time.perf_counter() - start)
        return min(seconds[1:])

    def _groups(self, plan: Plan) -> list[Group]:
        """Begin as many groups as are trained at the same time."""
        size, members = plan.group_size, self.task.settings.members
        starts = range(0, min(members, size * plan.workers), size)
        begin = ENGINES[plan.engine].begin
        places = self._places(plan)
        return [
            begin(self.task.at(place), range(start, min(start + size, members)))
            for start, place in zip(starts, places, strict=False)
        ]

    def _places(self, plan: Plan) -> list[torch.device]:
        """Return where each worker works."""
        devices = self.task.devices
        return [devices[index % len(devices)] for index in range(plan.workers)]

    def _num_steps(self, plan: Plan, speed: float) -> int:
        """Return how many steps take about as long as a round should."""
        num_steps = TRIAL_SECONDS * speed * plan.num_rounds / self.task.settings.members
        return int(min(max(num_steps, 1), self.task.steps_per_epoch))

    def _speed(self, plan: Plan, groups: Sequence[Group], num_steps: int) -> float:
        """Return the member-steps a second of the whole ensemble, from those of the groups trained at once."""
        jobs: list[Callable[[torch.device], None]] = [partial(_train, group, num_steps) for group in groups]
        start = time.perf_counter()
        placed(jobs, self._places(plan)[: len(groups)], plan.threads)
        seconds = time.perf_counter() - start
        return self.task.settings.members * num_steps / (seconds * plan.num_rounds)


def _is_hopeless(plan: Plan, speeds: Mapping[Plan, float]) -> bool:
    """Say whether a plan would be slower than another even if each of its workers were as fast as one alone."""
    alone = [speed for known, speed in speeds.items() if known.engine == plan.engine and known.workers == 1]
    return bool(alone) and plan.workers * alone[0] < max(speeds.values())


def _near(speeds: Mapping[Plan, float]) -> list[Plan]:
    """Return the plans that could still turn out to be the fastest."""
    return [plan for plan, speed in speeds.items() if CLEARLY_FASTER * speed >= max(speeds.values())]


def _train(group: Group, num_steps: int, device: torch.device) -> None:
    """Train some steps and wait for the device."""
    group.train_epoch(0, num_steps)
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def num_member_steps(task: TrainingTask) -> int:
    """Return the steps of all members in the whole training."""
    return task.settings.members * task.settings.epochs * task.steps_per_epoch


def compile_pays(task: TrainingTask, best: Plan, speed: float) -> bool:
    """Say whether compiling is worth a try: the training is long, and what is compiled would not be a slower way.

    Convolutions on a CPU are not, because there each member's are done one after the other.
    """
    if best.engine == "loop" and task.device.type == "cpu":
        return False
    return num_member_steps(task) / speed * COMPILE_SAVES > COMPILE_SECONDS
