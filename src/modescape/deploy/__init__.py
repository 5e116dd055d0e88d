"""An ensemble as one predictor to hand over: a PyTorch module, a file (.pt2, .onnx), a scikit-learn estimator."""

from modescape.deploy.combined import deployed
from modescape.deploy.estimator import EnsembleClassifier, Uncertainty
from modescape.deploy.formats import save_predictor
from modescape.deploy.predictor import OUTPUTS, DeployedEnsemble

__all__ = ["OUTPUTS", "DeployedEnsemble", "EnsembleClassifier", "Uncertainty", "deployed", "save_predictor"]
