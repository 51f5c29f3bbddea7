"""Saving and loading: torch.save, torch.load.

Files named `.pt` or `.pth` are PyTorch's own: `torch.load` of either library reads them. All
others have the safetensors layout, which every safetensors reader opens; `.npz` is NumPy's. Each
file has a checksum of the whole, so that no altered one loads silently, and is written beside its
target and then put in its place: an interrupted save leaves the old file as it was.

Nothing in a file is executed, unless the caller says with `weights_only=False` that it is trusted.
"""

from __future__ import annotations

from ._checkpoint import Checkpoint
from ._files import load, save
from ._names import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from ._pretrained import Pretrained, from_pretrained, save_pretrained
from ._receipt import DeterminismWarning, compare_receipts, receipt, weights_hash

__all__ = [
    "Checkpoint",
    "DeterminismWarning",
    "Pretrained",
    "add_safe_globals",
    "clear_safe_globals",
    "compare_receipts",
    "from_pretrained",
    "get_safe_globals",
    "load",
    "receipt",
    "safe_globals",
    "save",
    "save_pretrained",
    "weights_hash",
]
