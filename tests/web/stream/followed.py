# SPDX-License-Identifier: Apache-2.0
"""A hub over a controller that is changed by hand, and what its streams were told."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import Actor
from pdu_agent.model.events import EventBus, SettingsReloaded
from pdu_agent.web.caller import Caller
from pdu_agent.web.stream.frames import HEARTBEAT, Topic
from pdu_agent.web.stream.hub import Hub, Stream
from tests.web.fake_agent import FakeController, make_snapshot

EVERYBODY = Grant.everywhere(Rights.READ)


@dataclass(frozen=True)
class Told:
    """One event of a stream; id "" for what has none."""

    id: str
    event: str
    data: Any


def parsed(text: bytes) -> list[Told]:
    """As a client reads it; heartbeats are left out."""
    told = []
    for block in text.decode().split("\n\n"):
        if not block or block == HEARTBEAT.decode().rstrip("\n"):
            continue
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        told.append(Told(fields["id"], fields["event"], json.loads(fields["data"])))
    return told


class Wire:
    """The connection of a client."""

    def __init__(self) -> None:
        self.gone = False

    def is_closing(self) -> bool:
        return self.gone

    def abort(self) -> None:
        self.gone = True


class Followed:
    def __init__(self) -> None:
        self.controller = FakeController(make_snapshot())
        self.events = EventBus()
        self.hub = Hub(self.controller, self.events)

    def change(self, outlet: int, **changes: Any) -> None:
        """As the core does: another snapshot, then an event."""
        self.controller.change(outlet, **changes)
        self.happen()

    def happen(self) -> None:
        self.events.publish(SettingsReloaded(0.0))

    def follow(
        self,
        topics: Collection[Topic] = tuple(Topic),
        last_event_id: str = "",
        grant: Grant = EVERYBODY,
        source: str = "",
        wire: Wire | None = None,
        is_valid: Callable[[], bool] = lambda: True,
    ) -> Stream:
        caller = Caller(Actor("http"), grant, is_valid=is_valid)
        return self.hub.open(caller, topics, last_event_id, wire or Wire(), source)


async def told(stream: Stream) -> list[Told]:
    return parsed(await stream.take())
