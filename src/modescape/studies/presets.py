"""Named sets of settings to start from; a settings file and single options go on top."""

from typing import Any

from modescape.core.checks import check_choice

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"train": {"members": 10}},
    "quick": {
        "train": {"members": 5, "epochs": 10, "late_fraction": 0.5},
        "subspaces": {"samples": 10, "plane_samples": 20},
        "landscape": {"radii": 15, "angles": 33, "path_points": 15, "curve_epochs": 5},
        "shift": {"shift_examples": 500, "shift_members": 3, "shift_samples": 3},
        "foreign": {"foreign_examples": 1000},
        "sources": {"source_epochs": 4},
        "chain": {"chain_cycles": 2},
    },
    "demo": {
        "data": {"source": "digits", "limit": 150, "test_fraction": 0.5},
        "model": {"name": "small-cnn"},
        "train": {"members": 10, "epochs": 60, "batch_size": 32, "learning_rate": 0.005, "schedule": "cosine"},
        "subspaces": {"samples": 8, "plane_samples": 12},
        "landscape": {"radii": 10, "angles": 25, "path_points": 11, "curve_epochs": 60},
        "shift": {"shift_examples": 100, "shift_members": 3, "shift_samples": 2},
        "foreign": {"foreign_examples": 200},
        "chain": {"chain_epochs": 120},
    },
}
"""Where to start from: `paper` is the recipe of Fort et al. (2019) with ten members; `quick` takes a fraction of its
time; `demo` runs in minutes and has so few training examples that members err."""


def preset(name: str) -> dict[str, Any]:
    """Return the nested settings of a preset.

    Raises:
        ArgumentError: If the name is unknown.

    >>> preset("paper")
    {'train': {'members': 10}}
    """
    check_choice(name, PRESETS, "preset")
    return PRESETS[name]
