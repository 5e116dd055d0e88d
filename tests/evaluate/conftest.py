"""Predictions to try the room on."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def make_members():
    """A function that makes members which are fairly good, overconfident and different, and the labels."""

    def make(seed=0, *, num_members=4, num_examples=60, num_classes=3):
        generator = np.random.default_rng(seed)
        logits = 1.5 * generator.standard_normal((num_examples, num_classes))
        labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
        seen = logits + generator.standard_normal((num_members, *logits.shape))
        odds = np.exp(1.5 * seen)
        return odds / odds.sum(axis=-1, keepdims=True), labels

    return make
