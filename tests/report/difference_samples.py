"""Made-up results of steps that say which members differ, on which examples, and how many modes there are."""

import numpy as np
import xarray as xr
from scipy.cluster.hierarchy import linkage

from report.member_samples import members

CLASSES = ("airplane", "cat", "dog", "horse")


def decided(num_members=5, num_examples=400, seed=0, num_classes=4):
    """Return answers that are right in about 3 of 4 cases, and the truth."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, num_classes, num_examples)
    hard = generator.random(num_examples) < 0.5
    guesses = generator.integers(0, num_classes, (num_members, num_examples))
    return np.where(hard & (generator.random((num_members, num_examples)) < 0.6), guesses, truth), truth


def names(numbers, named):
    """Return the coordinates of members, with names of files where asked for."""
    both = {"member": numbers}
    texts = [f"resnet-seed-{number}.npy" for number in numbers]
    return both | ({"member_name": ("member", texts)} if named else {})


def votes(num_members=5, kept=30, num_examples=400, *, labelled=True, named=False, num_classes=4):
    """Return the answers of the first members."""
    answers, truth = decided(num_members, num_examples, num_classes=num_classes)
    numbers = members(num_members)[:kept]
    classes = list(CLASSES) if num_classes == len(CLASSES) else [f"class {one}" for one in range(num_classes)]
    dataset = xr.Dataset(
        {"decision": (("member", "example"), answers[:kept].astype(np.int16))},
        coords=names(numbers, named),
        attrs={"classes": classes},
    )
    return dataset.assign(label=("example", truth.astype(np.int16))) if labelled else dataset


def pairs(num_members=5, *, labelled=True, named=False):
    """Return measures of pairs with intervals, their means over pairs, and accuracies by the number of members."""
    generator = np.random.default_rng(1)
    square, dims = (num_members, num_members), ("member", "member_other")
    known = ["disagreement", "kappa"]
    if labelled:
        known += ["one_right", "both_wrong", "same_error", "double_fault", "oracle_accuracy", "diversity"]
        known += ["conditional_disagreement", "error_overlap", "same_error_share", "error_correlation", "q_statistic"]
    data = {}
    for name in [*known, *(["accuracy_difference"] if labelled else [])]:
        values = generator.uniform(0.2, 0.8, square)
        data |= with_ends(name, dims, values)
    above = np.triu_indices(num_members, 1)
    data |= with_ends("mean", "measure", np.array([data[name][1][above].mean() for name in known]))
    numbers = members(num_members)
    coords = names(numbers, named) | {"member_other": numbers, "measure": known}
    if labelled:
        p = generator.uniform(0, 1, square) ** 6
        data |= {"mcnemar_p": (dims, p), "mcnemar_p_adjusted": (dims, np.minimum(1, 10 * p))}
        data |= by_size(num_members)
        coords["size"] = np.arange(1, num_members + 1)
    return xr.Dataset(data, coords=coords, attrs={"num_examples": 400, "confidence": 0.95, "classes": list(CLASSES)})


def by_size(num_members):
    """Return the accuracy of an oracle, which grows most, of a vote, and of one member, which does not grow."""
    more = np.arange(num_members) / num_members
    data = {"num_subsets": ("size", np.full(num_members, num_members))}
    for name, gain in (("oracle", 0.2), ("majority", 0.1), ("mean", 0.0)):
        data |= with_ends(f"size_{name}_accuracy", "size", 0.5 + gain * more)
    return data


def with_ends(name, dims, values):
    """Return a variable with both ends of its interval."""
    return {name: (dims, values), f"{name}_low": (dims, values - 0.05), f"{name}_high": (dims, values + 0.05)}


def disputed(num_members=5, kind="image", *, labelled=True, named=False, size=8, pair_members=12):
    """Return 30 disputed examples, 24 of them between all members, as images, as features or as nothing but votes."""
    answers, truth = decided(num_members)
    generator = np.random.default_rng(2)
    rows = np.argsort(-np.array([len(np.unique(column)) for column in answers.T]), kind="stable")[:30]
    numbers = members(num_members)
    places = np.full((num_members, num_members, 6), -1, dtype=np.int32)
    for one in range(min(pair_members, num_members)):
        for other in range(one + 1, min(pair_members, num_members)):
            found = np.flatnonzero(answers[one, rows] != answers[other, rows])[:6]
            places[one, other, : len(found)] = places[other, one, : len(found)] = found
    data = {
        "row": ("dispute", rows),
        "score": ("dispute", np.linspace(1.0, 0.2, 30)),
        "vote": (("dispute", "member"), answers[:, rows].T.astype(np.int16)),
        "confidence": (("dispute", "member"), generator.uniform(0.3, 1.0, (30, num_members)).astype(np.float32)),
        "pair_dispute": (("member", "member_other", "rank"), places),
    }
    coords = names(numbers, named) | {"member_other": numbers}
    attrs = {"score_name": "entropy of the votes, nats", "classes": list(CLASSES), "disputed": 24}
    if labelled:
        data["label"] = ("dispute", truth[rows])
    if kind == "image":
        pixels = generator.integers(0, 256, (30, size, size, 3)).astype(np.uint8)
        data["image"] = (("dispute", "height", "width", "channel"), pixels)
    if kind == "feature":
        data["feature_value"] = (("dispute", "feature"), generator.normal(size=(30, 3)).astype(np.float32))
        coords["feature"] = ["age", "income", "2"]
        attrs |= {"num_features": 70, "kept_features": 3}
    return xr.Dataset(data, coords=coords, attrs=attrs)


def modes(num_members=5, *, named=False, repeats=True):
    """Return clusters of members, of which the last two are near each other, and the number of modes."""
    generator = np.random.default_rng(3)
    number = num_members * (num_members - 1) // 2
    distances = generator.uniform(0.1, 0.13, number)
    if repeats:
        distances[-1] = 0.02
    tree = linkage(distances, "average")
    thresholds = np.linspace(0.005, 0.15, 30)
    num_modes = np.array([num_members - int((tree[:, 2] <= threshold).sum()) for threshold in thresholds])
    is_known = num_modes < num_members
    estimate = np.where(is_known, num_modes * 1.5, np.nan)
    data = {
        "left": ("merge", tree[:, 0].astype(int)),
        "right": ("merge", tree[:, 1].astype(int)),
        "height": ("merge", tree[:, 2]),
        "size": ("merge", tree[:, 3].astype(int)),
        "num_modes": ("threshold", num_modes),
        "chao1": ("threshold", estimate),
        "chao1_low": ("threshold", np.where(is_known, num_modes, 2.0 * num_members)),
        "chao1_high": ("threshold", np.where(is_known, 3.0 * num_modes, np.nan)),
    }
    attrs = {"threshold": 0.05, "threshold_source": "made up", "confidence": 0.95, "verdict": "More than can be seen."}
    return xr.Dataset(data, coords=names(members(num_members), named) | {"threshold": thresholds}, attrs=attrs)


def differences(num_members=5, kind="image", *, labelled=True, named=False):
    """Return the results of all these steps."""
    given = {"labelled": labelled, "named": named}
    return {
        "pairs": pairs(num_members, **given),
        "votes": votes(num_members, **given),
        "disputed": disputed(num_members, kind, **given),
        "modes": modes(num_members, named=named),
    }
