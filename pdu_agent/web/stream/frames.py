# SPDX-License-Identifier: Apache-2.0
"""Frames of a stream (HTML Living Standard, section 9.2), and those of the last minutes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pdu_agent.access.hidden_text import HiddenText
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.web.plain import Plain

HEARTBEAT = b":\n\n"
"""A comment: proxies and clients see that the connection lives."""
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class Topic(Enum):
    """What may be followed. The value is the word in `topics`."""

    READINGS = "readings"
    STATE = "state"
    ALARMS = "alarms"


EVENT_OF = {Topic.READINGS: "readings", Topic.STATE: "state", Topic.ALARMS: "alarm"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, encoded. target: what it is about, for who may read it (None: the unit)."""

    number: int
    topic: Topic
    target: Target | None
    encoded: bytes


_TEXTS = frozenset({"source", "text", "ends", "stopping", "subject"})
"""Members of a frame's data that others write: they may name outlets besides its own."""
_OF_OUTLETS = (TargetKind.OUTLET, TargetKind.GROUP)


def worded(frame: Frame, hidden: HiddenText) -> bytes | None:
    """The frame for who may read what it is about, and not every outlet: as in a snapshot of
    theirs. None where it is of the unit and tells of a hidden outlet.
    """
    head, mark, data = frame.encoded.partition(b"\ndata: ")
    plain = json.loads(data)
    told = _without(plain, hidden)
    if told == plain:
        return frame.encoded
    if frame.target is None or frame.target.kind not in _OF_OUTLETS:
        return None
    return b"%b%b%b\n\n" % (head, mark, _encode(told).encode())


def _without(plain: Any, hidden: HiddenText) -> Any:
    if isinstance(plain, list):
        return [_without(each, hidden) for each in plain]
    if not isinstance(plain, dict):
        return plain
    return {
        key: hidden.shown(each)
        if key in _TEXTS and isinstance(each, str)
        else _without(each, hidden)
        for key, each in plain.items()
    }


def encoded(start: str, number: int, event: str, plain: Plain) -> bytes:
    """start: names the run of the agent that counts; what `place_of` finds in the id."""
    return f"id: {start}-{number}\nevent: {event}\ndata: {_encode(plain)}\n\n".encode()


def place_of(last_event_id: str) -> tuple[str, int] | None:
    """(start, number) of an id; None for what is none."""
    start, dash, number = last_event_id.strip().rpartition("-")
    known = dash and start and number.isascii() and number.isdigit() and len(number) < 16
    return (start, int(number)) if known else None


class Recent:
    """The frames that a client which comes back may have missed, bounded by number and age.

    first: the number before the first frame that will ever be in it.
    """

    def __init__(self, first: int, max_frames: int, max_age_s: float) -> None:
        self._frames: deque[tuple[float, Frame]] = deque()
        self._max_frames = max_frames
        self._max_age_s = max_age_s
        self._complete_after = first

    def add(self, now_s: float, frames: Iterable[Frame]) -> None:
        self._frames.extend((now_s, frame) for frame in frames)
        while len(self._frames) > self._max_frames:
            self._forget()
        self.expire(now_s)

    def expire(self, now_s: float) -> None:
        while self._frames and now_s - self._frames[0][0] > self._max_age_s:
            self._forget()

    def after(self, number: int) -> Sequence[Frame] | None:
        """Everything newer, oldest first; None where some of it is forgotten."""
        if number < self._complete_after:
            return None
        return [frame for _, frame in self._frames if frame.number > number]

    def _forget(self) -> None:
        self._complete_after = self._frames.popleft()[1].number
