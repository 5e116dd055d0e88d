"""Settings of the smallest run that has everything, and a listener."""

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
}


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
    return flags(**{**changes, "num_resamples": None})


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
