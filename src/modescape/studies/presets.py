"""Named sets of settings to start from; a settings file and single options go on top."""

from typing import Any

from modescape.core.checks import check_choice

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"train": {"members": 10}},
    "quick": {
        "train": {"members": 5, "epochs": 10, "late_fraction": 0.5},
        "subspaces": {"samples": 10, "plane_samples": 20},
        "landscape": {"radii": 15, "angles": 33, "path_points": 15, "curve_epochs": 5},
        "surfaces": {"grid_points": 17, "line_directions": 3, "line_points": 11},
        "curvature": {"curvature_examples": 500, "curvature_steps": 3, "trace_samples": 10, "density_samples": 2},
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
        "surfaces": {"grid_points": 17, "line_directions": 2, "line_points": 11},
        "curvature": {
            "curvature_examples": 100,
            "curvature_steps": 2,
            "eigenvalues": 3,
            "trace_samples": 5,
            "density_samples": 2,
            "density_rank": 20,
            "width_directions": 3,
        },
        "shift": {"shift_examples": 100, "shift_members": 3, "shift_samples": 2},
        "foreign": {"foreign_examples": 200},
        "chain": {"chain_epochs": 120},
    },
}
"""Where to start from: `paper` is the recipe of Fort et al. (2019) with ten members; `quick` takes a fraction of its
time; `demo` runs in minutes and has so few training examples that members err."""

STUDY_DEFAULTS: dict[str, dict[str, Any]] = {
    "shapes": {
        "data": {"source": "cifar10"},
        "model": {"name": "resnet20"},
        "shapes": {"vary": {"data": ["mnist", "cifar10"], "skip": [True, False], "width": [0.5, 1.0]}},
    },
}
"""What a study begins with, below any preset."""

STUDY_PRESETS: dict[tuple[str, str], dict[str, Any]] = {
    ("landscapes", "demo"): {"landscape": {"landscape_examples": 400}},
    ("shapes", "quick"): {
        "data": {"limit": 5000, "test_limit": 2000},
        "curvature": {"curvature_examples": 250, "trace_samples": 10, "width_directions": 3},
    },
    ("shapes", "demo"): {
        "model": {"name": "resnet", "options": {"depth": 8}},
        "train": {"members": 3, "epochs": 20},
        "curvature": {"curvature_examples": 100, "trace_samples": 5, "width_directions": 3},
        "shapes": {"vary": {"skip": [True, False], "width": [0.25, 0.5]}},
    },
}
"""What a preset adds or changes in a study, above the preset itself."""


def preset(name: str) -> dict[str, Any]:
    """Return the nested settings of a preset.

    Raises:
        ArgumentError: If the name is unknown.

    >>> preset("paper")
    {'train': {'members': 10}}
    """
    check_choice(name, PRESETS, "preset")
    return PRESETS[name]


def study_preset(study: str, name: str | None) -> tuple[dict[str, Any], ...]:
    """Return the layers of nested settings that a study begins with, the lowest first.

    Args:
        study: Name of the study.
        name: Name of a preset, if there is one.

    Raises:
        ArgumentError: If the name of the preset is unknown.

    >>> len(study_preset("shapes", "demo"))
    3
    """
    chosen = {} if name is None else preset(name)
    return STUDY_DEFAULTS.get(study, {}), chosen, STUDY_PRESETS.get((study, name or ""), {})
