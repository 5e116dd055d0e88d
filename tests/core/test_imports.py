"""The user's own code by name."""

import sys

import pytest

from modescape.core.errors import ArgumentError
from modescape.core.imports import imported


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A folder with modules, as current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    names = ["own_networks", "own_broken", "own_syntax"]
    (tmp_path / "own_networks.py").write_text("def build():\n    return 'built'\nsize = 3\n")
    (tmp_path / "own_broken.py").write_text("raise RuntimeError('first line\\nsecond line')\n")
    (tmp_path / "own_syntax.py").write_text("def build(:\n")
    yield
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("module")
def test_modules_of_the_current_directory_are_found():
    assert imported("own_networks:build", "model")() == "built"


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("no_such_module:build", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("own_broken:build", "RuntimeError: first line second line"),
        ("own_syntax:build", "SyntaxError: "),
        (":build", "ValueError: "),
        ("..own:build", "TypeError: "),
    ],
)
def test_a_module_that_cant_be_imported_is_named_with_the_reason(spec, reason):
    with pytest.raises(ArgumentError, match=rf"`model` must name a module that can be imported \({reason}") as caught:
        imported(spec, "model")
    assert "\n" not in str(caught.value)
    assert "Run from the folder that holds it, or install it." in str(caught.value)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("spec", ["own_networks:nothing", "own_networks:size", "own_networks", "own_networks:"])
def test_what_is_no_function_of_the_module_is_refused(spec):
    with pytest.raises(ArgumentError, match=r"`data` must name a function or class in the module own_networks; got '"):
        imported(spec, "data")
