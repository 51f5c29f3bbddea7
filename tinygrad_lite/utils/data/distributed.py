"""The sampler for several processes that train together."""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np

from .sampler import Order, Ordered

__all__ = ["DistributedSampler"]


class DistributedSampler(Ordered):
    """Every `num_replicas`-th sample, beginning with the `rank`-th; all parts are equally long.

    The order depends on `seed` and on the epoch: call `set_epoch(epoch)` before each, or every
    epoch has the same order. Samples are repeated to fill the last round, or dropped.

    Differs from PyTorch: without `num_replicas` and `rank` there is one process, number 0.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        num_replicas = 1 if num_replicas is None else num_replicas
        rank = 0 if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.epoch, self.drop_last, self.shuffle, self.seed = 0, drop_last, shuffle, seed
        n = len(dataset)
        self.num_samples = n // num_replicas if drop_last else -(-n // num_replicas)
        self.total_size = self.num_samples * num_replicas

    def order(self) -> Order:
        """Return this process's indices of the epoch."""
        n = len(self.dataset)
        rng = np.random.default_rng(self.seed + self.epoch)
        whole = rng.permutation(n) if self.shuffle else np.arange(n)
        return np.resize(whole, self.total_size)[self.rank :: self.num_replicas]

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose another order for the next visit."""
        self.epoch = epoch
