"""torch.utils.tensorboard: `SummaryWriter`, which tensorboardX writes for us.

tensorboardX is an optional package: `pip install 'tinygrad-lite[tensorboard]'`.
"""

from __future__ import annotations

import functools
from typing import Any

from .._tensor import Tensor

__all__ = ["SummaryWriter"]


class SummaryWriter:
    """Writes scalars, histograms, images, ... into a folder that TensorBoard shows.

    All methods of PyTorch's writer that tensorboardX has; tensors among their arguments are
    written by their values.

    **Differs from PyTorch** `add_graph` is refused: `tinygrad_lite.viz.draw` shows the graph.

    **Errors** ImportError that names the extra to install, where tensorboardX is missing.
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        folder = None if log_dir is None else str(log_dir)
        self._writer = _writer_class()(
            folder, comment, purge_step, max_queue, flush_secs, filename_suffix
        )
        self.log_dir = self._writer.logdir

    def get_logdir(self) -> Any:
        """Return the folder."""
        return self.log_dir

    def add_graph(self, model: Any, input_to_model: Any = None, verbose: bool = False) -> None:
        """Refuse: the graph has a picture of its own."""
        raise NotImplementedError(
            "SummaryWriter.add_graph is not supported: tinygrad_lite.viz.draw(model(x)) draws the "
            "graph as an SVG"
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        found = getattr(self._writer, name)
        return _on_values(found) if callable(found) else found

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self._writer.close()


def _writer_class() -> Any:
    """Return tensorboardX's class."""
    try:
        from tensorboardX import SummaryWriter as Writer
    except ImportError as error:
        raise ImportError(
            "SummaryWriter writes through tensorboardX, which is not installed: "
            "pip install 'tinygrad-lite[tensorboard]'"
        ) from error
    return Writer


def _on_values(method: Any) -> Any:
    """Return a method that takes tensors where `method` takes arrays."""

    @functools.wraps(method)
    def call(*args: Any, **keywords: Any) -> Any:
        return method(*values(args), **values(keywords))

    return call


def values(found: Any) -> Any:
    """Replace the tensors in nested containers by arrays; a copy, since they may change later."""
    if isinstance(found, Tensor):
        return found.detach().clone().numpy()
    if isinstance(found, dict):
        return {key: values(value) for key, value in found.items()}
    if type(found) in (tuple, list):
        return type(found)(values(value) for value in found)
    return found
