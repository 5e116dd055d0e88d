"""Made-up results of what chance gives, of representations and of attacks, near to those of small networks."""

import numpy as np
import xarray as xr

NULLS = ["independent", "initialisations", "permutations"]
LAYERS = ["conv1", "conv2", "head"]
ENDS = ("", "_low", "_high")


def null(layers=LAYERS, confidence=0.95, **attrs):
    """Return ranges of cosines, wider for permuted copies; members lie above all of them."""
    low, high = np.array([-0.01, -0.012, 0.0]), np.array([0.01, 0.012, 0.03])
    data = {
        "mean": ("null", (low + high) / 2),
        "low": ("null", low),
        "high": ("null", high),
        "num": ("null", [199, 190, 100]),
        "members_mean": ((), 0.05),
        "members_low": ((), 0.04),
        "members_high": ((), 0.06),
    }
    wide = 1.0 + np.arange(len(layers))
    data |= {
        f"layer_{name}": (("null", "layer"), array[:, None] * wide) for name, array in (("low", low), ("high", high))
    }
    attrs = {"confidence": confidence, "permutations_left_out": "", "initialisations_left_out": "", **attrs}
    return xr.Dataset(data, coords={"null": NULLS, "layer": list(layers)}, attrs=attrs)


def representations(num_members=4, num_layers=3, untrained=True, seed=0):
    """Return likeness that falls from layer to layer."""
    generator = np.random.default_rng(seed)
    names = [f"layer {number}" for number in range(num_layers)] if num_layers != 3 else LAYERS
    mean = np.linspace(0.97, 0.6, num_layers)
    noise = generator.normal(0, 0.01, (num_layers, num_members, num_members))
    square = mean[:, None, None] + (noise + noise.transpose(0, 2, 1)) / 2
    square[:, np.arange(num_members), np.arange(num_members)] = 1.0
    gap = np.abs(np.arange(num_layers)[:, None] - np.arange(num_layers))
    cross = mean[:, None] * 0.7**gap
    above = np.triu_indices(num_members, 1)
    parting = square[:, above[0], above[1]].mean(axis=1)
    data = {}
    for end, shift in zip(ENDS, (0.0, -0.02, 0.02), strict=True):
        data[f"cka{end}"] = (("layer", "member", "member_other"), square + shift)
        data[f"cross{end}"] = (("layer", "layer_other"), cross + shift)
        data[f"parting{end}"] = ("layer", parting + shift)
        if untrained:
            data[f"untrained{end}"] = ("layer", 0.5 * mean + 5 * shift)
    members = np.arange(num_members)
    coords = {"layer": names, "layer_other": names, "member": members, "member_other": members}
    attrs = {"num_examples": 2000, "confidence": 0.95, "members_left_out": 0, "pair": "0-1"}
    return xr.Dataset(data, coords=coords, attrs=attrs)


def alignment(layers=LAYERS):
    """Return likeness of neurons before and after they were matched; the last layer has no neurons."""
    kinds = ["none", "weights"]
    cosine = np.stack([np.full((len(layers), 2), 0.02), np.linspace(0.5, 0.3, 2 * len(layers)).reshape(-1, 2)], axis=2)
    units = cosine + 0.1
    units[-1] = np.nan
    dims = ("layer", "pair", "alignment")
    return xr.Dataset(
        {"layer_cosine": (dims, cosine), "unit_correlation": (dims, units)},
        coords={"layer": list(layers), "pair": ["0-1", "0-2"], "alignment": kinds},
    )


def attacks(num_members=3, num_examples=200, seed=0, ensemble=True):
    """Return networks of which the ensemble holds out longest."""
    generator = np.random.default_rng(seed)
    points = [*map(str, range(num_members)), *(["ensemble"] if ensemble else [])]
    strength = np.array([0.0, 0.0075, 0.015, 0.03, 0.06, 0.12, 0.24])
    hold = 1.0 + 0.05 * np.arange(len(points))
    accuracy = np.stack([0.9 * np.exp(-strength * scale / hold[:, None]) for scale in (20.0, 40.0, 1.0)], axis=1)
    accuracy[:, 1, [1, 5, 6]] = np.nan
    flipped = 0.9 - accuracy
    sizes = generator.gamma(2.0, 0.02, (len(points), num_examples))
    steps = np.where(sizes < 0.04, np.ceil(sizes * 400), np.nan)
    transfer = np.clip(generator.normal(0.3, 0.05, (len(points), len(points))), 0, 1)
    np.fill_diagonal(transfer, 1.0)
    data = {
        "fgsm_size": (("member", "example"), sizes[:num_members]),
        "pgd_steps": (("member", "example"), steps[:num_members]),
        "num_carried": ("point", np.full(len(points), 100)),
    }
    for end, shift in zip(ENDS, (0.0, -0.02, 0.02), strict=True):
        data[f"accuracy{end}"] = (("point", "attack", "strength"), accuracy + shift)
        data[f"flipped{end}"] = (("point", "attack", "strength"), flipped + shift)
        data[f"transfer{end}"] = (("point", "point_other"), np.clip(transfer + shift, 0, 1))
        data[f"fgsm_median{end}"] = ("point", np.median(sizes, axis=1) * (1 + 5 * shift))
        data[f"transfer_to_members{end}"] = ((), 0.3 + shift)
        if ensemble:
            data[f"gain{end}"] = (("attack", "strength"), accuracy[-1] - accuracy[:-1].mean(axis=0) + shift)
            data[f"transfer_to_ensemble{end}"] = ((), 0.35 + shift)
    if ensemble:
        data |= {"ensemble_fgsm_size": ("example", sizes[-1]), "ensemble_pgd_steps": ("example", steps[-1])}
    coords = {"point": points, "point_other": points, "attack": ["fgsm", "pgd", "noise"], "strength": strength}
    coords |= {"member": np.arange(num_members), "example": np.arange(num_examples)}
    attrs = {"num_examples": num_examples, "attack_size": 0.03, "attack_steps": 20, "largest_size": 0.24}
    attrs |= {"unit": "share of the range of a pixel", "confidence": 0.95, "seed": 0, "members_left_out": 0}
    return xr.Dataset(data, coords=coords, attrs=attrs)


def chance():
    """Return the results of all these steps but the alignment."""
    return {"null": null(), "representations": representations(), "attacks": attacks()}
