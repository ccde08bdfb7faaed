# SPDX-License-Identifier: Apache-2.0
"""A rack of loads in front of the real core, on a clock of its own: what is on draws its watts.

Every fifth of a second one reading tells what flows, as a meter's windows do: in the window in
which a relay moved it shows the mean.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.settings import (
    BranchSettings,
    CoreSettings,
    DeviceSettings,
    InletSettings,
    LineSettings,
    OutletSettings,
)
from pdu_agent.model.audit import AuditEntry
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Actor, Command, Target, TargetKind
from pdu_agent.model.events import Event
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import (
    AppendAudit,
    BankState,
    Effect,
    InitialiseBank,
    Measurement,
    Reading,
    RelayResult,
    SaveRecord,
    WriteRelays,
)
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import Outlet

WINDOW_S = 0.2
MAINS_V = 230.0
OPS = Actor("cli", "ops")


@dataclass(frozen=True, slots=True)
class Move:
    """A relay that moved, at a time of the manual clock."""

    at_s: float
    outlet: int
    closed: bool


def settings_of(
    outlets: Sequence[OutletSettings],
    caps: Sequence[CapSettings] = (),
    branches: Sequence[BranchSettings] = (),
    lines: Sequence[LineSettings] = (),
    unmetered: Sequence[int] = (),
    device: DeviceSettings | None = None,
    inlet: InletSettings | None = None,
    stale_after_s: float = 1.0,
) -> CoreSettings:
    """One inlet, with a meter on everything but the outlets of `unmetered`."""
    points = [f"outlet {outlet.number}" for outlet in outlets if outlet.number not in unmetered]
    points += [f"branch {branch.number}" for branch in branches]
    points += [f"line {line.number}" for line in lines] or ["inlet 1"]
    return CoreSettings(
        device or DeviceSettings(),
        (inlet or InletSettings(1, rated_current_a=1000.0),),
        tuple(outlets),
        dict.fromkeys(points, stale_after_s),
        branches=tuple(branches),
        lines=tuple(lines),
        caps=tuple(caps),
    )


@dataclass
class Rack:
    """loads: outlet -> watts while it is on, or a function of the time; other_w: of no outlet.
    window_s: what passes from one reading to the next.
    """

    settings: CoreSettings
    loads: dict[int, float | Callable[[float], float]]
    other_w: float | Callable[[float], float] = 0.0
    closed: dict[int, bool] = field(default_factory=dict)
    record: Record | None = None
    clock: ManualClock = field(default_factory=ManualClock)
    cold: bool = False
    boot_id: str = "boot"
    moves: list[Move] = field(default_factory=list)
    is_silent: bool = False
    relay_s: float = 0.01
    audited: list[AuditEntry] = field(default_factory=list)
    window_s: float = WINDOW_S

    def __post_init__(self) -> None:
        self.saved = self.record or Record(engine_id=b"x", boot_id=self.boot_id)
        self._effects: deque[Effect] = deque()
        self._next_s = self.clock.monotonic_s() + self.window_s
        for outlet in self.settings.outlets:
            self.closed.setdefault(outlet.number, not self.cold)
        birth = Birth(self.saved, True, self.boot_id, "")
        self.core = Core(self.settings, self.clock, self._perform, birth)
        self._heard = self.core.events.subscribe(100_000)
        self.core.on_bank(self._bank())
        self.settle()

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, SaveRecord):
            self.saved = effect.record
        elif isinstance(effect, AppendAudit):
            self.audited.append(effect.entry)
        elif isinstance(effect, WriteRelays | InitialiseBank):
            self._effects.append(effect)

    def _bank(self) -> BankState:
        count = max(self._relays().keys()) + 1
        numbers = self._relays()
        closed = tuple(
            self.closed[numbers[relay]] if relay in numbers else None for relay in range(count)
        )
        return BankState("main", self.cold, closed)

    def _relays(self) -> Mapping[int, int]:
        return {o.relay.relay: o.number for o in self.settings.outlets if o.relay is not None}

    def settle(self) -> None:
        """The board answers, a little after it was asked."""
        while self._effects:
            effect = self._effects.popleft()
            if isinstance(effect, InitialiseBank):
                self.cold = False
                self.core.on_bank(self._bank())
            elif isinstance(effect, WriteRelays):
                self.clock.advance(self.relay_s)
                now_s = self.clock.monotonic_s()
                for relay, closed in effect.closed.items():
                    number = self._relays()[relay]
                    if self.closed[number] is not closed:
                        self.closed[number] = closed
                        self.moves.append(Move(now_s, number, closed))
                result = RelayResult("main", effect.closed, dict(effect.closed), moved_s=now_s)
                self.core.on_relay_result(result)

    def restart(self, settings: CoreSettings | None = None) -> Rack:
        """As after a kill -9: another core, with what was saved last; the relays stay."""
        return Rack(
            settings or self.settings,
            self.loads,
            self.other_w,
            dict(self.closed),
            self.saved,
            self.clock,
            boot_id=self.boot_id,
        )

    def outage(self) -> Rack:
        """The board has lost its power, all relays are open, and it returns."""
        closed = dict.fromkeys(self.closed, False)
        return Rack(
            self.settings, self.loads, self.other_w, closed, self.saved, self.clock, cold=True
        )

    def drawn_w(self, outlet: int) -> float:
        return self._watts(self.loads.get(outlet, 0.0)) if self.closed[outlet] else 0.0

    def _watts(self, load: float | Callable[[float], float]) -> float:
        return load(self.clock.monotonic_s()) if callable(load) else load

    def total_w(self) -> float:
        return self._watts(self.other_w) + sum(self.drawn_w(number) for number in self.closed)

    def read(self) -> float:
        """One reading of everything that has a meter; what Core.on_reading says to it."""
        feeds, watts = self.core_feeds(), {number: self.drawn_w(number) for number in self.closed}
        now_s = self.clock.monotonic_s()
        return self.core.on_reading(
            Reading(
                "meter",
                1,
                now_s,
                self.window_s,
                tuple(
                    _measured(target, feeds(target, watts), self.window_s)
                    for target in self._points()
                ),
            )
        )

    def core_feeds(self) -> Callable[[Target, Mapping[int, float]], float]:
        from pdu_agent.core.switching.draws import Feeds
        from pdu_agent.model.commands import Quantity

        feeds = Feeds.of(self.settings)

        def carried(target: Target, watts: Mapping[int, float]) -> float:
            if target.kind is TargetKind.OUTLET:
                return watts[target.index]
            own = self._watts(self.other_w) if target.kind is TargetKind.INLET else 0.0
            shares = (
                feeds.share(target, Quantity.ACTIVE_POWER, outlet) * watts[outlet.number]
                for outlet in self.settings.outlets
            )
            return own + sum(shares)

        return carried

    def _points(self) -> list[Target]:
        return [t for t in self.settings.metered_points() if str(t) in self.settings.stale_after_s]

    def run(self, seconds: float, windows: bool = True) -> None:
        """Let time pass, from deadline to deadline and from window to window, as the runtime: only
        what a reading itself says is looked at after it.
        """
        end_s = self.clock.monotonic_s() + seconds
        next_s = self.core.next_deadline_s()
        while True:
            now_s = self.clock.monotonic_s()
            window_s = self._next_s if windows and not self.is_silent else end_s + 1
            due_s = max(now_s, next_s)
            at_s = min(due_s, window_s)
            if at_s > end_s:
                break
            self.clock.advance(max(0.0, at_s - now_s) + 1e-9)
            if window_s <= due_s:
                self._next_s = max(self._next_s + self.window_s, self.clock.monotonic_s())
                next_s = min(next_s, self.read())
                self.settle()
            else:
                self.core.tick()
                self.settle()
                next_s = self.core.next_deadline_s()
        self.clock.advance(max(0.0, end_s - self.clock.monotonic_s()))

    def submit(self, *commands: Command, actor: Actor = OPS) -> None:
        self.core.submit_all(commands, actor)
        self.settle()

    def outlet(self, number: int) -> Outlet:
        return next(row for row in self.core.snapshot.outlets if row.index == number)

    def off(self) -> list[int]:
        return [number for number, closed in self.closed.items() if not closed]

    def events(self, kind: type) -> list[Event]:
        return [event for event in self._heard.drain() if isinstance(event, kind)]


def _measured(target: Target, watts: float, window_s: float) -> Measurement:
    electrical = Electrical(
        voltage_v=MAINS_V,
        current_a=watts / MAINS_V,
        active_power_w=watts,
        apparent_power_va=watts,
        quality=Quality.OK,
    )
    return Measurement(target, electrical, watts * window_s * 1000)


def noisy(watts: float, amplitude_w: float, seed: int) -> Callable[[float], float]:
    """A load that wanders a little from second to second, the same for the same seed."""

    def at(now_s: float) -> float:
        return watts + random.Random(f"{seed} {now_s:.0f}").uniform(-amplitude_w, amplitude_w)

    return at
