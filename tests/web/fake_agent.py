# SPDX-License-Identifier: Apache-2.0
"""A controller with a hand-made snapshot, and the real web server around it.

The fake obeys the outward rules of the core (all or none, locks, no-ops) without relays: a
command that takes time stays pending until `settle` is called.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pdu_agent.access.accounts.accounts import Accounts
from pdu_agent.access.accounts.book import Book
from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.access.accounts.token import Token, digest_of
from pdu_agent.access.accounts.user import User
from pdu_agent.core.costs.terms import NO_TERMS
from pdu_agent.core.outage.what_if import Happening, MainsFail, MainsFailAnswer
from pdu_agent.core.plans.week import Week
from pdu_agent.model.commands import (
    Action,
    Actor,
    Command,
    Limit,
    Lock,
    OverloadRestriction,
    PowerUp,
    Quantity,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
    Ticket,
)
from pdu_agent.model.configuration import Applied, Complaint
from pdu_agent.model.control import Upcoming
from pdu_agent.model.errors import CommandError, ConfigError, OutletLocked, UnknownTarget
from pdu_agent.model.inrush import SwitchOn
from pdu_agent.model.quantities import Electrical, Quality, Spectrum
from pdu_agent.model.snapshot import (
    Alarm,
    Branch,
    ChangeReason,
    Demand,
    Device,
    EventKind,
    Fan,
    Group,
    GroupState,
    Health,
    Inlet,
    Line,
    LoggedEvent,
    Meter,
    MeterStatus,
    Outlet,
    OutletState,
    Sensor,
    SensorKind,
    SensorStatus,
    Severity,
    Snapshot,
    SwitchProof,
    TariffRegister,
    Threshold,
    ThresholdState,
    Verdict,
)
from pdu_agent.model.waves import Wave
from pdu_agent.web.auth.auth import Auth
from pdu_agent.web.backups import Desk
from pdu_agent.web.server import WebServer
from pdu_agent.web.services import Services
from pdu_agent.web.settings import HttpSettings
from tests.web.fake_history import FakeHistory

MAINS_FAIL = MainsFailAnswer(
    45.0,
    ("rack",),
    900.0,
    60.0,
    (
        Happening(5.0, None, "on battery", "UPS rack on battery"),
        Happening(65.2, 4, "off", "UPS rack on battery for 60 s"),
    ),
    (1,),
    (2, 3),
    (4,),
    ("a battery falls linearly",),
)
ADMIN = "opdu"
ADMIN_PASSWORD = "correct horse"
ADMIN_HASH = "scrypt$2$8$1$c2FsdCBvZiB0aGUgdGVzdA==$uEw8VtAOcqYcBRjiorq3hVGWL3CtkXtceiW5uxex5xA="
"""Of ADMIN_PASSWORD, at the least cost."""
ADMIN_TOKEN = "openpdu_of-the-tests"
ADMIN_TOKEN_ID = "000000000000"
BACKUPS: Desk | None = None
NOON_S = 1_800_000_000.0  # 2027-01-15T08:00:00Z

PENDING_STATE = {
    Action.ON: OutletState.ON_PENDING,
    Action.ON_DELAYED: OutletState.ON_PENDING,
    Action.OFF: OutletState.OFF_PENDING,
    Action.OFF_DELAYED: OutletState.OFF_PENDING,
    Action.REBOOT: OutletState.REBOOTING,
    Action.REBOOT_DELAYED: OutletState.OFF_PENDING,
}
END_STATE = {
    OutletState.ON_PENDING: OutletState.ON,
    OutletState.OFF_PENDING: OutletState.OFF,
    OutletState.REBOOTING: OutletState.ON,
}


DISTORTED = Electrical(
    230.1,
    0.449,
    103.2,
    103.3,
    4.5,
    0.999,
    50.01,
    1.42,
    Quality.OK,
    voltage_thd_percent=1.23,
    current_thd_percent=33.3,
)


def make_meter(**changes: Any) -> Meter:
    meter = Meter(
        electrical=Electrical(230.1, 0.449, 103.2, 103.3, 4.5, 0.999, 50.01, 1.42, Quality.OK),
        status=MeterStatus.OK,
        energy_mj=44_445_678_901,
        user_energy_mj=3_600_000_000,
        user_since_wall_s=NOON_S - 86400,
        peak_power_w=180.5,
        peak_wall_s=NOON_S - 3600,
        discontinuity_s=0.0,
        sample_wall_s=NOON_S - 0.2,
        rated_current_a=10.0,
        peak_power_since_wall_s=NOON_S - 7200,
        peak_current_a=0.8,
        peak_current_wall_s=NOON_S - 1800,
    )
    return replace(meter, **changes)


RICH: dict[str, Any] = {
    "inductive_mvars": 7_199_999,  # just short of 2 var h
    "capacitive_mvars": 0,
    "demand": Demand(900.0, 99.5, 150.25, NOON_S - 600, NOON_S - 7200),
    "tariffs": (TariffRegister("night", 3_600_000, 3_600_000, 0),),
    "spectrum": Spectrum((230.0, *[0.5] * 39), (1.0, *[0.25] * 39)),
}


def make_outlet(index: int, **changes: Any) -> Outlet:
    outlet = Outlet(
        index=index,
        name=f"Outlet {index}",
        note="",
        receptacle="C13",
        position=f"row {index}",
        device="",
        inlet=1,
        line="l1",
        switched=True,
        state=OutletState.ON,
        pending=None,
        pending_s=0.0,
        relay_closed=True,
        lock=Lock.UNLOCKED,
        on_delay_s=0,
        off_delay_s=0,
        reboot_s=5,
        power_up=PowerUp.LAST,
        switch_count=7,
        last_reason=ChangeReason.UNKNOWN,
        last_actor=None,
        last_change_s=0.0,
        last_change_wall_s=None,
        discontinuity_s=0.0,
        meter=make_meter(),
    )
    return replace(outlet, **changes)


INLET_1 = Target(TargetKind.INLET, 1)
WATCHED: dict[str, Any] = {
    "sensors": (
        Sensor(1, "intake", SensorKind.TEMPERATURE, 21.37, SensorStatus.OK, NOON_S, "", 18.0, 30.5),
        Sensor(2, "door", SensorKind.CONTACT, None, SensorStatus.ABSENT, None, "", None, None),
    ),
    "groups": (
        Group(1, "rack", (1, 2), True, GroupState.ON, 206.4, 7_200_000_000),
        Group(7, "spare", (), False, GroupState.UNKNOWN, None, 0),
    ),
    "thresholds": (
        Threshold(
            INLET_1,
            Quantity.CURRENT,
            *(0.0, 0.0, 12.8, 16.0),
            hysteresis=0.5,
            delay_s=2.0,
            enabled=frozenset({Limit.HIGH_WARNING}),
            state=ThresholdState.HIGH_WARNING,
            value=13.1,
        ),
        Threshold(
            INLET_1,
            Quantity.VOLTAGE,
            *(0.0, 0.0, 0.0, 0.0),
            hysteresis=0.0,
            delay_s=0.0,
            enabled=frozenset(),
            state=ThresholdState.NORMAL,
            value=230.1,
        ),
    ),
    "events": (
        LoggedEvent(41, NOON_S - 9, EventKind.STARTED, Severity.INFO, None, "started", ""),
        LoggedEvent(
            42,
            NOON_S,
            EventKind.OUTLET_STATE,
            Severity.WARNING,
            Target(TargetKind.OUTLET, 3),
            "outlet 3 went off",
            "snmp switcher from 10.0.0.5",
        ),
    ),
}


def make_snapshot(**changes: Any) -> Snapshot:
    """Four outlets: plain, named and locked, off without a reading, metered only."""
    outlets = (
        make_outlet(1, name="web", device="web server"),
        make_outlet(
            2,
            name="<b>db</b> & café",
            lock=Lock.LOCKED_ON,
            last_reason=ChangeReason.SNMP,
            last_actor=Actor("snmp", "switcher", "10.0.0.5"),
            last_change_wall_s=NOON_S - 60,
            last_proof=SwitchProof(
                True, Verdict.VERIFIED, True, NOON_S - 60, 0.0, 0.449, 0.0, 103.2
            ),
        ),
        make_outlet(
            3,
            state=OutletState.OFF,
            relay_closed=False,
            meter=make_meter(electrical=Electrical(), status=MeterStatus.FAULT),
        ),
        make_outlet(4, name="pump", switched=False, state=OutletState.UNKNOWN, relay_closed=None),
    )
    snapshot = Snapshot(
        seq=1,
        t_mono_s=1000.0,
        t_wall_s=NOON_S,
        uptime_s=3600.5,
        device=Device(
            "rack-7", "ops", "room 1", "OpenPDU", "A1", "r2", "0.1.0", 0.25, 0.0, time_zone="UTC"
        ),
        outlets=outlets,
        inlets=(
            Inlet(1, "Inlet 1", 1, make_meter(rated_current_a=16.0)),
            Inlet(
                2,
                "Inlet 2",
                2,
                make_meter(**RICH),
                residual=make_meter(electrical=Electrical(current_a=0.0042, quality=Quality.OK)),
                imbalance_percent=12.5,
                unaccounted_w=7.25,
            ),
        ),
        lines=(
            Line(1, "Line 1", 2, "l1", 16.0, None),
            Line(2, "Line 2", 2, "l2", 16.0, make_meter(electrical=DISTORTED, **RICH)),
        ),
        fans=(Fan(1, "front", 40.0, None, SensorStatus.FAULT),),
        sensors=(),
        alarms=(Alarm(1, "no reading", Severity.WARNING, "outlet 3", "no reading", NOON_S - 30),),
        health=Health(0.001, 0.2, 0, 0, True, 3),
        sample_wall_s=NOON_S - 0.2,
        config_changed_s=0.0,
        topology=1,
        branches=(
            Branch(1, "front", 1, "l1", 13.0, make_meter(), OverloadRestriction.OVERLOAD),
            Branch(2, "Branch 2", 1, "unknown", 10.0, None),
        ),
    )
    return replace(snapshot, **{**WATCHED, **changes})


class FakeController:
    """Keeps what was submitted in `batches`. `refusal` is raised by the next submit."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._first = snapshot or make_snapshot()
        self.reset()

    def reset(self) -> None:
        """As newly made."""
        self._snapshot = self._first
        self.batches: list[tuple[tuple[Command, ...], Actor]] = []
        self.refused: list[tuple[str, Actor, str]] = []
        self.done: list[tuple[str, Actor]] = []
        self.refusal: CommandError | None = None
        self.settle_after_reads: int | None = None
        self.end_states = END_STATE
        self.coming: tuple[Upcoming, ...] = ()
        self.week: Any = lambda *_: Week(None, (), ())
        self.asked: list[MainsFail] = []

    async def mains_fail(self, asked: MainsFail) -> MainsFailAnswer:
        self.asked.append(asked)
        return MAINS_FAIL

    def upcoming(self, count: int, outlet: int | None) -> tuple[Upcoming, ...]:
        found = [each for each in self.coming if outlet is None or outlet in each.outlets]
        return tuple(found[:count])

    @property
    def snapshot(self) -> Snapshot:
        if self.settle_after_reads is not None:
            self.settle_after_reads -= 1
            if self.settle_after_reads <= 0:
                self.settle()
        return self._snapshot

    def renewed(self) -> Snapshot:
        return self._snapshot

    def uptime_s(self) -> float:
        return self._snapshot.uptime_s

    def check(self, commands: Sequence[Command], actor: Actor) -> None:
        if self.refusal is not None:
            raise self.refusal
        for position, command in enumerate(commands):
            if isinstance(command, SwitchOutlet):
                self._check_switch(command, position)

    def _check_switch(self, command: SwitchOutlet, position: int) -> None:
        row = self.row(command.outlet)
        if row is None:
            raise UnknownTarget(f"there is no outlet {command.outlet}", position)
        if row.lock is not Lock.UNLOCKED:
            raise OutletLocked(f"outlet {row.index} is {row.lock.value}", position)

    def submit_all(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        self.check(commands, actor)
        self.batches.append((tuple(commands), actor))
        before = self._snapshot.outlets
        for command in commands:
            members = self._members(command) if isinstance(command, SwitchGroup) else ()
            rows = tuple(_changed(row, command, members) for row in self._snapshot.outlets)
            self._snapshot = replace(self._snapshot, outlets=rows, seq=self._snapshot.seq + 1)
        changed = self._snapshot.outlets != before
        return Ticket(len(self.batches), 1000.0, changed, self._left(commands))

    def _left(self, commands: Sequence[Command]) -> dict[int, str]:
        """As of Ticket: of all outlets, and of groups, those that are locked."""
        to_many = [c for c in commands if isinstance(c, SwitchAll | SwitchGroup)]
        return {
            row.index: f"outlet {row.index} is {row.lock.value}: unlock it before switching it"
            for row in self._snapshot.outlets
            if row.lock is not Lock.UNLOCKED
            and any(isinstance(c, SwitchAll) or row.index in self._members(c) for c in to_many)
        }

    def _members(self, command: SwitchGroup) -> tuple[int, ...]:
        return next(row.members for row in self._snapshot.groups if row.index == command.group)

    def note_refusal(self, asked: str, actor: Actor, error: str) -> None:
        self.refused.append((asked, actor, error))

    def note_change(self, asked: str, actor: Actor) -> None:
        self.done.append((asked, actor))

    def settle(self) -> None:
        """Every pending outlet reaches its end."""
        rows = tuple(
            replace(
                row, state=self.end_states.get(row.state, row.state), pending=None, pending_s=0.0
            )
            for row in self._snapshot.outlets
        )
        self._snapshot = replace(self._snapshot, outlets=rows)

    def change(self, index: int, **changes: Any) -> None:
        """Another state of an outlet, as if by somebody else."""
        rows = tuple(
            replace(row, **changes) if row.index == index else row for row in self._snapshot.outlets
        )
        self._snapshot = replace(self._snapshot, outlets=rows)

    def show(self, **changes: Any) -> None:
        """Other rows of the snapshot from now on."""
        self._snapshot = replace(self._snapshot, **changes)

    def row(self, index: int) -> Outlet | None:
        return next((row for row in self._snapshot.outlets if row.index == index), None)


def _changed(row: Outlet, command: Command, members: Sequence[int] = ()) -> Outlet:
    if isinstance(command, SetLock):
        return replace(row, lock=command.lock) if command.outlet == row.index else row
    if isinstance(command, SwitchAll | SwitchGroup):
        is_meant = isinstance(command, SwitchAll) or row.index in members
        is_free = is_meant and row.switched and row.lock is Lock.UNLOCKED
        return _switched(row, command.action, command.delay_s) if is_free else row
    if isinstance(command, SwitchOutlet) and command.outlet == row.index:
        return _switched(row, command.action, command.delay_s)
    return row


def _switched(row: Outlet, action: Action, delay_s: float | None) -> Outlet:
    if action is Action.CANCEL:
        settled = OutletState.ON if row.relay_closed else OutletState.OFF
        return replace(row, state=settled, pending=None, pending_s=0.0)
    if action is Action.TOGGLE:
        action = Action.OFF if row.is_on else Action.ON
    if action is Action.PULSE:
        action = Action.REBOOT if row.is_on else Action.ON
    if action in (Action.ON, Action.OFF) and row.state.value == action.value:
        return row
    return replace(
        row,
        state=PENDING_STATE[action],
        pending=action,
        pending_s=2.0 if delay_s is None else delay_s,
    )


SWITCH_ON = SwitchOn(
    2,
    1_800_000_000.25,
    8000.0,
    array("f", [325.0, -325.0] * 800),
    array("f", [0.0] * 320 + [-30.0] * 160 + [1.5, -1.5] * 560),
)
"""Of outlet 2: 30 A for one cycle, then 1.5 A; no other outlet has any."""


WAVE = Wave(
    500.0,
    8000.0,
    0.00003125,
    50.0,
    array("f", [10.0, -10.0] * 160),
    array("f", [0.5, -0.5] * 160),
    230.0,
    0.5,
)


async def shown_wave(_target: Target) -> tuple[float, Wave]:
    return NOON_S, WAVE


class FakeConfiguration:
    """A file with one line, in which nothing is wrong."""

    def __init__(self) -> None:
        self.text = b"schema: 1\n"

    async def read(self) -> bytes:
        return self.text

    async def check(self, _text: bytes, /) -> tuple[Complaint, ...]:
        return ()

    async def apply(self, text: bytes, _before: bytes | None, _actor: Actor, /) -> Applied:
        self.text = text
        return Applied((), ())


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RunningAgent:
    """The real server in a thread of its own, on a Unix socket and a free TCP port."""

    def __init__(self, socket_path: Path, controller: FakeController | None = None) -> None:
        self.controller = controller or FakeController()
        self.socket_path = socket_path
        self.tcp_port = 0
        self.accounts = Accounts(_book())
        self.auth = Auth(self.accounts)
        self.reload_error = ""
        self.history = FakeHistory()
        self.costs = NO_TERMS
        self.reloaded_by: list[Actor] = []
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _reload(self, actor: Actor) -> tuple[str, ...]:
        if self.reload_error:
            raise ConfigError(self.reload_error)
        self.reloaded_by.append(actor)
        return ("openpdu.yaml:1:1: warning: it is unwise",)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        settings = HttpSettings(listen="127.0.0.1:0", socket=str(self.socket_path))
        services = Services(
            {2: SWITCH_ON}.get,
            self._reload,
            self.controller.upcoming,
            mains_fail=self.controller.mains_fail,
            configuration=FakeConfiguration(),
            waves=shown_wave,
            history=self.history,
            costs=lambda: self.costs,
            backups=BACKUPS,
            auth=self.auth,
            week=lambda *asked: self.controller.week(*asked),
        )
        server = WebServer(self.controller, settings, services=services)
        try:
            await server.start()
            self.tcp_port = server.tcp_port or 0
            self._ready.set()
            await self._stop.wait()
        except BaseException as exc:
            self._failure = exc
            self._ready.set()
        finally:
            await server.stop()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def local(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request through the Unix socket. A body that is not bytes is sent as JSON."""
        return _ask(UnixConnection(self.socket_path), method, path, body, headers)

    def tcp(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request over TCP, as the administrator unless the headers say otherwise."""
        headers.setdefault("Authorization", f"Bearer {ADMIN_TOKEN}")
        return self.stranger(method, path, body, **headers)

    def stranger(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request over TCP with these headers alone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.tcp_port, timeout=10)
        return _ask(connection, method, path, body, headers)


def _book() -> Book:
    admin = User(ADMIN, Role.ADMIN, ADMIN_HASH)
    token = Token(
        ADMIN_TOKEN_ID, "tests", ADMIN, digest_of(ADMIN_TOKEN), Scope.ADMIN, {}, 0.0, None
    )
    return Book({ADMIN: admin}, {token.id: token})


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(self._path))


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any,
    headers: dict[str, str],
) -> Answer:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        named.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@contextmanager
def running_agent(folder: Path, snapshot: Snapshot | None = None) -> Iterator[RunningAgent]:
    agent = RunningAgent(folder / "api.sock", FakeController(snapshot))
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()
