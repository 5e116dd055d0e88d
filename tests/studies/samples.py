"""Settings of the smallest run that has everything, and a listener."""

from modescape.store import Run

TINY = {
    "limit": 120,
    "test_limit": 150,
    "model_options": {"hidden": [16]},
    "members": 3,
    "epochs": 2,
    "batch_size": 32,
    "trajectories": 2,
    "engine": "loop",
    "device": "cpu",
    "num_resamples": 100,
    "null_samples": 8,
}


WHOLE = {
    **TINY,
    "model_options": {"hidden": [16], "dropout": 0.2},
    "epochs": 4,
    "learning_rate": 0.01,
    "late_fraction": 0.5,
    "samples": 4,
    "rank": 2,
    "random_norm": 6.0,
    "plane_samples": 4,
    "pairs": "0-1,2-1",
    "landscape_examples": 60,
    "radii": 3,
    "angles": 8,
    "path_points": 5,
    "bends": 2,
    "curve_epochs": 2,
    "corruptions": "contrast,brightness",
    "shift_examples": 40,
    "shift_members": 2,
    "shift_samples": 3,
    "foreign_examples": 50,
    "chain_epochs": 8,
    "chain_cycles": 2,
}
"""All experiments of the paper's study, as small as they can be."""

LANDSCAPES = {
    **TINY,
    "epochs": 4,
    "learning_rate": 0.01,
    "pairs": "2-1",
    "landscape_examples": 60,
    "path_points": 5,
    "bends": 2,
    "curve_epochs": 2,
    "plane_members": "0,2,1",
    "plane_trajectories": "1,0",
    "plane_margin": 0.2,
    "plane_extent": 0.8,
    "grid_points": 17,
    "tolerance": 0.2,
    "line_directions": 2,
    "line_points": 5,
}
"""Planes and lines, as small as they can be."""
FRONTIER = {
    "methods": "snapshot,swag,batchensemble,distillation",
    "sizes": "1,2,3",
    "method_options": {"swag.samples": 3},
    "foreign_examples": 40,
}
"""Some ways to get an ensemble."""
PLANES = ("solutions-plane", "random-plane", "trajectory-plane", "curve-plane")


def flags(**changes):
    """The same as options of `modescape study`; None leaves one out."""
    chosen = {**TINY, **changes}
    words = [f"--model-option={name}={value}" for name, value in (chosen.pop("model_options") or {}).items()]
    for name, value in chosen.items():
        if value is not None:
            words += ["--" + name.replace("_", "-"), str(value)]
    return words


def training_flags(**changes):
    """The same as options of `modescape train`."""
    return flags(**{**changes, "num_resamples": None, "null_samples": None})


class Listener:
    """Remembers the tasks that were begun and the lines that were said."""

    def __init__(self):
        self.started, self.said = [], []

    def start(self, task, total):  # noqa: ARG002
        self.started.append(task)

    def advance(self, task, amount=1, note=""):
        pass

    def say(self, text):
        self.said.append(text)


def alter(run, pattern):
    """Change a byte in the last file that matches a pattern, as a failing disk would; return its path in the run."""
    path = sorted(path for path in run.path.glob(pattern) if path.is_file())[-1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    return path.relative_to(run.path).as_posix()


class Writes:
    """Remembers the states that runs keep, by part and name, and cuts the work short after so many in some parts."""

    def __init__(self, patch, limit=None, prefix=""):
        self.done, self._left, self._prefix = [], limit, prefix
        self._write = Run.write_state
        patch.setattr(Run, "write_state", self._noted())

    def _noted(self):
        def write_state(run, group, tensors, metadata, part=None):
            self._write(run, group, tensors, metadata, part)
            self.done.append((part, group))
            if self._left is not None and (part or "").startswith(self._prefix):
                self._left -= 1
                if self._left == 0:
                    raise KeyboardInterrupt

        return write_state


def forget(run, *names):
    """Let steps count as not done; all of them by default."""
    run.record("steps", {name: {"key": ""} for name in names or run.manifest["steps"]})


def marks(run):
    """What tells one making of each step from another."""
    return {name: step.get("made") for name, step in run.manifest["steps"].items()}


def made_again(run, before):
    """The steps that were made again since, in order."""
    return [name for name, mark in marks(run).items() if before.get(name) != mark]
