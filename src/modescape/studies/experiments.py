"""Further training inside a study: members that belong to an experiment and not to the ensemble."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from modescape.core.progress import Progress
from modescape.core.trees import Tree
from modescape.store import Run
from modescape.studies.checkpoints import RunCheckpoints
from modescape.studies.context import StudyContext
from modescape.train import EngineChoice, MemberOutcome, TrainingTask, chosen_engine, task_key, train_members


@dataclass(frozen=True)
class Experiment:
    """Members trained in a way of their own, kept in a part of the run.

    Args:
        part: Name of that part.
        title: What it is, in a few words.
        task: How they are trained.
        known: Members of the task that are trained elsewhere.
        steps: The checkpoints that are kept, in epochs trained; all that the settings ask for where there are none.
    """

    part: str
    title: str
    task: TrainingTask
    known: tuple[int, ...] = ()
    steps: tuple[int, ...] | None = None

    def train(self, context: StudyContext, choice: EngineChoice | None = None) -> dict[int, MemberOutcome]:
        """Train the members that are not trained yet, and return how they ended; what other settings gave goes first.

        Args:
            context: The run.
            choice: How they are trained; measured for this task, and noted in the run, where it is left out.

        Raises:
            TrainingError: If all of them diverge.
        """
        _begin(context.run, self.part, self.task, self.steps)
        checkpoints = _Beside(context.run, self.part, self.known, self.steps)
        choice = choice or self._measured(context)
        outcomes = train_members(self.task, choice, checkpoints, progress=Titled(context.progress, self.title))
        context.run.clear_states(self.part)
        return {outcome.member: outcome for outcome in outcomes if outcome.member not in self.known}

    def _measured(self, context: StudyContext) -> EngineChoice:
        """Return the engine that is fastest for the task, or was when its training began."""
        known = context.run.manifest["parts"][self.part].get("engine")
        if known:
            return EngineChoice(**known)
        choice = chosen_engine(self.task)
        context.run.record("parts", {self.part: {"engine": choice.as_record()}})
        return choice


@dataclass(frozen=True)
class Titled:
    """Progress whose tasks are told apart by a title, because members of several experiments have the same numbers."""

    progress: Progress
    title: str

    def start(self, task: str, total: int) -> None:
        """Begin a task."""
        self.progress.start(f"{self.title}: {task}", total)

    def advance(self, task: str, amount: int = 1, note: str = "") -> None:
        """Move it on."""
        self.progress.advance(f"{self.title}: {task}", amount, note)

    def say(self, text: str) -> None:
        """Report news."""
        self.progress.say(f"{self.title}: {text}")


class _Beside(RunCheckpoints):
    """Checkpoints of a part of a run, where some members count as trained, and only some steps may be kept."""

    def __init__(self, run: Run, part: str, known: tuple[int, ...], steps: tuple[int, ...] | None) -> None:
        super().__init__(run, part)
        self._known, self._steps = known, steps

    def save_weights(self, weights: Mapping[tuple[int, int], Tree]) -> None:
        """Keep weights by (member, step), those of other steps apart."""
        kept = {key: tree for key, tree in weights.items() if self._steps is None or key[1] in self._steps}
        if kept:
            super().save_weights(kept)

    def load_outcomes(self) -> dict[int, MemberOutcome]:
        """Return the outcomes kept so far, and stand-ins for those that are kept elsewhere."""
        elsewhere = {member: MemberOutcome(member, "trained", 0, (), (), 0.0) for member in self._known}
        return elsewhere | super().load_outcomes()


def _begin(run: Run, part: str, task: TrainingTask, steps: tuple[int, ...] | None) -> None:
    """Clear away what was trained in a part with other settings, and note these."""
    key = json.dumps([task_key(task), steps])
    if run.manifest.get("parts", {}).get(part, {}).get("key") != key:
        run.remove_part(part)
        run.record("parts", {part: {"key": key}})
