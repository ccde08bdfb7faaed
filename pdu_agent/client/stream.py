# SPDX-License-Identifier: Apache-2.0
"""Server-sent events (WHATWG HTML, section 9.2), from lines to events; no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from pdu_agent.client.errors import BadAnswer
from pdu_agent.client.rows import Event

MAX_LINE_OCTETS = 4 * 1024 * 1024


class Parser:
    """Takes lines, hands out events. last_id: of the newest event that was complete."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self._id = last_id
        self._kind = ""
        self._data: list[str] = []

    def events(self, lines: Iterable[bytes]) -> Iterator[Event]:
        """Raises BadAnswer for data that is no JSON object."""
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if text:
                self._take(text)
            elif self._data:
                yield self._event()
            else:
                self._kind = ""

    def _take(self, text: str) -> None:
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id" and "\0" not in value:
            self._id = value

    def _event(self) -> Event:
        data, kind = "\n".join(self._data), self._kind or "message"
        self._data, self._kind, self.last_id = [], "", self._id
        try:
            plain = json.loads(data)
        except ValueError as exc:
            raise BadAnswer(f"an event {kind} that is no JSON: {data[:80]!r}") from exc
        if not isinstance(plain, dict):
            raise BadAnswer(f"an event {kind} that is no JSON object: {data[:80]!r}")
        return Event(self.last_id, kind, plain)
