"""Made-up results of steps that compare members class by class and group by group."""

import numpy as np
import xarray as xr

COMBINATIONS = ["none", "a", "b", "c", "a+b", "a+c", "b+c", "a+b+c"]
ENDS = (("", 0.0), ("_low", -0.05), ("_high", 0.05))


def classes(number=3):
    """Return accuracies of five members on classes, whose spread grows beyond chance."""
    generator = np.random.default_rng(1)
    spread = np.linspace(0.01, 0.05, number)
    single = {"spread": spread, "expected_low": 0.5 * spread, "expected_high": np.full(number, 0.03)}
    single |= {"p": np.linspace(0.5, 0.001, number), "p_adjusted": np.linspace(0.9, 0.004, number)}
    attrs = {"confidence": 0.9, "interaction_p": 0.001, "chance_low": 0.5, "chance_high": 1.5}
    attrs |= {"interaction_ratio": 4.25, "interaction_ratio_low": 2.0, "interaction_ratio_high": 9.0}
    return xr.Dataset(
        {
            "accuracy": (["member", "class"], generator.random((5, number))),
            **{name: ("class", values) for name, values in single.items()},
        },
        coords={"member": range(5), "class": [f"class {place}" for place in range(number)]},
        attrs=attrs,
    )


def three_class(num_members=3):
    """Return members of which two are good at one class alone, more than by chance."""
    difference = np.linspace(-0.1, 0.2, 3 * num_members).reshape(num_members, 3)
    numbers = {"count": [0, 2, 1, 0, 0, 0, 0, 0], "low": [1] + [0] * 7, "high": [3] + [1] * 7}
    numbers |= {"expected": [2.5] + [0.1] * 7, "p": [1.0] + [0.001] * 7, "p_adjusted": [1.0, 0.008] + [0.5] * 6}
    return xr.Dataset(
        {
            **{name: ("combination", values) for name, values in numbers.items()},
            **{f"difference{end}": (["member", "class"], difference + shift) for end, shift in ENDS},
            "accuracy": (["member", "class"], difference + 0.5),
        },
        coords={"member": range(num_members), "class": ["a", "b", "c"], "combination": COMBINATIONS},
    )


def groups(**attrs):
    """Return two groups and their pairs."""
    pair, point = ("group", "group_other"), ("point",)
    square = np.array([[0.1, 0.3], [0.3, 0.2]])
    columns = {
        "accuracy": ("group", [0.9, 0.8]),
        "num_members": ("group", [2, 3]),
        "disagreement": ("group", [0.1, 0.2]),
        "pair_accuracy": (point, [0.9, 0.85, 0.8, 0.82]),
        "pair_disagreement": (point, [0.1, 0.3, 0.2, 0.22]),
        "pair_group": (point, np.array(["deep", "deep and wide", "wide", "wide"], dtype=object)),
        "pair_first": (point, [0, 0, 2, 2]),
        "pair_second": (point, [1, 2, 3, 4]),
    }
    for name in ("disagreement_between", "conditional_disagreement_between", "accuracy_difference"):
        values = square if name != "accuracy_difference" else np.array([[0.0, -0.1], [0.1, 0.0]])
        columns |= {f"{name}{end}": (pair, values + shift) for end, shift in ENDS}
    known = {"confidence": 0.9, "num_classes": 10, "same_examples": True, "num_pairs": 4, "shown_pairs": 4, **attrs}
    names = ["deep", "wide"]
    return xr.Dataset(columns, coords={"group": names, "group_other": names}, attrs=known)


def divided():
    """Return the results of all these steps."""
    return {"classes": classes(), "three-class": three_class(), "groups": groups()}
