"""Made-up planes through weight space, near to what small networks on CIFAR-10 give."""

import json

import numpy as np
import xarray as xr

GRID = ("alpha", "beta")


def solutions_plane(num=33):
    """Return three valleys of a plane through three members, with the projected ways of two of them."""
    members = {"member 0": (0.0, 0.0), "member 1": (24.0, 0.0), "member 2": (11.0, 21.0)}
    alpha, beta = np.linspace(-6, 30, num), np.linspace(-7, 28, num)
    start = np.array([11.5, 6.5])
    steps = np.arange(0, 21, 2)
    ways = {name: _way(start, np.array(members[name]), len(steps)) for name in ("member 0", "member 2")}
    data = {**_fields(alpha, beta, members), **_marks(members), **_paths(ways, steps)}
    attrs = {
        "kind": "solutions",
        "alpha_label": "distance from member 0 towards member 1",
        "beta_label": "distance across, towards member 2",
        "unit": "distance",
        "num_measured": 611,
    }
    return _dataset(data, alpha, beta, members, attrs)


def random_plane(num=33, log_ratio=60.0):
    """Return one bowl in filter norms whose walls are steep, and a corner where the loss is not a number."""
    alpha = beta = np.linspace(-1, 1, num)
    x, y = np.meshgrid(alpha, beta, indexing="ij")
    distance2 = x**2 + 0.7 * y**2 + 0.3 * x * y
    loss = 0.9 * (1 + (log_ratio - 1) * (distance2 / 1.6) ** 1.6 * (1 + 0.25 * np.sin(4 * x) * np.cos(3 * y)))
    accuracy = 0.1 + 0.56 * np.exp(-3.5 * distance2)
    loss[-3:, -2:] = accuracy[-3:, -2:] = np.nan
    measured = np.hypot(x, y) < 0.8
    measured[::4, ::4] = True
    data = {
        "loss": (GRID, loss),
        "accuracy": (GRID, accuracy),
        "agreement": (("reference", *GRID), (0.1 + 0.9 * np.exp(-3.2 * distance2))[None]),
        "measured": (GRID, measured),
        **_marks({"member 0": (0.0, 0.0)}),
    }
    attrs = {"kind": "random", "alpha_label": "first random direction (filter norms)", "cosine": -0.0021}
    attrs |= {"beta_label": "second random direction (filter norms)", "unit": "filter norms", "num_measured": 489}
    attrs |= {"num_examples": 2000}
    return _dataset(data, alpha, beta, {"member 0": 0}, attrs)


def trajectory_plane(num=33, num_epochs=20):
    """Return a bent valley that two members walk down, its far end high."""
    alpha, beta = np.linspace(-28, 6, num), np.linspace(-9, 9, num)
    x, y = np.meshgrid(alpha, beta, indexing="ij")
    bed = 2.6 * np.sin(x / 7)
    loss = 0.35 + 0.0021 * (x + 1) ** 2 + 0.018 * (y - bed) ** 2 + 0.9 * np.exp(-((x + 18) ** 2 + (y + 4) ** 2) / 18)
    accuracy = 0.1 + 0.72 * np.exp(-1.1 * (loss - 0.35))
    steps = np.arange(num_epochs + 1)
    time = 1 - (1 - steps / num_epochs) ** 2
    ways = {}
    for number, name in enumerate(("member 0", "member 1")):
        along = -24 * (1 - time)
        across = 2.6 * np.sin(along / 7) + (3.2 - 6.4 * number) * (1 - time) * (0.3 + time)
        ways[name] = np.stack([along, across], axis=1)
    ways["member 1"][3] = np.nan
    data = {
        "loss": (GRID, loss),
        "accuracy": (GRID, accuracy),
        "agreement": (("reference", *GRID), np.stack([0.1 + 0.9 * np.exp(-0.9 * (loss - 0.35))] * 2)),
        "measured": (GRID, np.ones((num, num), bool)),
        **_marks({"member 0": (0.0, 0.0)}),
        **_paths(ways, steps),
    }
    attrs = {"kind": "trajectory", "alpha_label": "first principal component (distance)", "num_measured": num * num}
    attrs |= {"beta_label": "second principal component (distance)", "unit": "distance", "grid": "uniform"}
    attrs |= {"explained_alpha": 0.713, "explained_beta": 0.148}
    return _dataset(data, alpha, beta, {"member 0": 0, "member 1": 1}, attrs)


def curve_plane(num=33):
    """Return two solutions with a ridge between them and a Bezier curve around it."""
    ends = {"member 0": (0.0, 0.0), "member 1": (22.0, 0.0)}
    alpha, beta = np.linspace(-5.5, 27.5, num), np.linspace(-7, 20, num)
    time = np.linspace(0, 1, 21)[:, None]
    control = np.array([11.0, 24.0])
    curve = 2 * time * (1 - time) * control + time**2 * np.array(ends["member 1"])
    straight = time * np.array(ends["member 1"])
    x, y = np.meshgrid(alpha, beta, indexing="ij")
    away = np.min(np.hypot(x[..., None] - curve[:, 0], y[..., None] - curve[:, 1]), axis=-1)
    loss = 0.42 + 0.014 * away**2 + 0.05 * np.abs(np.sin(x / 5))
    accuracy = 0.1 + 0.72 * np.exp(-0.55 * (loss - 0.42))
    from_ends = [np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / 160) for place in ends.values()]
    agreement = np.stack([0.1 + 0.88 * np.maximum(near, 0.45 * accuracy) for near in from_ends])
    shape = ("curve", "place")
    data = {
        "loss": (GRID, loss),
        "accuracy": (GRID, accuracy),
        "agreement": (("reference", *GRID), agreement),
        "measured": (GRID, np.ones((num, num), bool)),
        **_marks({**ends, "control point": (11.0, 24.0)}),
        "curve_alpha": (shape, np.stack([straight[:, 0], curve[:, 0]])),
        "curve_beta": (shape, np.stack([straight[:, 1], curve[:, 1]])),
        "curve_residual": (shape, np.zeros((2, 21))),
        "curve_loss": (
            shape,
            np.stack([0.42 + 3.4 * (time * (1 - time))[:, 0], 0.42 + 0.1 * (time * (1 - time))[:, 0]]),
        ),
        "curve_accuracy": (shape, np.stack([0.82 - 2.1 * (time * (1 - time))[:, 0], 0.82 + 0 * time[:, 0]])),
    }
    attrs = {"kind": "curve", "alpha_label": "distance from member 0 towards member 1", "unit": "distance"}
    attrs |= {"beta_label": "distance across, towards the control point", "num_measured": num * num}
    dataset = _dataset(data, alpha, beta, ends, attrs)
    return dataset.assign_coords(curve=["linear", "bezier"], place=time[:, 0])


def line(num=41, kind="line"):
    """Return a line through two members with a barrier between them."""
    alpha = np.linspace(-4, 28, num)
    near = np.minimum((alpha / 6) ** 2, ((alpha - 24) / 6) ** 2)
    loss = 0.4 + 2 * (1 - np.exp(-near))
    data = {
        "loss": ("alpha", loss),
        "loss_error": ("alpha", 0.01 + 0 * loss),
        "accuracy": ("alpha", 0.8 - 0.35 * (loss - 0.4)),
        "agreement": (("reference", "alpha"), np.stack([np.exp(-((alpha - end) ** 2) / 90) for end in (0, 24)])),
        "measured": ("alpha", np.ones(num, bool)),
        **_marks({"member 0": (0.0, np.nan), "member 1": (24.0, np.nan)}),
    }
    coords = {"alpha": alpha, "reference": ["member 0", "member 1"], "point": ["member 0", "member 1"]}
    attrs = COMMON | {"kind": kind, "alpha_label": "distance from member 0 towards member 1", "unit": "distance"}
    return xr.Dataset(data, coords=coords, attrs=attrs | {"num_measured": num, "num_points": num})


COMMON = {
    "num_examples": 10000,
    "num_available": 10000,
    "batch_norm": "renewed",
    "grid": "adaptive",
    "tolerance": 0.02,
    "seed": 0,
    "interpolation_error": json.dumps({"loss": 0.031, "accuracy": 0.0042}),
}


def planes():
    """Return all of these results by step."""
    return {
        "solutions-plane": solutions_plane(),
        "random-plane": random_plane(),
        "trajectory-plane": trajectory_plane(),
        "curve-plane": curve_plane(),
    }


def _fields(alpha, beta, members):
    """Return loss, accuracy and agreement of valleys around members."""
    x, y = np.meshgrid(alpha, beta, indexing="ij")
    distance2 = np.stack([(x - place[0]) ** 2 + (y - place[1]) ** 2 for place in members.values()])
    nearest = distance2.min(axis=0)
    loss = 0.42 + 2.4 * (1 - np.exp(-nearest / 60)) + 0.0025 * nearest
    accuracy = 0.1 + 0.72 * np.exp(-nearest / 55)
    agreement = np.stack(
        [0.1 + 0.9 * np.exp(-one / 70) + 0.55 * (accuracy - 0.1) * (one > nearest) for one in distance2]
    )
    measured = np.zeros(loss.shape, bool)
    measured[::4, ::4] = True
    measured |= nearest < 110
    return {
        "loss": (GRID, loss),
        "accuracy": (GRID, accuracy),
        "agreement": (("reference", *GRID), np.clip(agreement, 0, 1)),
        "measured": (GRID, measured),
    }


def _way(start, end, num):
    """Return a bent way from a place to another that slows down."""
    time = 1 - (1 - np.linspace(0, 1, num)) ** 2
    across = np.array([end[1] - start[1], start[0] - end[0]]) * 0.18
    return start + time[:, None] * (end - start) + np.sin(np.pi * time)[:, None] * across


def _marks(members):
    """Return members on the plane."""
    places = np.array(list(members.values()), dtype=float)
    number = len(places)
    return {
        "point_alpha": ("point", places[:, 0]),
        "point_beta": ("point", places[:, 1]),
        "point_residual": ("point", np.zeros(number)),
        "point_loss": ("point", 0.42 + 0.01 * np.arange(number)),
        "point_accuracy": ("point", 0.82 - 0.005 * np.arange(number)),
    }


def _paths(ways, steps):
    """Return ways whose checkpoints lie off the plane before they end."""
    places = np.stack(list(ways.values()))
    time = np.linspace(0, 1, len(steps))
    gap = np.where(np.isnan(places[..., 0]), np.nan, 1.0)
    along = ("member", "step")
    return {
        "path_alpha": (along, places[..., 0]),
        "path_beta": (along, places[..., 1]),
        "path_residual": (along, gap * 9.0 * (1 - time) * (0.2 + time)),
        "path_loss": (along, gap * (0.4 + 1.9 * (1 - time) ** 3)),
        "path_accuracy": (along, gap * (0.82 - 0.7 * (1 - time) ** 3)),
        "_steps": steps,
        "_members": [int(name.split()[-1]) for name in ways],
    }


def _dataset(data, alpha, beta, references, attrs):
    """Return a plane with its labels."""
    steps, members = data.pop("_steps", None), data.pop("_members", None)
    coords = {"alpha": alpha, "beta": beta, "reference": list(references)[: len(data["agreement"][1])]}
    number = len(data["point_alpha"][1])
    coords["point"] = [*list(references), "control point"][:number]
    if steps is not None:
        coords |= {"step": steps, "member": members}
    data["measured"] = data.get("measured", (GRID, np.ones((len(alpha), len(beta)), bool)))
    return xr.Dataset(data, coords=coords, attrs=COMMON | {"num_points": len(alpha) * len(beta)} | attrs)
