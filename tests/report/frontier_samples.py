"""Made-up results of the frontier and of the curve of size, in the shapes that studies hand to the report."""

import json

import numpy as np
import xarray as xr

TITLES = {
    "independent": "independent members",
    "bagging": "bagging",
    "k-fold": "k-fold members",
    "snapshot": "snapshots of one run",
    "fge": "fast geometric ensembling",
    "swa": "stochastic weight averaging",
    "swag": "SWAG",
    "multi-swag": "MultiSWAG",
    "sgmcmc": "cyclical SG-MCMC",
    "mc-dropout": "MC-dropout",
    "batch-ensemble": "BatchEnsemble",
    "mimo": "MIMO",
    "trunks": "multi-trunk network",
    "choice": "multiple-choice learning",
    "partial": "partial re-initialisation",
    "single": "one network, trained longer",
    "wide": "one network with as many parameters",
    "distilled": "distilled ensemble",
}
MANY = ("independent", "bagging", "k-fold", "multi-swag", "partial")
"""Methods that predict with one pass for each member."""
NO_SIZE_1 = ("bagging", "snapshot", "fge", "mimo", "distilled")
"""Methods that have no size 1."""
METRICS = ("accuracy", "nll", "brier", "ece", "auroc")
SINGLE = np.array([0.710, 0.845, 0.400, 0.035, 0.780])
GAIN = np.array([0.045, -0.092, -0.044, -0.010, 0.030])
HALF = np.array([0.0085, 0.020, 0.009, 0.006, 0.008])


def frontier(num_sizes=5, names=tuple(TITLES), *, scalings=("raw", "scaled"), foreign="svhn", seed=0):
    """Return methods that reach various shares of what independent members gain; some have no size 1."""
    generator = np.random.default_rng(seed)
    sizes = np.arange(1, num_sizes + 1)
    shape = (len(scalings), len(names), num_sizes, len(METRICS))
    share = np.array([1.0 if name == "independent" else generator.uniform(0.1, 1.15) for name in names])
    curve = (1 - 1 / sizes) / (1 - 1 / max(num_sizes, 2))
    value = SINGLE + GAIN * (share[:, None] * curve)[None, :, :, None] + 0.06 * GAIN * generator.standard_normal(shape)
    for place, name in enumerate(names):
        if name in NO_SIZE_1:
            value[:, place, 0] = np.nan
    if not foreign:
        value[..., METRICS.index("auroc")] = np.nan
    reference = names.index("independent") if "independent" in names else 0
    difference = value - value[:, [reference]]
    versus = value - value[:, [reference], :1]
    dims = ("scaling", "method", "size", "metric")
    half = np.where(difference == 0, 0.0, 0.35 * HALF)
    flat = np.array([1.0 if name not in MANY else np.nan for name in names])[:, None]
    passes = np.where(np.isnan(flat), sizes[None, :].astype(float), flat) * np.where(
        np.isnan(value[0, ..., 0]), np.nan, 1
    )
    by_size = ("method", "size")
    data = {
        "value": (dims, value),
        "low": (dims, value - HALF),
        "high": (dims, value + HALF),
        "difference": (dims, difference),
        "difference_low": (dims, difference - half),
        "difference_high": (dims, difference + half),
        "versus_one": (dims, versus),
        "versus_one_low": (dims, versus - half),
        "versus_one_high": (dims, versus + half),
        "training": (by_size, 20.0 * sizes[None] * np.ones((len(names), 1))),
        "prediction": (by_size, passes),
        "parameters": (by_size, 66_000 * passes),
        "temperature": (by_size, np.where(np.isnan(passes), np.nan, 1.1)),
    }
    attrs = {
        "confidence": 0.95,
        "num_resamples": 1000,
        "num_examples": 10_000,
        "num_validation": 5_000,
        "foreign": foreign,
        "num_foreign": 2_000 if foreign else 0,
        "epochs": 20,
        "titles": json.dumps({name: TITLES.get(name, name) for name in names}),
        "notes": json.dumps([]),
        "recommended_method": "mimo",
        "recommended_size": min(3, num_sizes),
        "recommendation": "Take MIMO (size 3), the cheapest that is not worse than the best.",
        "reasons": json.dumps(["Chosen by NLL on 5,000 validation examples.", "Every other is worse or dearer."]),
    }
    coords = {"scaling": list(scalings), "method": list(names), "size": sizes, "metric": list(METRICS)}
    return xr.Dataset(data, coords=coords, attrs=attrs)


def returns(num_members=10, ahead=5, *, sentence=""):
    """Return curves that level off, measured up to the number of members and fitted beyond; no fit for one member."""
    sizes = np.arange(1, num_members + ahead + 1)
    limit, scale = np.array([0.757, 0.753, 0.356])[:, None], np.array([-0.046, 0.092, 0.044])[:, None]
    half = np.array([0.0085, 0.019, 0.009])[:, None]
    rate = np.array([0.9, 1.02, 1.0])
    fit = limit + scale * sizes ** -rate[:, None]
    measured = np.where(sizes <= num_members, fit + 0.0004 * np.cos(3 * sizes), np.nan)
    gain = fit[:, num_members] - fit[:, num_members - 1]
    width = 0.25 * np.abs(gain)
    if num_members == 1:
        fit, gain, limit, rate = np.nan * fit, np.nan * gain, np.nan * limit, np.nan * rate
    if num_members < 3:
        half, width = np.nan * half, np.nan * width
    dims = ("metric", "size")
    data = {
        "value": (dims, measured),
        "low": (dims, measured - 0.0085),
        "high": (dims, measured + 0.0085),
        "fit": (dims, fit),
        "fit_low": (dims, fit - half),
        "fit_high": (dims, fit + half),
        "gain": ("metric", gain),
        "gain_low": ("metric", gain - width),
        "gain_high": ("metric", gain + width),
        "limit": ("metric", limit[:, 0]),
        "limit_low": ("metric", limit[:, 0] - 1.2 * half[:, 0]),
        "limit_high": ("metric", limit[:, 0] + 1.2 * half[:, 0]),
        "rate": ("metric", rate),
    }
    attrs = {"members": num_members, "confidence": 0.95, "sentence": sentence, "num_examples": 10_000}
    return xr.Dataset(data, coords={"metric": ["accuracy", "nll", "brier"], "size": sizes}, attrs=attrs)


def frontiers():
    """Return the results of this file by step."""
    return {"frontier": frontier(), "returns": returns()}
