"""Prediction files and runs whose members are known."""

import numpy as np
import xarray as xr

from modescape.store import Run


def predicted(seed, strengths=(1.0, 2.0, 3.0), examples=60, classes=3):
    """Members whose logits are the truth times a strength plus noise, in single precision, and the labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=examples)
    labels[:classes] = np.arange(classes)[:examples]
    logits = generator.normal(size=(len(strengths), examples, classes))
    logits += np.asarray(strengths)[:, None, None] * np.eye(classes)[labels]
    odds = np.exp(logits)
    return (odds / odds.sum(axis=2, keepdims=True)).astype(np.float32), labels


def made_run(path, *, seed=0, has_validation=True):
    """A run with predictions for test examples, and for validation examples."""
    run = Run.create(path, name="made", settings={"seed": 0})
    for split, drawn in (("test", seed), ("validation", seed + 1))[: 1 + has_validation]:
        probabilities, labels = predicted(drawn)
        dataset = xr.Dataset(
            {"probability": (["member", "example", "class"], probabilities), "label": (["example"], labels)},
            coords={"member": [0, 2, 5]},
            attrs={"classes": ["ant", "bee", "cow"]},
        )
        run.write_arrays(f"predictions/{split}", dataset)
    return run
