"""The workloads: what is run, and what PyTorch's time is multiplied with at most.

`build(torch)` takes PyTorch or this library, which has the same names, and returns a job:
`step()` is what is timed, `evidence()` the named arrays that must agree between libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from . import checking, deep, kernels, loading, recurrent, small, training

__all__ = ["WORKLOADS", "Workload"]


class Workload(NamedTuple):
    """A thing to be run; `target` is the ratio to PyTorch's time that we want, on one thread."""

    title: str
    build: Callable[[Any], Any]
    target: float | None = None
    tolerance: float = 1e-4
    quick: bool = True


WORKLOADS = {
    "W1": Workload("1,000 tiny operations", small.chain, 0.40),
    "W2": Workload("moons network, SGD", training.moons, 0.30),
    "W3": Workload("MLP, batch 128, SGD momentum", training.mlp_momentum, 0.95),
    "W4": Workload("MLP, batch 32, Adam", training.mlp_adam, 0.70),
    "W5a": Workload("LeNet, batch 64", training.lenet, 1.30),
    "W5b": Workload("CNN with BatchNorm, batch 32", training.batchnorm_cnn, 1.45, 1e-3),
    "W6": Workload("char-GPT, plain operations", training.gpt, 1.25, 1e-3),
    "W6s": Workload("char-GPT, fused attention", training.gpt_fused, 1.40, 1e-3, quick=False),
    "W7a": Workload("LSTM layer", recurrent.lstm_layer, 1.50),
    "W7b": Workload("LSTM as a loop of cells", recurrent.lstm_loop, 1.05),
    "W7c": Workload("LSTM loop of plain operations", recurrent.lstm_plain, None, quick=False),
    "W8a": Workload("inference, 1,000 one by one", small.one_by_one, 0.30),
    "W8b": Workload("inference, 10,000 at once", small.at_once, 1.30),
    "W9": Workload("chain of 100,000 operations", deep.chain_1e5, None, quick=False),
    "W10a": Workload("gradient check, linear", checking.linear, 0.15),
    "W10b": Workload("gradient check, convolution", checking.convolution, 0.60),
    "W12": Workload("Hessian-vector product", small.hessian_product, 0.45),
    "W13g": Workload("GELU 4096 x 1024", kernels.gelu, 3.0),
    "W13t": Workload("GELU tanh 4096 x 1024", kernels.gelu_tanh, 1.0),
    "W13s": Workload("softmax 4096 x 1024", kernels.softmax, 1.8),
    "W13l": Workload("LayerNorm 4096 x 1024", kernels.layer_norm, 2.9, 1e-3),
    "W14a": Workload("embedding 50k x 128, SGD", kernels.embedding, 0.35),
    "L1": Workload("DataLoader, one epoch", loading.epoch, 0.30),
    "X1": Workload("GRU layer", recurrent.gru_layer, None, quick=False),
    "X2": Workload("depthwise CNN with stride", training.depthwise_cnn, None, 1e-3, quick=False),
    "X3": Workload("variational autoencoder, Adam", training.autoencoder, None, 1e-3, quick=False),
    "X4": Workload("nn.TransformerEncoder", training.transformer, None, 1e-3, quick=False),
    "X5": Workload("MLP, 4 batches accumulated", training.accumulation, None, quick=False),
}
