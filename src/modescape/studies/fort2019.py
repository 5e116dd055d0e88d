"""Every experiment of Fort, Hu and Lakshminarayanan (2019) on the user's own data and network.

Source: https://arxiv.org/abs/1912.02757
"""

from modescape.studies import overview
from modescape.studies.step import Step
from modescape.studies.steps.chain import chain
from modescape.studies.steps.foreign import foreign
from modescape.studies.steps.methods import methods
from modescape.studies.steps.paths import paths
from modescape.studies.steps.plane import plane
from modescape.studies.steps.radial import radial
from modescape.studies.steps.shift import shift
from modescape.studies.steps.sources import sources
from modescape.studies.steps.subspaces import subspaces

STEPS: tuple[Step, ...] = (
    *overview.STEPS,
    subspaces,
    plane,
    methods,
    radial,
    paths,
    shift,
    foreign,
    sources,
    chain,
)
