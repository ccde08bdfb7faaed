# SPDX-License-Identifier: Apache-2.0
"""Rows of a snapshot that few look at: a reading should not pay for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, overload

Row = TypeVar("Row")


class LazyRows(Sequence[Row]):
    """Made when somebody first looks. make: from what does not change; may be called by several
    threads at once. Equal to any sequence of equal rows, as the tuple that it stands for.
    """

    __slots__ = ("_make", "_rows")

    def __init__(self, make: Callable[[], tuple[Row, ...]]) -> None:
        self._make = make
        self._rows: tuple[Row, ...] | None = None

    def _made(self) -> tuple[Row, ...]:
        if self._rows is None:
            self._rows = self._make()
        return self._rows

    def __len__(self) -> int:
        return len(self._made())

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        return self._made()[index]

    def __eq__(self, other: object) -> bool:
        return self._made() == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __repr__(self) -> str:
        return repr(self._made())
