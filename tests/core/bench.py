# SPDX-License-Identifier: Apache-2.0
"""A core on a workbench: manual clock, a relay board made of a dict, every effect kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.metered.tariffs import TariffSettings
from pdu_agent.core.outage.settings import OutageSettings
from pdu_agent.core.plans.settings import PlanSettings
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.rules.settings import RuleSettings
from pdu_agent.core.settings import (
    BranchSettings,
    CoreSettings,
    DeviceSettings,
    FanSettings,
    GroupSettings,
    InletSettings,
    LineSettings,
    OutletSettings,
    RelayRef,
    SensorSettings,
    ThresholdSettings,
)
from pdu_agent.core.shutdown.settings import HookTerms
from pdu_agent.model.audit import AuditEntry, AuditResult
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import (
    Action,
    Actor,
    Command,
    Quantity,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import StoreError
from pdu_agent.model.events import Event
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import (
    AppendAudit,
    AppendEvents,
    BankState,
    Effect,
    FanReading,
    InitialiseBank,
    Measurement,
    Reading,
    RelayResult,
    RunHook,
    SaveRecord,
    SensorReading,
    SetFanDuty,
    StopHook,
    WriteRelays,
)
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import Alarm, LoggedEvent, Outlet, OutletState, Threshold

OPS = Actor("snmp", "ops", "192.0.2.7:4242")
ALL_ACTIONS = tuple(action for action in Action if action is not Action.PULSE)
"""Those that an outlet takes whatever it is doing."""
INLET = Target(TargetKind.INLET, 1)
MOST_IN_VAIN = 1000
"""Turns in a row that the core asked for at a time that was over: it would never sleep again."""


@dataclass
class Board:
    """Relays that move at once, with faults; keeps (time, relay, closed) of each movement."""

    relays: list[bool]
    clock: ManualClock
    cold: bool = False
    stuck: set[int] = field(default_factory=set)
    fails: str = ""
    moves: list[tuple[float, int, bool]] = field(default_factory=list)
    answers: bool = True

    def state(self) -> BankState:
        return BankState("main", self.cold, tuple(self.relays))

    def write(self, effect: WriteRelays) -> RelayResult:
        if self.fails:
            return RelayResult("main", effect.closed, {}, self.fails)
        for relay, closed in effect.closed.items():
            if relay not in self.stuck and self.relays[relay] is not closed:
                self.relays[relay] = closed
                self.moves.append((self.clock.monotonic_s(), relay, closed))
        return RelayResult("main", effect.closed, {r: self.relays[r] for r in effect.closed})


class Workbench:
    """Drives a Core as the runtime does, with every board answer delivered at once."""

    def __init__(
        self,
        outlets: int = 8,
        relays: list[bool] | None = None,
        record: Record | None = None,
        continuous: bool = True,
        cold: bool = False,
        board: Board | None = None,
        clock: ManualClock | None = None,
        boot_id: str = "boot-1",
        device: DeviceSettings | None = None,
        met: bool = True,
        sensors: tuple[SensorSettings, ...] = (),
        groups: tuple[GroupSettings, ...] = (),
        thresholds: tuple[ThresholdSettings, ...] = (),
        events: tuple[LoggedEvent, ...] = (),
        warnings: tuple[str, ...] = (),
        inlet: InletSettings | None = None,
        branches: tuple[BranchSettings, ...] = (),
        metered_branches: bool = True,
        lines: tuple[LineSettings, ...] = (),
        also_metered: tuple[str, ...] = ("inlet 1",),
        tariffs: tuple[TariffSettings, ...] = (),
        zone: tzinfo | None = None,
        stale_after_s: float = 0.6,
        fans: tuple[FanSettings, ...] = (),
        direct_points: frozenset[Target] = frozenset(),
        plans: tuple[PlanSettings, ...] = (),
        rules: tuple[RuleSettings, ...] = (),
        hooks: tuple[HookTerms, ...] = (),
        caps: tuple[CapSettings, ...] = (),
        outage: OutageSettings | None = None,
        inlets: tuple[InletSettings, ...] = (),
        reading_lag_s: float = 0.0,
        own: Mapping[int, Mapping[str, object]] | None = None,
        **outlet_settings: object,
    ) -> None:
        self.clock = clock or ManualClock()
        self.board = board or Board(list(relays or [True] * outlets), self.clock, cold)
        self.saved: list[SaveRecord] = []
        self.logged: list[LoggedEvent] = []
        self.save_fails = False
        self.audited: list[AuditEntry] = []
        self.proved: list[AuditEntry] = []
        self.audit_fails = False
        self.duties: list[SetFanDuty] = []
        self.queue: list[Effect] = []
        self.hooks: list[RunHook | StopHook] = []
        self.settings = CoreSettings(
            device or DeviceSettings(),
            inlets or (inlet or InletSettings(1),),
            tuple(
                replace(
                    OutletSettings(n, relay=RelayRef("main", n - 1), reboot_s=5),
                    **{**outlet_settings, **(own or {}).get(n, {})},  # type: ignore[arg-type]
                )
                for n in range(1, outlets + 1)
            ),
            dict.fromkeys(
                (
                    *(f"outlet {n}" for n in range(1, outlets + 1)),
                    *(f"branch {branch.number}" for branch in branches if metered_branches),
                    *also_metered,
                ),
                stale_after_s,
            ),
            sensors,
            groups,
            thresholds,
            branches,
            lines,
            tariffs,
            zone,
            fans,
            direct_points,
            plans=plans,
            rules=rules,
            hook_terms=hooks,
            caps=caps,
            outage=outage or OutageSettings(),
        )
        record = record or Record(engine_id=b"x")
        birth = Birth(record, continuous, boot_id, "1.0", warnings, events)
        self.core = Core(
            self.settings, self.clock, self._perform, birth, reading_lag_s=reading_lag_s
        )
        self.heard = self.core.events.subscribe(10_000)
        if met:
            self.core.on_bank(self.board.state())
            self.settle()

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, SaveRecord):
            if self.save_fails:
                raise StoreError("no space left on device")
            self.saved.append(effect)
        elif isinstance(effect, AppendEvents):
            self.logged += effect.events
        elif isinstance(effect, AppendAudit):
            if self.audit_fails:
                raise StoreError("no space left on device")
            is_proof = effect.entry.result is AuditResult.PROOF
            (self.proved if is_proof else self.audited).append(effect.entry)
        elif isinstance(effect, SetFanDuty):
            self.duties.append(effect)
        elif isinstance(effect, RunHook | StopHook):
            self.hooks.append(effect)
        else:
            self.queue.append(effect)

    def settle(self) -> None:
        """Let the board answer everything that is in flight."""
        while self.queue and self.board.answers:
            effect = self.queue.pop(0)
            if isinstance(effect, WriteRelays):
                self.core.on_relay_result(self.board.write(effect))
            elif isinstance(effect, InitialiseBank):
                self.board.cold = False
                self.core.on_bank(self.board.state())

    def run(self, seconds: float) -> None:
        """Pass time as the runtime's timer does: to each deadline in turn."""
        self._pass(seconds, self.core.next_deadline_s)

    def idle(self, seconds: float) -> None:
        """As `run`, for hours: without the saves of each second."""
        self._pass(seconds, self.core.next_change_s)
        self.core.tick()
        self.settle()

    def _pass(self, seconds: float, next_due_s: Callable[[], float]) -> None:
        now_s, in_vain = self.clock.monotonic_s, 0
        end_s = now_s() + seconds
        while (due_s := next_due_s()) <= end_s:
            in_vain = in_vain + 1 if due_s <= now_s() else 0
            assert in_vain < MOST_IN_VAIN, f"due at {due_s}, and nothing that is done changes that"
            self.clock.advance(max(0.0, due_s - now_s()) + 1e-9)
            self.core.tick()
            self.settle()
        self.clock.advance(max(0.0, end_s - now_s()))

    def switch(self, outlet: int, action: Action, delay_s: float | None = None) -> bool:
        changed = self.core.submit_all([SwitchOutlet(outlet, action, delay_s)], OPS).changed
        self.settle()
        return changed

    def submit(self, *commands: Command) -> bool:
        changed = self.core.submit_all(commands, OPS).changed
        self.settle()
        return changed

    def read(self, target: Target = INLET, energy_mj: float = 0.0, **values: float) -> None:
        """Deliver one reading of a point; values as Electrical calls them."""
        electrical = Electrical(**values, quality=Quality.OK)
        self.measure(Measurement(target, electrical, energy_mj))

    def measure(self, *measurements: Measurement, span_s: float = 0.2) -> None:
        """Deliver one reading that ends now."""
        now_s = self.clock.monotonic_s()
        self.core.on_reading(Reading("meter", 1, now_s, span_s, measurements))
        self.settle()

    def sense(self, sensor: int, value: float | None, error: str = "") -> None:
        self.core.on_sensor(SensorReading(sensor, self.clock.monotonic_s(), value, error))

    def fan(self, number: int, rpm: float | None, error: str = "") -> None:
        self.core.on_fan(FanReading(number, self.clock.monotonic_s(), rpm, error))

    def threshold(self, quantity: Quantity, target: Target = INLET) -> Threshold:
        return next(
            row
            for row in self.core.snapshot.thresholds
            if (row.target, row.quantity) == (target, quantity)
        )

    def alarms(self, kind: str) -> list[Alarm]:
        return [alarm for alarm in self.core.snapshot.alarms if alarm.kind == kind]

    def outlet(self, number: int) -> Outlet:
        return next(o for o in self.core.snapshot.outlets if o.index == number)

    def state(self, number: int) -> OutletState:
        return self.outlet(number).state

    def events(self, kind: type) -> list[Event]:
        return [event for event in self.heard.drain() if isinstance(event, kind)]
