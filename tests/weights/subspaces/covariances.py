"""How samples are compared with the mean and the covariance they are meant to have."""

import torch


def check_moments(samples, mean, covariance, sigmas=5.5):
    """Compare each entry of the sample mean and covariance with the truth, in units of their standard errors.

    Standard errors come from the samples, so that nothing is assumed of their distribution.
    """
    deviations = samples.double() - mean.double()
    error = deviations.std(dim=0) / len(samples) ** 0.5
    assert (deviations.mean(dim=0).abs() <= sigmas * error + 1e-12).all()
    products = deviations[:, :, None] * deviations[:, None, :]
    error = products.std(dim=0) / len(samples) ** 0.5
    wrong = (products.mean(dim=0) - covariance.double()).abs() > sigmas * error + 1e-12
    assert not wrong.any(), products.mean(dim=0)[wrong]


def drawn(draw, num):
    """Return samples as rows."""
    return torch.stack([draw() for _ in range(num)])
