"""torch.distributions.chi2: `Chi2` under PyTorch's path."""

from .gamma import Chi2

__all__ = ["Chi2"]
