# SPDX-License-Identifier: Apache-2.0
"""Series, targets and tariffs as text, and their numbers in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.history import Kept, Series

if TYPE_CHECKING:
    import sqlite3


TARIFF = "tariff "


def parsed_target(text: str) -> Target:
    """What str(target) has made. Raises ValueError."""
    kind, _, number = text.partition(" ")
    return Target(TargetKind(kind), int(number))


def parsed_series(text: str) -> Series:
    """What str(series) has made. Raises ValueError."""
    target, _, quantity = text.rpartition(" ")
    return Series(parsed_target(target), Kept(quantity))


class Names:
    """The table `name`: a number for each text. Call `forget` after a rollback."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def number(self, text: str) -> int:
        """Gives it one if it has none; only in a transaction."""
        found = self.known(text)
        if found is None:
            cursor = self._connection.execute("INSERT INTO name (text) VALUES (?)", (text,))
            found = self._remember(cursor.lastrowid or 0, text)
        return found

    def known(self, text: str) -> int | None:
        if text not in self._numbers:
            row = self._connection.execute("SELECT id FROM name WHERE text = ?", (text,)).fetchone()
            return self._remember(row[0], text) if row else None
        return self._numbers[text]

    def text(self, number: int) -> str:
        if number not in self._texts:
            query = "SELECT text FROM name WHERE id = ?"
            self._remember(number, self._connection.execute(query, (number,)).fetchone()[0])
        return self._texts[number]

    def tariff(self, number: int) -> str:
        """0 is of what fell in none."""
        return self.text(number).removeprefix(TARIFF) if number else ""

    def forget(self) -> None:
        self._numbers.clear()
        self._texts.clear()

    def _remember(self, number: int, text: str) -> int:
        self._numbers[text], self._texts[number] = number, text
        return number
