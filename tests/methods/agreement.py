"""Engines side by side, for networks that methods make."""

from dataclasses import replace

from train.training import distance, trained

NUM_STEPS = 6
TOLERANCE = 1e-4
"""Largest difference in a parameter after some float32 steps."""


def check_engines_agree(task):
    """Train a few steps of two members in a loop and as one program, and compare their weights."""
    task = replace(task, settings=task.settings.changed(members=2))
    apart, together = (
        trained(task, engine, groups, num_steps=NUM_STEPS)
        for engine, groups in (("loop", [(0,), (1,)]), ("vmap", [(0, 1)]))
    )
    for member in (0, 1):
        assert distance(apart[member].weights, together[member].weights) <= TOLERANCE
    assert distance(apart[0].weights, apart[1].weights) > 0.01
