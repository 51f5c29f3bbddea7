"""torch.distributions.log_normal: `LogNormal` under PyTorch's path."""

from .normal import LogNormal

__all__ = ["LogNormal"]
