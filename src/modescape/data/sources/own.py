"""Data of the user's own: whatever a Python function returns."""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modescape.core.errors import DataError, ModescapeError
from modescape.data.arrays import array_contents
from modescape.data.contents import Contents
from modescape.data.sets import Dataset
from modescape.data.settings import DataSettings
from modescape.data.sources.npz import named_arrays

FORMS = "a Dataset, (x, y), (x_train, y_train, x_test, y_test), or a dict with those names"


def own_contents(place: str, settings: DataSettings) -> Contents:
    """Return what a function without arguments returns.

    It may return a `Dataset`, whose splits, classes and scaling are kept; `(x, y)`; `(x_train, y_train, x_test,
    y_test)`; `((x_train, y_train), (x_test, y_test))` as in Keras; or a dict with such names and, if you like,
    `classes`. Arrays are NumPy's or torch's.

    Args:
        place: `package.module:function`; modules in the current folder are found.
        settings: Names the array of labels, where a dict has no splits, and the image size.

    Raises:
        DataError: If the module or function is not there, it raises, or returns something else.
    """
    module_name, _, function_name = place.partition(":")
    with _current_folder_importable():
        function = _function(module_name, function_name)
        try:
            returned = function()
        except ModescapeError:
            raise
        except Exception as error:
            raise DataError(
                f"{place} raised {type(error).__name__}: {_first_line(error)}. Call it in Python to find out why."
            ) from error
    if isinstance(returned, Dataset):
        return _of_dataset(place, returned, settings)
    arrays = dict(returned) if isinstance(returned, Mapping) else _named(place, returned)
    classes = arrays.pop("classes", None)
    inputs, labels = named_arrays(arrays, place, settings.label_column)
    return array_contents(place, inputs, labels, classes=classes, image_size=settings.image_size)


def _function(module_name: str, function_name: str) -> Callable[[], Any]:
    """Look up a function in a module."""
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise DataError(
                f"There is no module {module_name!r} in {Path.cwd()} or among the installed packages. "
                "Run from the folder that holds it, or install it."
            ) from error
        raise DataError(f"Module {module_name!r} imports {error.name!r}, which is not there. Install it.") from error
    except Exception as error:
        raise DataError(
            f"Importing module {module_name!r} raised {type(error).__name__}: {_first_line(error)}. Correct it."
        ) from error
    function = getattr(found, function_name, None)
    if not callable(function):
        known = [name for name in vars(found) if not name.startswith("_") and callable(vars(found)[name])]
        listed = ", ".join(known[:8]) or "none"
        raise DataError(f"Module {module_name!r} has no function {function_name!r}; it has {listed}. Pass one of them.")
    return function


def _named(place: str, returned: object) -> dict[str, Any]:
    """Give names to the arrays of a tuple."""
    values = list(returned) if isinstance(returned, tuple | list) else []
    if len(values) == 2 and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in values):
        values = [array for pair in values for array in pair]
    names: Sequence[str] = {2: ("x", "y"), 4: ("x_train", "y_train", "x_test", "y_test")}.get(len(values), ())
    if not names:
        got = f"{type(returned).__name__} of {len(values)}" if values else type(returned).__name__
        raise DataError(f"{place} must return {FORMS}; got {got}. Change what it returns.")
    return dict(zip(names, values, strict=True))


def _of_dataset(place: str, dataset: Dataset, settings: DataSettings) -> Contents:
    """Return the splits of a dataset the user built, with its scaling."""
    splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    inputs = {split: examples.inputs for split, examples in splits.items() if len(examples)}
    labels = {split: splits[split].labels for split in inputs}
    contents = array_contents(place, inputs, labels, classes=dataset.classes, image_size=settings.image_size)
    return Contents(
        dataset.name,
        contents.classes,
        contents.parts,
        contents.digest,
        scaling=(dataset.shift.detach().cpu().float(), dataset.scale.detach().cpu().float()),
    )


@contextmanager
def _current_folder_importable() -> Iterator[None]:
    """Let modules in the current folder be imported inside the block, as `python -m` does."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _first_line(error: Exception) -> str:
    """Return the first line of an error's text, without its full stop."""
    return (str(error).splitlines() or ["no message"])[0].rstrip(".")
