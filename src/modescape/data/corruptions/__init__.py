"""Corrupted test images: the 19 types of CIFAR-10-C at 5 intensities, made on the fly or read from its files.

`corrupted` changes images one by one, through the optional package `imagecorruptions-imaug`; `official` reads the
published arrays. `described` says which constants an image's size calls for, and where a type differs from the
published one.
"""

from modescape.data.corruptions.apply import check_corruptible, corrupted
from modescape.data.corruptions.names import COMMON, CORRUPTIONS, EXTRA, INTENSITIES, Description, described
from modescape.data.corruptions.official import official, official_names, official_rows

__all__ = [
    "COMMON",
    "CORRUPTIONS",
    "EXTRA",
    "INTENSITIES",
    "Description",
    "check_corruptible",
    "corrupted",
    "described",
    "official",
    "official_names",
    "official_rows",
]
