"""The landscape that members lie in: planes, lines and curves through it, and how sharp, deep and far apart minima are.

Source: Li et al. (2018), https://arxiv.org/abs/1712.09913, Garipov et al. (2018), https://arxiv.org/abs/1802.10026
"""

from modescape.studies import overview
from modescape.studies.step import Step
from modescape.studies.steps.curvature import curvature
from modescape.studies.steps.layers import layers
from modescape.studies.steps.lines import lines
from modescape.studies.steps.minima import minima
from modescape.studies.steps.paths import paths
from modescape.studies.steps.planes import curve_plane, random_plane, solutions_plane, trajectory_plane

STEPS: tuple[Step, ...] = (
    *overview.STEPS,
    paths,
    solutions_plane,
    random_plane,
    trajectory_plane,
    curve_plane,
    lines,
    curvature,
    minima,
    layers,
)
