"""Members that answers are known for."""

import numpy as np


def members(seed, num_members=5, examples=40, classes=3, dtype=np.float64):
    """Random probabilities without any zeros."""
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=(num_members, examples)).astype(dtype)


def truth(seed, examples=40, classes=3):
    """Random labels, all classes among them."""
    labels = np.random.default_rng(seed + 1000).integers(classes, size=examples)
    labels[:classes] = np.arange(classes)
    return labels


def informed(seed, strengths, examples=300, classes=3):
    """Members whose logits are the truth times a strength plus noise of their own, and the labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=examples)
    logits = generator.normal(size=(len(strengths), examples, classes))
    logits += np.asarray(strengths)[:, None, None] * np.eye(classes)[labels]
    odds = np.exp(logits)
    return odds / odds.sum(axis=2, keepdims=True), labels
