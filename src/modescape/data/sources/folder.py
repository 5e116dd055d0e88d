"""Folders of image files, one folder for each class."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from modescape.core.errors import DataError
from modescape.core.progress import Progress
from modescape.data.cache import Cache, entry_key
from modescape.data.contents import Contents
from modescape.data.images import Encoded, EncodedSet, EncodedSplit
from modescape.data.labels import encoded_labels
from modescape.data.settings import DataSettings

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
SPLIT_FOLDERS = {"train": ("train",), "test": ("test",), "validation": ("validation", "val")}


def folder_contents(place: str, settings: DataSettings, cache: Cache) -> Contents:
    """Return the images of a folder, labelled by the folder they lie in.

    Either `DIR/CLASS/...`, or `DIR/train/CLASS/...` with `DIR/test/CLASS/...` and `DIR/validation/CLASS/...` (or
    `val`) where there are such. Folders inside a class folder belong to that class; hidden ones are left out.

    Args:
        place: The folder.
        settings: Names the image size.
        cache: Where decoded images go.

    Raises:
        DataError: If there is no such folder, or no images in it.
    """
    path = Path(place).expanduser()
    if not path.is_dir():
        raise DataError(f"There is no folder {path}. Check the path after folder:.")
    files = {split: labelled_files(folder, cache.progress) for split, folder in _split_folders(path).items()}
    every = [file for split in files.values() for file, _ in split]
    key = entry_key(f"folder:{path.resolve()}", every, {"image_size": settings.image_size})
    name = path.resolve().name
    if (kept := cache.opened(key, name)) is not None:
        return kept
    classes, encoded = encoded_labels({split: [label for _, label in pairs] for split, pairs in files.items()})
    splits = {
        split: EncodedSplit(encoded[split], partial(_images, [file for file, _ in pairs], path))
        for split, pairs in files.items()
    }
    return cache.built(key, name, EncodedSet(classes, splits), image_size=settings.image_size)


def labelled_files(folder: Path, progress: Progress) -> list[tuple[Path, str]]:
    """Return the image files below a folder with the names of their class folders, sorted.

    Raises:
        DataError: If there are none.
    """
    found = []
    for class_folder in _visible_folders(folder):
        images = sorted(_image_files(class_folder))
        found.extend((image, class_folder.name) for image in images)
        if not images:
            progress.say(f"{class_folder} holds no images and is left out")
    if not found:
        kinds = ", ".join(sorted(suffix.removeprefix(".") for suffix in SUFFIXES))
        raise DataError(f"{folder} holds no folders of images ({kinds}). Put the images of each class in a folder.")
    return found


def _split_folders(path: Path) -> dict[str, Path]:
    """Return the folder of each split; the folder itself where it holds no train folder with classes in it."""
    if not _visible_folders(path / "train"):
        return {"train": path}
    candidates = ((split, path / name) for split, names in SPLIT_FOLDERS.items() for name in names)
    return {split: folder for split, folder in candidates if folder.is_dir()}


def _visible_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder that are not hidden, sorted."""
    if not folder.is_dir():
        return []
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _image_files(folder: Path) -> Iterator[Path]:
    """Yield all image files at any depth below a folder, except hidden ones."""
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122
                yield Path(parent, name)


def _images(files: Sequence[Path], base: Path) -> Iterator[Encoded]:
    """Yield image files, named as they lie below the source's folder."""
    return (Encoded(file.relative_to(base).as_posix(), file) for file in files)
