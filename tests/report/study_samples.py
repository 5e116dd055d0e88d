"""Made-up results of the steps that compare methods, near to what small networks on CIFAR-10 give."""

import numpy as np
import xarray as xr

METRICS = ["accuracy", "nll", "brier", "ece"]
METHODS = [
    "independent",
    "weight-average",
    "random",
    "dropout",
    "diagonal-gaussian",
    "low-rank-gaussian",
    "low-rank-random",
]
ONE = {"accuracy": 0.640, "nll": 1.060, "brier": 0.490, "ece": 0.040}
"""Metrics of one member."""
HEAD_START = {
    "independent": 0.0,
    "weight-average": 0.30,
    "random": 0.02,
    "dropout": 0.08,
    "diagonal-gaussian": 0.26,
    "low-rank-gaussian": 0.28,
    "low-rank-random": 0.03,
}
"""What a method gains with one member, as a share of what ten independent members gain."""
BY_TEN = {"accuracy": 0.050, "nll": -0.150, "brier": -0.065, "ece": 0.015}
"""What ten independent members gain."""
HALF = {"accuracy": 0.009, "nll": 0.025, "brier": 0.010, "ece": 0.006}
"""Half the width of an interval of a value; paired intervals are a third of it."""


def gains(method, metric, sizes):
    """Return what ensembles of one method gain over one member, against their size."""
    share = (1 - 1 / sizes) / (1 - 1 / 10)
    head = HEAD_START[method]
    return BY_TEN[metric] * (head + (1 - head * 0.92) * share)


def methods(num_members=10, scalings=("raw", "scaled"), names=tuple(METHODS)):
    """Return methods against size, with paired differences."""
    sizes = np.arange(1, num_members + 1)
    gain = np.array([[gains(name, metric, sizes) for metric in METRICS] for name in names])
    gain = np.stack(
        [gain * (1.0 if scaling == "raw" else np.array([1.0, 0.7, 0.95, 0.1])[:, None]) for scaling in scalings]
    )
    start = np.array([ONE[metric] for metric in METRICS])[:, None]
    lower = np.array([0, -0.02, -0.004, -0.028])[:, None]
    value = np.stack(
        [start + one + (lower if scaling != "raw" else 0) for scaling, one in zip(scalings, gain, strict=True)]
    )
    half = np.array([HALF[metric] for metric in METRICS])[:, None] * np.ones_like(value)
    paired = np.where(gain == 0, 0.0, half / 3)
    pairs = gain.transpose(0, 2, 1, 3)
    difference = pairs[:, :, :, None] - pairs[:, :, None]
    versus = pairs[:, :, :, None] - pairs[:, :, None, :, :1]
    narrow = np.array([HALF[metric] for metric in METRICS])[:, None, None, None] / 5 * np.ones_like(difference)
    one, two = ("scaling", "method", "metric", "size"), ("scaling", "metric", "method", "method_other", "size")
    data = {
        **interval("value", one, value, half),
        **interval("gain", one, gain, paired),
        **interval("difference", two, difference, np.where(difference == 0, 0, narrow)),
        **interval("versus_one", two, versus, np.where(versus == 0, 0, narrow)),
        "temperature": (("method", "size"), 1.15 - 0.35 * gain[0, :, 0] / BY_TEN["accuracy"]),
    }
    data |= {"low": data.pop("value_low"), "high": data.pop("value_high")}
    coords = {
        "scaling": list(scalings),
        "method": list(names),
        "method_other": list(names),
        "metric": METRICS,
        "size": sizes,
    }
    attrs = {"confidence": 0.95, "num_resamples": 1000, "num_examples": 10000, "num_validation": 500, "samples": 30}
    return xr.Dataset(data, coords=coords, attrs=attrs)


def interval(name, dims, middle, half):
    """Return a variable and the ends of its interval."""
    ends = {"": middle, "_low": middle - half, "_high": middle + half}
    return {f"{name}{end}": (dims, values) for end, values in ends.items()}


CORRUPTIONS = [
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
    "speckle_noise",
    "gaussian_blur",
    "spatter",
    "saturate",
]
SHIFT_METRICS = [*METRICS, "jensen_shannon"]


def shift(num_members=5, num_corruptions=19, seed=0, growth=0.35):
    """Return metrics under corruptions; gains are `1 + growth * intensity` times those without."""
    generator = np.random.default_rng(seed)
    sizes, intensity = np.array([1, num_members]), np.arange(6)
    harm = generator.uniform(0.3, 1.4, num_corruptions)[:, None] * intensity / 5
    worst = np.array([-0.42, 1.5, 0.45, 0.22])
    each = np.full((len(METHODS), 2, 5, num_corruptions, 6), np.nan)
    for index, name in enumerate(METHODS):
        for metric in range(4):
            start = ONE[METRICS[metric]] + worst[metric] * harm
            gain = gains(name, METRICS[metric], sizes)[:, None, None] * (1 + growth * harm * 4)
            each[index, :, metric] = start + gain * generator.uniform(0.9, 1.1, (1, num_corruptions, 1))
        spread = 0.02 + 0.1 * HEAD_START[name]
        each[index, 1, 4] = 0.16 + 0.10 * harm
        if name != "independent":
            each[index, 0, 4] = spread * (1 + 0.5 * harm)
    value = each.mean(axis=3)
    half = np.array([*HALF.values(), 0.004])[None, None, :, None] * np.ones_like(value)
    gain = value[0, 1] - value[0, 0]
    slope = ((intensity - 2.5) * gain).sum(axis=1) / 17.5
    dims = ("method", "size", "metric", "intensity")
    data = {
        **interval("value", dims, value, half),
        "each": (("method", "size", "metric", "corruption", "intensity"), each),
        **interval("gain", ("metric", "intensity"), gain, half[0, 0] / 3),
        **interval("slope", ("metric",), slope, np.abs(slope) * 0.3),
    }
    data |= {"low": data.pop("value_low"), "high": data.pop("value_high")}
    names = CORRUPTIONS[:num_corruptions]
    coords = {"method": METHODS, "size": sizes, "metric": SHIFT_METRICS, "corruption": names, "intensity": intensity}
    return xr.Dataset(data, coords=coords, attrs={"source": "on the fly", "num_examples": 1000, "confidence": 0.95})


SCORES = ["maximum_probability", "entropy", "mutual_information"]
GROUPS = ["one member", "independent", "checkpoints", *METHODS[2:]]


def foreign(num_bins=40):
    """Return how well scores tell foreign examples."""
    auroc = np.array([[0.71, 0.72, np.nan], [0.80, 0.82, 0.86], [0.74, 0.75, 0.70], *[[0.72, 0.73, 0.62]] * 5])
    auroc = auroc + 0.003 * np.arange(len(GROUPS))[:, None]
    fpr = 1.35 - 0.8 * auroc
    centres = (np.arange(num_bins) + 0.5) / num_bins * np.array([0.9, np.log(10), 1.2])[:, None]
    place = centres / centres.max(axis=1, keepdims=True)
    known, unknown = place**0.3 * np.exp(-4 * place), place**1.2 * np.exp(-3 * (place - 0.5) ** 2)
    density = np.stack([known, unknown])[None] * np.ones((len(GROUPS), 1, 1, 1))
    density = density / (density.sum(axis=-1, keepdims=True) * (centres[:, 1] - centres[:, 0])[:, None])
    density = density.transpose(0, 2, 1, 3)
    mean = (density * centres[None, :, None]).sum(axis=-1) * (centres[:, 1] - centres[:, 0])[None, :, None]
    mean[:, 0], density[0, 2], mean[0, 2] = 1 - mean[:, 0], np.nan, np.nan
    data = {
        **interval("auroc", ("method", "score"), auroc, 0.012),
        **interval("fpr95", ("method", "score"), fpr, 0.02),
        **interval("mean", ("method", "score", "origin"), mean, 0.01),
        "density": (("method", "score", "origin", "bin"), density),
        "bin_centre": (("score", "bin"), centres),
    }
    data |= {"low": data.pop("mean_low"), "high": data.pop("mean_high")}
    attrs = {
        "foreign": "mnist",
        "note": "28x28 grey, resized to 32x32 by bilinear interpolation, grey repeated over 3 channels",
        "num_known": 2000,
        "num_foreign": 2000,
        "confidence": 0.95,
    }
    coords = {"method": GROUPS, "score": SCORES, "origin": ["known", "foreign"]}
    return xr.Dataset(data, coords=coords, attrs=attrs)


def sources():
    """Return disagreement by what two runs share."""
    disagreement = np.array([[[0.0, 0.19], [0.235, 0.24]], [[0.245, 0.25], [0.25, 0.252]]])
    cosine = np.array([[[1.0, 0.55], [0.48, 0.46]], [[0.02, 0.02], [0.02, 0.02]]])
    dims = ("initialisation", "order", "noise")
    data = {
        **interval("disagreement", dims, disagreement, np.where(disagreement == 0, 0, 0.008)),
        "cosine": (dims, cosine),
        "num_pairs": (dims, np.full((2, 2, 2), 3)),
        "accuracy": (dims, 0.62 + 0.01 * np.ones((2, 2, 2))),
    }
    coords = {"initialisation": ["same", "different"], "order": ["same", "different"], "noise": ["off", "on"]}
    return xr.Dataset(data, coords=coords, attrs={"epochs": 10, "num_examples": 10000, "confidence": 0.95})


def chain_ensemble(num_samples=8, num_members=5):
    """Return ensembles of the samples of one chain beside independent members."""
    sizes = np.arange(1, num_samples + 1)
    start = np.array([ONE[metric] for metric in METRICS])[:, None]
    by_ten = np.array([BY_TEN[metric] for metric in METRICS])[:, None]
    share = (1 - 1 / sizes) / 0.9
    gain, half = 0.6 * by_ten * share, np.array([HALF[metric] for metric in METRICS])[:, None]
    dims = ("metric", "size")
    data = {
        **interval("value", dims, start + 0.01 * by_ten + gain, half),
        **interval("gain", dims, gain, half / 3),
        "independent_value": (dims, np.where(sizes <= num_members, start + by_ten * share, np.nan)),
    }
    data |= {"low": data.pop("value_low"), "high": data.pop("value_high")}
    attrs = {"confidence": 0.95, "num_examples": 10000}
    return xr.Dataset(data, coords={"metric": METRICS, "size": sizes}, attrs=attrs)


def costs():
    """Return the time and memory of each step."""
    steps = ["training", "predictions", "similarity", "subspaces", "radial", "paths", "plane", "methods", "shift"]
    seconds = [5400.0, 41.0, 3.2, 610.0, 240.0, 1900.0, 380.0, 75.0, 1250.0]
    peak = [780.0, 640.0, 450.0, 1100.0, 700.0, 820.0, 690.0, 1450.0, np.nan]
    return xr.Dataset({"seconds": ("point", seconds), "peak_mib": ("point", peak)}, coords={"point": steps})


def compared():
    """Return all of these results by step."""
    return {
        "methods": methods(),
        "shift": shift(),
        "foreign": foreign(),
        "sources": sources(),
        "chain-ensemble": chain_ensemble(),
        "costs": costs(),
    }
