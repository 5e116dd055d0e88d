"""Named sets of settings to start from; a settings file and single options go on top."""

from typing import Any

from modescape.core.checks import check_choice

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "demo": {
        "data": {"source": "digits", "limit": 150, "test_fraction": 0.5},
        "model": {"name": "small-cnn"},
        "train": {"members": 10, "epochs": 60, "batch_size": 32, "learning_rate": 0.005, "schedule": "cosine"},
    },
}
"""`paper` is the recipe of Fort et al. (2019), which the settings have as their defaults; `demo` runs in a minute and
has so few training examples that members err."""


def preset(name: str) -> dict[str, Any]:
    """Return the nested settings of a preset.

    Raises:
        ArgumentError: If the name is unknown.

    >>> preset("paper")
    {}
    """
    check_choice(name, PRESETS, "preset")
    return PRESETS[name]
