# SPDX-License-Identifier: Apache-2.0
"""Everybody who follows the unit: looks at it once for all of them, and encodes once.

It sleeps while nobody follows. Some minutes after the last one left it forgets what happened,
and who comes back later begins anew.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from pdu_agent.access.grant import Grant
from pdu_agent.access.hidden_text import HiddenText
from pdu_agent.access.visible import Sight, may_read, members_of, sight_of, visible
from pdu_agent.model.commands import Controller, Target, TargetKind
from pdu_agent.model.events import EventBus, Subscription
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.caller import Caller
from pdu_agent.web.plain import Plain
from pdu_agent.web.sources import is_here
from pdu_agent.web.stream.changes import changed_alarms, changed_outlets
from pdu_agent.web.stream.frames import EVENT_OF, Frame, Recent, Topic, encoded, place_of, worded
from pdu_agent.web.stream.outbox import Outbox
from pdu_agent.web.stream.rows import alarm, readings, state

MAX_STREAMS = 64
MAX_STREAMS_OF_SOURCE = 16
"""Browsers open one for each page. Not of this machine itself: a proxy may stand there."""
RECENT_FRAMES = 512
RECENT_S = 120.0
PERIOD_S = 1.0
SETTLE_S = 0.05
"""What changes together is told together."""
BEAT_S = 15.0
STUCK_S = 30.0
"""A client that takes nothing for so long is let go."""


class Connection(Protocol):
    """Of asyncio.WriteTransport what is needed here."""

    def is_closing(self) -> bool: ...
    def abort(self) -> None: ...


class TooMany(Exception):
    """No room for one more; the text says of what."""


class Stream:
    """One client: what it is shown, and what waits for it."""

    def __init__(
        self,
        caller: Caller,
        topics: Collection[Topic],
        connection: Connection,
        source: str,
    ) -> None:
        self.caller = caller
        self.grant = caller.grant
        self.topics = frozenset(topics)
        self.source = source
        self.outbox = Outbox()
        self._connection = connection
        self._writing_since_s: float | None = None

    async def take(self) -> bytes:
        """What is to be written next; empty at the end."""
        self._writing_since_s = None
        taken = await self.outbox.take()
        self._writing_since_s = asyncio.get_running_loop().time()
        return taken

    def check(self, now_s: float) -> None:
        """End it where nobody reads any more, or nobody may."""
        since_s = self._writing_since_s
        if since_s is not None and now_s - since_s > STUCK_S:
            self._connection.abort()
        if self._connection.is_closing() or not self.caller.is_valid():
            self.outbox.end()


class Hub:
    """The streams of all doors. In the loop only; `stop` before the doors close."""

    def __init__(self, controller: Controller, events: EventBus) -> None:
        self._controller = controller
        self._events = events
        self._streams: list[Stream] = []
        self._watch: _Watch | None = None

    def open(
        self,
        caller: Caller,
        topics: Collection[Topic],
        last_event_id: str,
        connection: Connection,
        source: str,
    ) -> Stream:
        """One more; what it missed since last_event_id (empty: it is new) waits in it. source: the
        client's address, empty where it has none.

        Raises TooMany.
        """
        stream = Stream(caller, topics, connection, source)
        self._check_room(stream)
        if self._watch is None:
            self._watch = _Watch(self._controller, self._events, self._streams, self._end_watch)
        self._watch.welcome(stream, last_event_id)
        self._streams.append(stream)
        return stream

    def close(self, stream: Stream) -> None:
        """It is gone; also after `stop`."""
        stream.outbox.end()
        if stream in self._streams:
            self._streams.remove(stream)

    def stop(self) -> None:
        """End all of them."""
        for stream in self._streams:
            stream.outbox.end()
        self._streams.clear()
        self._end_watch()

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
        self._watch = None

    def _check_room(self, stream: Stream) -> None:
        """Those that have left since the last second take no room."""
        now_s = asyncio.get_running_loop().time()
        for each in self._streams:
            each.check(now_s)
        sources = [each.source for each in self._streams if not each.outbox.ended]
        if len(sources) >= MAX_STREAMS:
            raise TooMany(f"{MAX_STREAMS} streams are open, which is all there may be")
        open_of = sources.count(stream.source)
        if open_of >= MAX_STREAMS_OF_SOURCE and not is_here(stream.source):
            raise TooMany(f"{open_of} streams are open from {stream.source}, more are not served")


class _Watch:
    """Looks at the unit each second and after each event, as long as somebody follows."""

    def __init__(
        self,
        controller: Controller,
        events: EventBus,
        streams: Sequence[Stream],
        forget: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._controller = controller
        self._events = events
        self._streams = streams
        self._forget = forget
        self._start = secrets.token_hex(4)
        self._number = 0
        self._recent = Recent(0, RECENT_FRAMES, RECENT_S)
        self._seen = controller.snapshot
        self._alone_since_s = self._loop.time()
        self._beat_due_s = self._alone_since_s + BEAT_S
        self._look: asyncio.TimerHandle | None = None
        self._subscription: Subscription = events.subscribe(1, self._look_soon)
        self._tick_due_s = self._loop.time() + PERIOD_S
        self._tick = self._loop.call_at(self._tick_due_s, self._on_tick)

    def stop(self) -> None:
        self._events.unsubscribe(self._subscription)
        self._tick.cancel()
        if self._look is not None:
            self._look.cancel()

    def welcome(self, stream: Stream, last_event_id: str) -> None:
        """Put into a new stream what it is to begin with."""
        self._look_now()
        if last_event_id:
            self._resume(stream, last_event_id)
        if Topic.READINGS in stream.topics:
            stream.outbox.put_readings(self._readings(stream.grant))

    def _resume(self, stream: Stream, last_event_id: str) -> None:
        place = place_of(last_event_id)
        is_of_this = place is not None and place[0] == self._start and place[1] <= self._number
        missed = self._recent.after(place[1]) if place is not None and is_of_this else None
        if missed is None:
            plain = {"detail": "what happened since then is not known: read everything anew"}
            stream.outbox.put(encoded(self._start, self._number, "reset", plain))
        else:
            self._hand_out(missed, [stream])

    def _on_tick(self) -> None:
        now_s = self._loop.time()
        # Of the same seconds as before, also when one came late; none is made up for.
        behind = (now_s - self._tick_due_s) // PERIOD_S
        self._tick_due_s += PERIOD_S * (1 + max(0, behind))
        self._tick = self._loop.call_at(self._tick_due_s, self._on_tick)
        for stream in self._streams:
            stream.check(now_s)
        self._look_now()
        self._recent.expire(now_s)
        self._send_readings()
        if now_s >= self._beat_due_s:
            self._beat_due_s = now_s + BEAT_S
            for stream in self._streams:
                stream.outbox.beat()
        if self._streams:
            self._alone_since_s = now_s
        elif now_s - self._alone_since_s > RECENT_S:
            self._forget()

    def _send_readings(self) -> None:
        """Encoded once for all who are shown the same."""
        made: dict[Sight, bytes] = {}
        for stream in self._streams:
            if Topic.READINGS in stream.topics:
                key = sight_of(stream.grant)
                if key not in made:
                    made[key] = self._readings(stream.grant)
                stream.outbox.put_readings(made[key])

    def _readings(self, grant: Grant) -> bytes:
        """They have the number of the change before them: none of their own is replayed."""
        plain = readings(visible(self._seen, grant))
        return encoded(self._start, self._number, EVENT_OF[Topic.READINGS], plain)

    def _look_soon(self) -> None:
        if self._look is None:
            self._look = self._loop.call_later(SETTLE_S, self._look_now)

    def _look_now(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None
        before, self._seen = self._seen, self._controller.snapshot
        if before is self._seen:
            return
        frames = self._frames(before, self._seen)
        self._recent.add(self._loop.time(), frames)
        self._hand_out(frames, self._streams)

    def _frames(self, before: Snapshot, after: Snapshot) -> list[Frame]:
        frames = [
            self._frame(Topic.STATE, Target(TargetKind.OUTLET, row.index), state(row))
            for row in changed_outlets(before, after)
        ]
        return frames + [
            self._frame(Topic.ALARMS, row.target, alarm(change, row))
            for change, row in changed_alarms(before, after)
        ]

    def _frame(self, topic: Topic, target: Target | None, plain: Plain) -> Frame:
        self._number += 1
        text = encoded(self._start, self._number, EVENT_OF[topic], plain)
        return Frame(self._number, topic, target, text)

    def _hand_out(self, frames: Sequence[Frame], streams: Sequence[Stream]) -> None:
        if not frames:
            return
        members = members_of(self._seen)
        for stream in streams:
            grant = stream.grant
            hidden = None if grant.reads_everything else HiddenText(self._seen, grant)
            for frame in frames:
                if frame.topic in stream.topics and may_read(grant, frame.target, members):
                    told = frame.encoded if hidden is None else worded(frame, hidden)
                    if told is not None:
                        stream.outbox.put(told)
