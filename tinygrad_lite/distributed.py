"""torch.distributed for the group of one process that there is here.

Scripts for many processes also run with one, and that is what works: rank 0 of 1, collective
operations that have nothing to exchange. More processes are refused.
"""

from __future__ import annotations

import enum
import os
from typing import Any

__all__ = [
    "ReduceOp",
    "all_gather",
    "all_gather_object",
    "all_reduce",
    "barrier",
    "broadcast",
    "broadcast_object_list",
    "destroy_process_group",
    "gather",
    "get_backend",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "is_available",
    "is_initialized",
    "reduce",
    "scatter",
]

_group: dict[str, str] = {}  # the backend's name while there is a group


class ReduceOp(enum.Enum):
    """How values of several processes are combined; of one process each of them is the value."""

    SUM = "sum"
    AVG = "avg"
    PRODUCT = "product"
    MIN = "min"
    MAX = "max"


class Work:
    """An operation that is done already."""

    def wait(self, timeout: Any = None) -> bool:
        """True."""
        return True

    def is_completed(self) -> bool:
        """True."""
        return True


def is_available() -> bool:
    """True: a group of one process works."""
    return True


def is_initialized() -> bool:
    """Whether `init_process_group` was called."""
    return bool(_group)


def is_nccl_available() -> bool:
    """False."""
    return False


def is_gloo_available() -> bool:
    """False."""
    return False


def is_mpi_available() -> bool:
    """False."""
    return False


def is_torchelastic_launched() -> bool:
    """False."""
    return False


def init_process_group(
    backend: Any = None,
    init_method: str | None = None,
    timeout: Any = None,
    world_size: int = -1,
    rank: int = -1,
    **settings: Any,
) -> None:
    """Start the group of one process; more are a NotImplementedError.

    The sizes are taken from WORLD_SIZE and RANK where the arguments leave them open.
    """
    if _group:
        raise ValueError("trying to initialize the default process group twice!")
    size = int(os.environ.get("WORLD_SIZE", "1")) if world_size < 0 else world_size
    place = int(os.environ.get("RANK", "0")) if rank < 0 else rank
    if size != 1 or place != 0:
        raise NotImplementedError(
            f"torch.distributed works with one process here, and world_size is {size} (rank "
            f"{place}): start the script once, with world_size=1 and rank=0"
        )
    _group["backend"] = str(backend or "gloo")


def destroy_process_group(group: Any = None) -> None:
    """End the group."""
    _need_group()
    _group.clear()


def get_rank(group: Any = None) -> int:
    """0."""
    _need_group()
    return 0


def get_world_size(group: Any = None) -> int:
    """1."""
    _need_group()
    return 1


def get_backend(group: Any = None) -> str:
    """The name that `init_process_group` was given."""
    _need_group()
    return _group["backend"]


def _need_group() -> None:
    if not _group:
        raise ValueError(
            "Default process group has not been initialized, please make sure to call "
            "init_process_group."
        )


def _done(async_op: bool) -> Work | None:
    _need_group()
    return Work() if async_op else None


def _only_here(rank: Any) -> None:
    if rank not in (None, 0):
        raise ValueError(f"rank {rank} does not exist: the group has one process, rank 0")


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Wait for nobody."""
    return _done(async_op)


def all_reduce(
    tensor: Any, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """Leave the tensor as it is: it is the sum, the mean, ... of one."""
    return _done(async_op)


def reduce(
    tensor: Any, dst: Any = None, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """Leave the tensor as it is."""
    _only_here(dst)
    return _done(async_op)


def broadcast(
    tensor: Any, src: Any = None, group: Any = None, async_op: bool = False
) -> Work | None:
    """Leave the tensor as it is: it was sent from here."""
    _only_here(src)
    return _done(async_op)


def broadcast_object_list(object_list: Any, src: Any = None, group: Any = None) -> None:
    """Leave the objects as they are."""
    _only_here(src)
    _need_group()


def all_gather(
    tensor_list: list[Any], tensor: Any, group: Any = None, async_op: bool = False
) -> Work | None:
    """Write the tensor into the list's only place."""
    _need_one(tensor_list)
    tensor_list[0].copy_(tensor)
    return _done(async_op)


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Write the object into the list's only place."""
    _need_group()
    _need_one(object_list)
    object_list[0] = obj


def gather(
    tensor: Any,
    gather_list: list[Any] | None = None,
    dst: Any = None,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Write the tensor into the list's only place."""
    _only_here(dst)
    return all_gather([] if gather_list is None else gather_list, tensor, group, async_op)


def scatter(
    tensor: Any,
    scatter_list: list[Any] | None = None,
    src: Any = None,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Write the list's only tensor into the tensor."""
    _only_here(src)
    _need_one(scatter_list)
    tensor.copy_((scatter_list or [tensor])[0])
    return _done(async_op)


def _need_one(found: list[Any] | None) -> None:
    count = 0 if found is None else len(found)
    if count != 1:
        raise ValueError(f"the list has {count} places, and the group has 1 process")
