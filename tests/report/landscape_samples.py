"""Made-up results of the steps that look at the shape of minima, near to what small networks on CIFAR-10 give."""

from itertools import product

import numpy as np
import xarray as xr

MATRICES = ["hessian", "ggn"]
LAYERS = {"conv1": 432, "norm1": 32, "stages.0.0.conv1": 2304, "stages.0.0.norm1": 32, "stages.1.0.conv1": 4608}
LAYERS |= {"stages.2.0.conv1": 18432, "head": 650}
"""Layers and their numbers of parameters."""
MEASURES = ["train_loss", "test_accuracy", "validation_accuracy", "sharpness", "width", "top_eigenvalue", "trace"]
MEASURES += ["gradient_norm", "distance_from_start"]
STAGES = ["early", "middle", "late"]


def lines(num_members=4, num_directions=5, num_points=21, seed=0):
    """Return lines that climb from each member, steeper in some directions."""
    generator = np.random.default_rng(seed)
    alpha = np.linspace(-1, 1, num_points)
    steep = (
        generator.uniform(0.5, 1.3, (num_members, num_directions, 1))
        * (1 + 0.2 * np.arange(num_members))[:, None, None]
    )
    loss = 0.08 + 3.2 * (1 - np.exp(-2.4 * steep * alpha**2)) + 1.2 * steep * alpha**4
    data = {
        "loss": (("member", "direction", "alpha"), loss),
        "accuracy": (("member", "direction", "alpha"), 0.1 + 0.55 * np.exp(-3 * steep * alpha**2)),
    }
    coords = {"member": np.arange(num_members), "direction": np.arange(num_directions), "alpha": alpha}
    return xr.Dataset(data, coords=coords, attrs={"unit": "filter norms", "num_examples": 2000})


def curvature(num_members=4, steps=(1, 3, 6, 12, 20), num_eigenvalues=5, num_bins=300, seed=0):
    """Return curvature that grows and settles; members after the second have their solution only."""
    generator = np.random.default_rng(seed)
    time = np.array(steps) / steps[-1]
    scale = generator.uniform(0.8, 1.25, (num_members, 1))
    seen = (np.arange(num_members)[:, None] < 2) | (np.arange(len(steps)) == len(steps) - 1)

    def measured(values):
        return np.where(seen, values, np.nan)

    width = measured(0.30 - 0.14 * time / scale)
    top = np.stack([measured(scale * (9 + 40 * time)), measured(scale * (6 + 38 * time))])
    trace = np.stack([measured(scale * (120 + 420 * time)), measured(scale * (105 + 400 * time))])
    shares = 1 / (1 + 0.6 * np.arange(num_eigenvalues))
    at = np.stack([np.linspace(low * scale[:, 0], 1.1 * 49 * scale[:, 0], num_bins, axis=1) for low in (-0.15, 0.0)])
    density = np.exp(-np.abs(at) / 0.8) + 2e-4 * sum(
        np.exp(-(((at - 49 * scale * share) / 0.7) ** 2)) for share in shares
    )
    density /= (density * (at[..., 1:2] - at[..., :1])).sum(axis=-1, keepdims=True)
    along, each = ("member", "step"), ("matrix", "member", "step")
    data = {
        "loss": (along, measured(1.6 * np.exp(-3 * time) * scale + 0.05)),
        "accuracy": (along, measured(0.98 - 0.55 * np.exp(-3 * time) * scale)),
        "sharpness": (along, measured(0.02 + 0.09 * time * scale)),
        "gradient_norm": (along, measured(1.2 * np.exp(-1.5 * time) * scale)),
        "width": (along, width),
        "width_low": (along, 0.9 * width),
        "width_high": (along, 1.1 * width),
        "trace": (each, trace),
        "trace_error": (each, 0.06 * trace),
        "top": ((*each, "eigenvalue"), top[..., None] * shares),
        "density": (("matrix", "member", "bin"), density),
        "density_at": (("matrix", "member", "bin"), at),
    }
    coords = {"member": np.arange(num_members), "step": list(steps), "matrix": MATRICES}
    coords |= {"eigenvalue": np.arange(num_eigenvalues)}
    return xr.Dataset(
        data, coords=coords, attrs={"num_examples": 1000, "radius": 0.05, "rise": 0.1, "confidence": 0.95}
    )


def minima(num_members=5, seed=0):
    """Return minima of which the wide ones are deeper."""
    generator = np.random.default_rng(seed)
    width = np.linspace(0.10, 0.22, num_members) + generator.normal(0, 0.008, num_members)
    norm = 24 + generator.normal(0, 0.3, num_members)
    expected = np.sqrt(norm[:, None] ** 2 + norm[None] ** 2) * (1 - np.eye(num_members))
    ratio = 0.985 + np.triu(generator.normal(0, 0.003, expected.shape), 1)
    ratio = np.triu(ratio, 1) + np.triu(ratio, 1).T
    pair = ("member", "member_other")
    data = {
        "depth": ("member", 0.06 - 0.2 * (width - 0.16) + generator.normal(0, 0.004, num_members)),
        "test_loss": ("member", 1.05 - width),
        "accuracy": ("member", 0.62 + 0.2 * width + generator.normal(0, 0.006, num_members)),
        "norm": ("member", norm),
        "width": ("member", width),
        "width_low": ("member", width - 0.012),
        "width_high": ("member", width + 0.012),
        "sharpness": ("member", 0.12 - 0.3 * width),
        "top_eigenvalue": ("member", 80 - 150 * width),
        "distance_from_start": ("member", 0.6 * norm),
        "distance": (pair, ratio * expected),
        "expected_distance": (pair, expected),
        "distance_ratio": (pair, np.where(expected > 0, ratio, 0.0)),
    }
    attrs = {"num_params": 19466, "cosine_deviation": 19466**-0.5, "confidence": 0.95}
    attrs |= {"spearman": -0.9, "spearman_low": -1.0, "spearman_high": -0.2}
    numbers = np.arange(num_members)
    return xr.Dataset(data, coords={"member": numbers, "member_other": numbers}, attrs=attrs)


def layers(num_members=4, names=tuple(LAYERS), seed=0):
    """Return layers of which those of normalisation have much in common."""
    generator = np.random.default_rng(seed)
    sizes = np.array([LAYERS.get(name, 1000) for name in names])
    square = (len(names), num_members, num_members)
    common = np.array([0.9 if "norm" in name else 0.06 if name == "conv1" else 0.0 for name in names])[:, None, None]
    noise = np.triu(generator.normal(0, 1, square), 1) / np.sqrt(sizes)[:, None, None]
    cosine = common + noise + noise.transpose(0, 2, 1)
    cosine[:, np.arange(num_members), np.arange(num_members)] = 1.0
    norm = np.sqrt(sizes / 20)[:, None] * generator.uniform(0.95, 1.05, (len(names), num_members))
    moved = np.linspace(1.6, 0.4, len(names))[:, None] * generator.uniform(0.8, 1.2, (len(names), num_members))
    expected = np.sqrt(norm[:, :, None] ** 2 + norm[:, None] ** 2)
    pair, each = ("layer", "member", "member_other"), ("layer", "member")
    data = {
        "cosine": (pair, cosine),
        "distance": (pair, expected * np.sqrt(np.clip(1 - cosine, 0, None))),
        "expected_distance": (pair, expected),
        "norm": (each, norm),
        "moved": (each, moved),
        "cosine_with_start": (each, 1 / (1 + moved)),
        "num_params": ("layer", sizes),
    }
    numbers = np.arange(num_members)
    coords = {"layer": list(names), "member": numbers, "member_other": numbers}
    return xr.Dataset(data, coords=coords)


BASE = {
    "train_loss": (0.9, 0.3, 0.05),
    "test_accuracy": (0.48, 0.60, 0.66),
    "validation_accuracy": (0.49, 0.61, 0.67),
    "sharpness": (0.03, 0.06, 0.10),
    "width": (0.30, 0.22, 0.16),
    "top_eigenvalue": (12.0, 30.0, 50.0),
    "trace": (150.0, 320.0, 540.0),
    "gradient_norm": (1.1, 0.6, 0.3),
    "distance_from_start": (0.5, 0.9, 1.2),
}
"""Measures of a network on CIFAR-10 with skip connections, early, in the middle and late."""
FACTORS = {"data": ("mnist", "cifar10"), "skip": ("true", "false"), "width": ("0.5", "1")}


def shapes(num_members=3, factors=tuple(FACTORS), seed=0):
    """Return measures in all combinations of factors: without skips minima are narrow, MNIST is easy."""
    generator = np.random.default_rng(seed)
    combinations = list(product(*(FACTORS[factor] for factor in factors)))
    cells = [named(factors, levels) for levels in combinations]
    value = np.empty((len(MEASURES), len(cells), num_members, len(STAGES)))
    for row, measure in enumerate(MEASURES):
        for column, levels in enumerate(combinations):
            value[row, column] = np.array(BASE[measure]) * factor_of(measure, dict(zip(factors, levels, strict=True)))
    luck = generator.normal(0, 1, (1, len(cells), num_members, 1))
    noise = 0.03 * luck + generator.normal(0, 0.02, value.shape)
    signs = np.array([1 if "accuracy" in measure or measure == "width" else -1 for measure in MEASURES])
    value *= 1 + signs[:, None, None, None] * noise
    mean, half = value.mean(axis=2), 2.5 * value.std(axis=2, ddof=1) / np.sqrt(num_members)
    contrasts = [f"{factor}: {' to '.join(FACTORS[factor])}" for factor in factors]
    effect = np.stack([difference(value, combinations, index) for index in range(len(factors))], axis=1)
    spread = 0.25 * np.abs(effect).mean(axis=1, keepdims=True) + 0.0 * effect
    correlation = signs[:, None] * np.array([[0.35, 0.55, 0.80], [0.75, 0.85, 0.95]])[:, None]
    correlation = correlation * np.linspace(1.0, 0.3, len(MEASURES))[:, None]
    three, of_change = ("measure", "cell", "stage"), ("measure", "contrast", "stage")
    of_scope = ("scope", "measure", "stage")
    data = {
        "value": (("measure", "cell", "member", "stage"), value),
        "mean": (three, mean),
        "low": (three, mean - half),
        "high": (three, mean + half),
        "stage_epoch": ("stage", [2, 10, 20]),
        "level": (("cell", "factor"), np.array(combinations)),
        "effect": (of_change, effect),
        "effect_low": (of_change, effect - spread),
        "effect_high": (of_change, effect + spread),
        "correlation": (of_scope, correlation),
        "correlation_low": (of_scope, np.clip(correlation - 0.2, -1, 1)),
        "correlation_high": (of_scope, np.clip(correlation + 0.2, -1, 1)),
        "concordance": (of_scope, 0.5 + 0.4 * correlation),
        "num_runs": (of_scope, np.full(correlation.shape, len(cells) * num_members)),
    }
    coords = {"measure": MEASURES, "cell": cells, "member": np.arange(num_members), "stage": STAGES}
    coords |= {"factor": list(factors), "contrast": contrasts, "scope": ["within cells", "across cells"]}
    return xr.Dataset(data, coords=coords, attrs={"confidence": 0.95})


def factor_of(measure, levels):
    """Return what the levels of the factors multiply a measure by."""
    good = 1.4 if levels.get("data") == "mnist" else 1.0
    good *= 0.8 if levels.get("skip") == "false" else 1.0
    good *= 1.08 if levels.get("width") == "1" else 1.0
    if measure == "width":
        return good**1.5
    if measure in ("train_loss", "top_eigenvalue", "trace"):
        return good**-4
    return min(good, 1.4) if "accuracy" in measure else 1 / good


def named(factors, levels):
    """Return the name of a cell; data go without saying."""
    pairs = zip(factors, levels, strict=True)
    return ", ".join(level if factor == "data" else f"{factor}={level}" for factor, level in pairs)


def difference(value, combinations, index):
    """Return the mean difference between the second and the first level of a factor."""
    last = combinations[-1][index]
    second = np.array([levels[index] == last for levels in combinations])
    return value[:, second].mean(axis=(1, 2)) - value[:, ~second].mean(axis=(1, 2))


def landscapes():
    """Return all of these results by step."""
    return {"lines": lines(), "curvature": curvature(), "minima": minima(), "layers": layers(), "shapes": shapes()}
