"""Made-up results of the steps that look around solutions, near to what small networks on CIFAR-10 give."""

import numpy as np
import xarray as xr

AROUND = ["random", "dropout", "diagonal-gaussian", "low-rank-gaussian", "low-rank-random"]
"""The subspaces."""
PLANE = {
    "independent": 0.97,
    "checkpoints": 0.35,
    "random": 0.10,
    "dropout": 0.14,
    "diagonal-gaussian": 0.12,
    "low-rank-gaussian": 0.22,
    "low-rank-random": 0.07,
    "cyclical-sgmcmc": 0.62,
}
"""Where each method lies between the limits."""
NUM_CLASSES = 10
BEST = 0.64
"""Accuracy of a solution."""


def radial(num_radii=21, num_angles=48, loss_ratio=30.0):
    """Return two wedges of high accuracy on a plane; the second solution lies at 80 degrees."""
    radius, angle = np.linspace(0, 40, num_radii), np.linspace(-np.pi, np.pi, num_angles)
    second = np.radians(80.0)
    places = radius[:, None] * np.exp(1j * angle)
    first_near, second_near = (
        np.exp(-((np.abs(np.angle(np.exp(1j * (angle - at)))) / 0.45) ** 2)) * (1 - np.exp(-radius[:, None] / 12))
        for at in (0.0, second)
    )
    good = np.maximum(first_near, second_near)
    loss = 0.95 + (loss_ratio * 0.95 - 0.95) * (1 - good) ** 3 * (np.abs(places) / 40)
    grid = ("radius", "angle")
    data = {
        "accuracy": (grid, 0.1 + 0.57 * good),
        "loss": (grid, loss),
        "agreement_first": (grid, 0.1 + 0.88 * first_near + 0.6 * second_near * (1 - first_near)),
        "agreement_second": (grid, 0.1 + 0.88 * second_near + 0.6 * first_near * (1 - second_near)),
    }
    attrs = {"first": 0, "second": 3, "radius_first": 29.0, "radius_second": 30.5, "angle_second": second}
    attrs |= {"num_examples": 10000, "batch_norm": "none"}
    return xr.Dataset(data, coords={"radius": radius, "angle": angle}, attrs=attrs)


def stored(cut):
    """Return the plane of one pair as the step stores it: distances as fractions of the largest, one entry a pair."""
    attrs = dict(cut.attrs)
    pair = f"{attrs.pop('first', 0)}-{attrs.pop('second', 1)}"
    places = {name: attrs.pop(name) for name in ("radius_first", "radius_second", "angle_second") if name in attrs}
    largest = float(cut["radius"].max())
    whole = cut.assign_coords(radius=cut["radius"] / largest).assign(largest_radius=largest, **places)
    return whole.expand_dims(pair=[pair]).drop_attrs(deep=False).assign_attrs(attrs)


def paths(pairs=("0-1",), curves=("linear", "bezier", "polyline"), num_places=21):
    """Return a high straight line and low curves between solutions."""
    place = np.linspace(0, 1, num_places)
    bump = 4 * place * (1 - place)
    heights = {"linear": 1.15, "bezier": 0.045, "polyline": 0.09}
    shape = (len(pairs), len(curves))
    height = np.array([heights[curve] for curve in curves]) * (1 + 0.1 * np.arange(len(pairs)))[:, None]
    loss = 1.06 + height[..., None] * bump**2
    accuracy = BEST - 0.48 * np.minimum(1.0, height[..., None] * bump**2)
    kept = 1 - 0.25 * np.clip(place * 1.6 - 0.1, 0, 1) - 0.35 * np.minimum(1, height[..., None]) * bump
    share = height / height[:, :1]
    changed = np.array([1.9, 0.82, 0.86])[: len(curves)] * np.ones(shape)
    along, each = ("pair", "curve", "place"), ("pair", "curve")
    data = {
        **interval("loss", along, loss, 0.03),
        **interval("accuracy", along, accuracy, 0.009),
        "agreement_start": (along, kept),
        "agreement_end": (along, kept[..., ::-1]),
        **interval("barrier", each, height, 0.02),
        **interval("barrier_share", each, np.where(share == 1, np.nan, share), 0.02),
        **interval("accuracy_drop", each, 0.48 * np.minimum(1, height), 0.01),
        **interval("function_share", each, changed, 0.03),
    }
    coords = {"pair": list(pairs), "curve": list(curves), "place": place}
    return xr.Dataset(data, coords=coords, attrs={"num_examples": 10000, "confidence": 0.95, "epochs": 10})


def lower(accuracy):
    """Return the disagreement of a reference whose answers are flipped at random."""
    return (BEST - accuracy) / (BEST - (1 - BEST) / (NUM_CLASSES - 1))


def upper(accuracy):
    """Return the disagreement of a network that is independent of the reference given the truth."""
    chance = (1 - BEST) * (1 - accuracy) * (NUM_CLASSES - 2) / (NUM_CLASSES - 1)
    return BEST * (1 - accuracy) + accuracy * (1 - BEST) + chance


def plane(methods=tuple(PLANE), num_samples=24, seed=0):
    """Return points between the limits, at the place that `PLANE` gives each method."""
    generator = np.random.default_rng(seed)
    walked = np.linspace(BEST, 0.12, num_samples)
    accuracy = np.tile(walked, (len(methods), 1))
    strength = np.tile(np.linspace(0, 70, num_samples), (len(methods), 1))
    for row, method in enumerate(methods):
        if method == "independent":
            accuracy[row] = np.where(np.arange(num_samples) < 9, BEST + generator.normal(0, 0.004, num_samples), np.nan)
        elif method in ("checkpoints", "cyclical-sgmcmc"):
            accuracy[row] = BEST - 0.16 * np.linspace(0, 1, num_samples) ** 2
        if method not in AROUND:
            strength[row] = np.nan
    share = np.array([PLANE[method] for method in methods])
    low, high = lower(np.minimum(accuracy, BEST)), upper(accuracy)
    noisy = share[:, None] + generator.normal(0, 0.03, accuracy.shape)
    limit = np.linspace(0.1, BEST, 60)
    points = ("method", "sample")
    data = {
        "accuracy": (points, accuracy),
        "disagreement": (points, low + noisy * (high - low)),
        "strength": (points, strength),
        **interval("relative_diversity", ("method",), share, 0.03),
        "reached_chance": ("method", np.array([method != "dropout" for method in methods])),
        "limit_accuracy": ("point", limit),
        "lower_limit": ("point", lower(limit)),
        "upper_limit": ("point", upper(limit)),
    }
    attrs = {"reference": 0, "reference_accuracy": BEST, "num_classes": NUM_CLASSES, "num_examples": 10000}
    return xr.Dataset(data, coords={"method": list(methods)}, attrs=attrs | {"confidence": 0.95})


def subspaces(methods=tuple(AROUND), num_members=5, num_samples=30, seed=0):
    """Return samples around solutions; a few are left out."""
    generator = np.random.default_rng(seed)
    shape = (len(methods), num_members, num_samples)
    drop = np.array([0.02, 0.008, 0.0, -0.003, 0.015])[: len(methods), None, None]
    accuracy = BEST - drop * generator.uniform(0, 2, shape) + generator.normal(0, 0.004, (num_members, 1))
    differing = 0.03 + 1.8 * np.abs(drop) * generator.uniform(0.3, 1.7, shape) + generator.normal(0, 0.002, shape)
    accuracy[0, 0, :3] = differing[0, 0, :3] = np.nan
    samples = ("method", "member", "sample")
    data = {
        "accuracy": (samples, accuracy),
        "disagreement": (samples, differing),
        "distance": (samples, generator.uniform(0, 10, shape)),
        "tries": (("member", "sample"), generator.integers(1, 6, shape[1:])),
    }
    coords = {"method": list(methods), "member": np.arange(num_members), "sample": np.arange(num_samples)}
    return xr.Dataset(data, coords=coords, attrs={"num_examples": 10000, "confidence": 0.95, "samples": num_samples})


def chain(num_cycles=4, num_each=3, num_members=5, seed=0):
    """Return samples that are alike within a cycle and differ between cycles nearly as solutions do."""
    generator = np.random.default_rng(seed)
    cycle = np.concatenate([np.repeat(np.arange(1, num_cycles + 1), num_each), np.full(num_members, -1)])
    is_member = cycle < 0
    same = (cycle[:, None] == cycle[None, :]) & ~is_member[:, None] & ~is_member[None, :]
    between = ~is_member[:, None] & ~is_member[None, :]
    noise = np.triu(generator.normal(0, 0.004, same.shape), 1)
    disagreement = np.where(same, 0.09, np.where(between, 0.19, 0.25)) + noise + noise.T
    cosine = np.where(same, 0.93, np.where(between, 0.45, 0.01)) + noise + noise.T
    np.fill_diagonal(disagreement, 0.0)
    np.fill_diagonal(cosine, 1.0)
    names = [f"cycle {number + 1}, epoch {10 - each}" for number in range(num_cycles) for each in range(num_each)[::-1]]
    names += [f"member {number}" for number in range(num_members)]
    pairs = ("point", "point_other")
    data = {
        "cosine": (pairs, cosine),
        "disagreement": (pairs, disagreement),
        "accuracy": ("point", np.where(is_member, BEST, 0.62)),
        "kind": ("point", np.where(is_member, "member", "chain")),
        "cycle": ("point", cycle),
    }
    attrs = {"num_examples": 10000, "epochs": 40, "cycles": num_cycles}
    return xr.Dataset(data, coords={"point": names, "point_other": names}, attrs=attrs)


def geometry():
    """Return all of these results by step."""
    return {"radial": stored(radial()), "paths": paths(), "plane": plane(), "subspaces": subspaces(), "chain": chain()}


def interval(name, dims, middle, half):
    """Return a variable and the ends of its interval."""
    ends = {"": middle, "_low": middle - half, "_high": middle + half}
    return {f"{name}{end}": (dims, values) for end, values in ends.items()}
