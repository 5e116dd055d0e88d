"""The full configuration of a study: one group of settings for each room, and the file they are kept in."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.settings import Settings
from modescape.data import DataSettings
from modescape.models import ModelSettings
from modescape.studies.sections import (
    AlignmentSettings,
    AttackSettings,
    ChainSettings,
    CompareSettings,
    CurvatureSettings,
    DifferencesSettings,
    ForeignSettings,
    FrontierSettings,
    LandscapeSettings,
    ShapesSettings,
    ShiftSettings,
    SourcesSettings,
    SubspaceSettings,
    SurfaceSettings,
)
from modescape.train import TrainSettings


class StudySettings(Settings):
    """Everything a study depends on; the same settings give the same result.

    >>> StudySettings(seed=3).train.learning_rate
    0.0016
    """

    study: str = Field(default="overview", description="Name of the study")
    seed: int = Field(default=0, ge=0, description="Seed of the run")
    data: DataSettings = Field(default_factory=DataSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    train: TrainSettings = Field(default_factory=TrainSettings)
    compare: CompareSettings = Field(default_factory=CompareSettings)
    subspaces: SubspaceSettings = Field(default_factory=SubspaceSettings)
    landscape: LandscapeSettings = Field(default_factory=LandscapeSettings)
    surfaces: SurfaceSettings = Field(default_factory=SurfaceSettings)
    curvature: CurvatureSettings = Field(default_factory=CurvatureSettings)
    shapes: ShapesSettings = Field(default_factory=ShapesSettings)
    differences: DifferencesSettings = Field(default_factory=DifferencesSettings)
    alignment: AlignmentSettings = Field(default_factory=AlignmentSettings)
    attacks: AttackSettings = Field(default_factory=AttackSettings)
    frontier: FrontierSettings = Field(default_factory=FrontierSettings)
    shift: ShiftSettings = Field(default_factory=ShiftSettings)
    foreign: ForeignSettings = Field(default_factory=ForeignSettings)
    sources: SourcesSettings = Field(default_factory=SourcesSettings)
    chain: ChainSettings = Field(default_factory=ChainSettings)

    def value(self, name: str) -> Any:
        """Return a setting by its flat name.

        >>> StudySettings().value("epochs")
        40
        """
        found: Any = self
        for part in flat_names()[name]:
            found = getattr(found, part)
        return found


SECTIONS: dict[str, type[Settings]] = {
    "data": DataSettings,
    "model": ModelSettings,
    "train": TrainSettings,
    "compare": CompareSettings,
    "subspaces": SubspaceSettings,
    "landscape": LandscapeSettings,
    "surfaces": SurfaceSettings,
    "curvature": CurvatureSettings,
    "shapes": ShapesSettings,
    "differences": DifferencesSettings,
    "alignment": AlignmentSettings,
    "attacks": AttackSettings,
    "frontier": FrontierSettings,
    "shift": ShiftSettings,
    "foreign": ForeignSettings,
    "sources": SourcesSettings,
    "chain": ChainSettings,
}
RENAMED = {("data", "source"): "data", ("model", "name"): "model", ("model", "options"): "model_options"}
"""Settings that users call by another name than their field."""


def flat_names() -> dict[str, tuple[str, ...]]:
    """Return where each setting lies in the nested settings, by the flat name that users give it.

    >>> flat_names()["epochs"], flat_names()["model"], flat_names()["seed"]
    (('train', 'epochs'), ('model', 'name'), ('seed',))
    """
    names: dict[str, tuple[str, ...]] = {"study": ("study",), "seed": ("seed",)}
    for section, settings in SECTIONS.items():
        for field in settings.model_fields:
            names[RENAMED.get((section, field), field)] = (section, field)
    return names


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Sort flat settings into sections.

    Raises:
        ArgumentError: If a name is unknown.

    >>> nested({"data": "digits", "epochs": 3})
    {'data': {'source': 'digits'}, 'train': {'epochs': 3}}
    """
    names, result = flat_names(), {}
    for name, value in flat.items():
        if name not in names:
            raise ArgumentError(name, "be a known setting", Quoted("an unknown name"), f"Use one of {', '.join(names)}")
        *section, field = names[name]
        target = result.setdefault(section[0], {}) if section else result
        target[field] = value
    return result


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay nested settings over one another, later layers on top.

    Options of a network are merged too, and dropped where a later layer names another network.

    >>> merged({"train": {"epochs": 3, "members": 2}}, {"train": {"epochs": 5}})
    {'train': {'epochs': 5, 'members': 2}}
    >>> merged({"model": {"name": "mlp", "options": {"hidden": [8]}}}, {"model": {"name": "small-cnn"}})
    {'model': {'name': 'small-cnn', 'options': {}}}
    """
    result: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            both = isinstance(value, Mapping) and isinstance(result.get(name), Mapping) and name in SECTIONS
            result[name] = _laid_over(name, result[name], value) if both else value
    return result


def _laid_over(section: str, below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one section over another."""
    result = {**below, **above}
    old, new = below.get("options", {}), above.get("options", {})
    if section == "model" and isinstance(old, Mapping) and isinstance(new, Mapping) and (old or new):
        default = ModelSettings().name
        same = result.get("name", default) == below.get("name", default)
        result["options"] = {**(old if same else {}), **new}
    return result


def read_settings(path: Path) -> dict[str, Any]:
    """Read nested settings from a YAML file, such as the `settings.yaml` that every run holds.

    Settings may also stand outside their section, by the flat names of `flat_names`.

    Raises:
        ArgumentError: If the file is missing, is not YAML or not a mapping, or a name is unknown.
    """
    try:
        loaded = _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentError("config", f"be a readable file ({error.strerror})", str(path), "Check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        advice = "Compare it with a run's settings.yaml"
        raise ArgumentError("config", f"be YAML ({reason})", str(path), advice) from None
    if not isinstance(loaded, dict):
        raise ArgumentError("config", "hold settings by name", str(path), "Compare it with a run's settings.yaml")
    sections = {name: value for name, value in loaded.items() if name in SECTIONS and isinstance(value, Mapping)}
    flat = {name: value for name, value in loaded.items() if name not in sections}
    return merged(sections, nested(flat))


class _Loader(yaml.SafeLoader):
    """Reads YAML 1.1, but `1e-3` as a number too, which is text there for want of a point."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+"), list("-+.0123456789")
)


def _parsed(text: str) -> Any:
    """Read YAML."""
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def parsed_value(text: str) -> Any:
    """Read the value of one setting as a settings file would; what is not YAML is text.

    >>> parsed_value("[64, 32]"), parsed_value("1e-3"), parsed_value("{relu")
    ([64, 32], 0.001, '{relu')
    """
    try:
        return _parsed(text)
    except yaml.YAMLError:
        return text


def parsed_values(text: str) -> list[Any]:
    """Read values with commas between, each as `parsed_value` does; commas in brackets and quotes are part of a value.

    >>> parsed_values("true,0.5,parquet:data/mnist,[64, 32]")
    [True, 0.5, 'parquet:data/mnist', [64, 32]]
    """
    return [parsed_value(piece.strip()) for piece in _SEPARATE.findall(text)]


_SEPARATE = re.compile(r"""(?:\[[^\]]*\]|\{[^}]*\}|"(?:[^"\\]|\\.)*"|'[^']*'|[^,])+""")


def as_typed(value: Any, *, listed: bool = False) -> str:
    """Return the text that is read as a value; listed, by `parsed_values` among others.

    >>> as_typed("relu"), as_typed("1e-3"), as_typed("3,5", listed=True)
    ('relu', '"1e-3"', '"3,5"')
    """
    plain = isinstance(value, str) and (parsed_values(value) == [value] if listed else parsed_value(value) == value)
    return value if plain else json.dumps(value)
