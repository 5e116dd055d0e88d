"""Training of members by an engine, and how far apart members are."""

from modescape.train import ENGINES

INTERPRETED = ("loop", "vmap")
"""The engines that run at once; compiling takes seconds for each network and has tests of its own."""


def trained(task, engine, groups, *, num_steps=None):
    """Train members in one group after the other, epoch by epoch, and return each member's state."""
    states = {}
    for members in groups:
        group = ENGINES[engine].begin(task, members)
        remaining = task.settings.epochs * task.steps_per_epoch if num_steps is None else num_steps
        epoch = 0
        while remaining > 0:
            group.train_epoch(epoch, min(remaining, task.steps_per_epoch))
            remaining -= task.steps_per_epoch
            epoch += 1
        states.update(zip(members, group.states(), strict=True))
    return states


def distance(first, second):
    """Return the largest difference between the weights of two members, over parameters and buffers."""
    assert first.keys() == second.keys()
    return max((first[name].double() - second[name].double()).abs().max().item() for name in first)
