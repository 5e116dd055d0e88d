"""Made-up results of the step `alignment`, near to what wide networks on MNIST give."""

import numpy as np
import xarray as xr

BARRIERS = {
    "none": 0.8,
    "none+repair": 0.3,
    "scale": 0.85,
    "weights": 0.1,
    "activations": 0.05,
    "weights+repair": 0.02,
    "activations+repair": 0.01,
}
COSINES = {"none": 0.007, "scale": 0.008, "weights": 0.37, "activations": 0.34}


def alignment(pairs=("0-1",), names=tuple(BARRIERS), num_places=5, repair="units rescaled", layers=("1", "4")):
    """Return barriers that fall with alignment; every further pair has higher ones."""
    place = np.linspace(0, 1, num_places)
    steps = np.arange(len(pairs))
    barriers = np.array([BARRIERS[name] for name in names]) * (1 + steps[:, None])
    cosines = np.array([COSINES[name.removesuffix("+repair")] for name in names]) + 0 * barriers
    loss = 0.08 + 4 * barriers[:, :, None] * place * (1 - place)
    dims, along, layer = ("pair", "alignment"), ("pair", "alignment", "place"), ("layer", "pair", "alignment")
    data = {
        "cosine": (dims, cosines),
        "distance": (dims, 60 * np.sqrt(1 - cosines)),
        "loss": (along, loss),
        "accuracy": (along, 0.98 - 0.2 * (loss - 0.08)),
        "agreement_first": (along, 1 - 0.02 * place * np.ones_like(loss)),
        "agreement_second": (along, 1 - 0.02 * (1 - place) * np.ones_like(loss)),
        "layer_cosine": (layer, np.stack([cosines / number for number in range(1, len(layers) + 1)])),
        "unit_correlation": (layer, np.stack([cosines] * (len(layers) - 1) + [np.full_like(cosines, np.nan)])),
    }
    for name, values in (
        ("barrier_loss", barriers),
        ("barrier_accuracy", 0.2 * barriers),
        ("midpoint_disagreement", 0.01 + 0.2 * barriers),
    ):
        for end, shift in (("", 0.0), ("_low", -0.01), ("_high", 0.01)):
            data[name + end] = (dims, values + shift)
    for end, shift in (("", 0.0), ("_low", -0.005), ("_high", 0.005)):
        data["disagreement" + end] = (("pair",), np.full(len(pairs), 0.02 + shift))
    coords = {"pair": list(pairs), "alignment": list(names), "place": place, "layer": list(layers)}
    return xr.Dataset(data, coords=coords, attrs={"confidence": 0.9, "repair": repair, "num_examples": 2000})
