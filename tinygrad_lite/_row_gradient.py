"""Gradients of large tables: rows until somebody looks."""

from __future__ import annotations

from typing import Any

from ._kernels.rows import Rows
from ._tensor import Tensor

__all__ = ["RowGradient", "rows_of"]

new = object.__new__


class RowGradient(Tensor):
    """A gradient that is zero but for some rows.

    An optimizer that leaves rows without a gradient alone asks for the rows.  Whoever asks for the
    array gets the whole one, and from then on this is a tensor like any other.
    """

    @property
    def _array(self) -> Any:
        array = self.__dict__["_rows"].__array__()
        self._array = array
        return array

    @_array.setter
    def _array(self, array: Any) -> None:
        self.__dict__.pop("_rows", None)
        self.__class__ = Tensor  # type: ignore[assignment]
        self._array = array


def row_gradient(rows: Rows) -> Any:
    """A gradient made of rows."""
    made = new(RowGradient)
    made._node = made._grad = made._view = None
    made.__dict__["_rows"] = rows
    return made


Rows.as_gradient = row_gradient


def rows_of(gradient: Any) -> Rows | None:
    """The rows of a gradient that has not been looked at; None for any other."""
    return gradient.__dict__["_rows"] if gradient.__class__ is RowGradient else None
