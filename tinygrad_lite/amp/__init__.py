"""Mixed precision: accepted, and without effect on the CPU."""

from .grad_scaler import GradScaler
from .modes import autocast, custom_bwd, custom_fwd, is_autocast_available

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
