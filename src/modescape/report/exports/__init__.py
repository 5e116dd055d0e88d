"""Landscapes as files of other programs: pages, pictures, animations, VTK, NetCDF, zarr and CSV, by the suffix.

Each kind of file is made here from a dataset alone; `save_landscape` chooses by the suffix and writes.
"""

from modescape.report.exports.save import SUFFIXES, save_landscape

__all__ = ["SUFFIXES", "save_landscape"]
