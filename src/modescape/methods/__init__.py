"""Many predictors out of a budget: every way to get an ensemble, one file each, with costs counted the same way."""

from modescape.methods.aligned_average import AlignedAverage
from modescape.methods.bagging import Bagging
from modescape.methods.batchensemble import BatchEnsemble
from modescape.methods.cost import Cost, flops, num_parameters
from modescape.methods.csgmcmc import CyclicalSGMCMC
from modescape.methods.dirichlet import DirichletUncertainty, dirichlet_uncertainty
from modescape.methods.distillation import Distillation
from modescape.methods.distribution_distillation import DistributionDistillation
from modescape.methods.dropout import predict_with_dropout, with_dropout_on
from modescape.methods.ensemble import Ensemble, Part, ensemble_predictions
from modescape.methods.fge import FGE
from modescape.methods.greedy_soup import GreedySoup
from modescape.methods.independent import Independent
from modescape.methods.k_fold import KFold
from modescape.methods.mc_dropout import MCDropout
from modescape.methods.memory import MemoryTrainer
from modescape.methods.mimo import Mimo
from modescape.methods.mixed import Mixed
from modescape.methods.multi_trunk import MultiTrunk
from modescape.methods.multi_trunk_jointly import MultiTrunkJointly
from modescape.methods.multiple_choice import MultipleChoice
from modescape.methods.multiswag import MultiSWAG
from modescape.methods.one_big import OneBig
from modescape.methods.partial import Partial
from modescape.methods.protocol import Method, Trained, Trainer
from modescape.methods.single import Single
from modescape.methods.snapshot import Snapshot
from modescape.methods.swa import SWA
from modescape.methods.swag import SWAG
from modescape.methods.uniform_soup import UniformSoup

METHODS: dict[str, type[Method]] = {
    method.name: method
    for method in (
        Independent,
        Mixed,
        Bagging,
        KFold,
        Single,
        MCDropout,
        Snapshot,
        FGE,
        SWA,
        SWAG,
        MultiSWAG,
        CyclicalSGMCMC,
        BatchEnsemble,
        Mimo,
        MultiTrunk,
        MultiTrunkJointly,
        MultipleChoice,
        OneBig,
        Partial,
        Distillation,
        DistributionDistillation,
        AlignedAverage,
        UniformSoup,
        GreedySoup,
    )
}
"""Every method by its name."""

__all__ = [
    "FGE",
    "METHODS",
    "SWA",
    "SWAG",
    "AlignedAverage",
    "Bagging",
    "BatchEnsemble",
    "Cost",
    "CyclicalSGMCMC",
    "DirichletUncertainty",
    "Distillation",
    "DistributionDistillation",
    "Ensemble",
    "GreedySoup",
    "Independent",
    "KFold",
    "MCDropout",
    "MemoryTrainer",
    "Method",
    "Mimo",
    "Mixed",
    "MultiSWAG",
    "MultiTrunk",
    "MultiTrunkJointly",
    "MultipleChoice",
    "OneBig",
    "Part",
    "Partial",
    "Single",
    "Snapshot",
    "Trained",
    "Trainer",
    "UniformSoup",
    "dirichlet_uncertainty",
    "ensemble_predictions",
    "flops",
    "num_parameters",
    "predict_with_dropout",
    "with_dropout_on",
]
