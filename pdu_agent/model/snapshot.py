# SPDX-License-Identifier: Apache-2.0
"""What is: one immutable Snapshot that every face reads by reference.

A Snapshot is a single instant. A face takes `controller.snapshot` once per request and
answers from it, so that one response never mixes two instants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pdu_agent.model.commands import (
    Action,
    Actor,
    Hold,
    Lock,
    NotificationClass,
    PowerUp,
    TemperatureScale,
)
from pdu_agent.model.control import Cap, NextChange, Outage, Plan, RelayWear, Rule, Trip
from pdu_agent.model.host import HostStatus
from pdu_agent.model.metered import (
    Branch,
    Demand,
    Inlet,
    Line,
    Meter,
    MeterStatus,
    OwnTariff,
    TariffRegister,
)
from pdu_agent.model.switch_proof import SwitchProof, Verdict
from pdu_agent.model.ups import Ups
from pdu_agent.model.watching import (
    KEPT_EVENTS,
    LAST_EVENT,
    NO_FAULTS,
    Alarm,
    Crossing,
    EventKind,
    Fault,
    Faults,
    LoggedEvent,
    Severity,
    Threshold,
    ThresholdState,
)

# Whoever takes the snapshot from here takes what is in it from here too.
__all__ = [
    "KEPT_EVENTS",
    "LAST_EVENT",
    "NO_FAULTS",
    "Alarm",
    "Branch",
    "ChangeReason",
    "Crossing",
    "Demand",
    "Device",
    "EventKind",
    "Fan",
    "Fault",
    "Faults",
    "Group",
    "GroupState",
    "Health",
    "Inlet",
    "Line",
    "LoggedEvent",
    "Meter",
    "MeterStatus",
    "Outlet",
    "OutletState",
    "OwnTariff",
    "Sensor",
    "SensorKind",
    "SensorStatus",
    "Severity",
    "Snapshot",
    "SourceCounts",
    "SwitchProof",
    "TariffRegister",
    "Threshold",
    "ThresholdState",
    "Verdict",
]


class OutletState(Enum):
    """What a reader is told; the machine in core has finer steps."""

    ON = "on"
    OFF = "off"
    ON_PENDING = "on pending"
    OFF_PENDING = "off pending"
    REBOOTING = "rebooting"
    FAULT = "fault"
    UNKNOWN = "unknown"


class ChangeReason(Enum):
    """Why an outlet last changed, as OPENPDU-MIB's OpduChangeReason names it."""

    UNKNOWN = "unknown"
    POWER_UP = "power up"
    SNMP = "snmp"
    WEB = "web"
    SCHEDULE = "schedule"
    LOAD_SHEDDING = "load shedding"
    THRESHOLD = "threshold"
    NUT = "nut"
    LOCAL = "local"
    OTHER = "other"
    RULE = "rule"
    OVERCURRENT = "overcurrent"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class OutletHooks:
    """Names of hooks, empty for none."""

    before_on: str = ""
    after_on: str = ""
    before_off: str = ""
    after_off: str = ""


_NO_TRIP, _NO_WEAR, _NO_HOOKS = Trip(), RelayWear(), OutletHooks()


@dataclass(frozen=True, slots=True)
class Outlet:
    """One outlet, numbered from 1 as printed on the case.

    pending is the accepted action that has not finished, pending_s the seconds until it
    acts. relay_closed is what was read back from the board, None where it is not known.
    *_s that are instants (last_change_s, discontinuity_s) are uptime seconds. is_ordered:
    somebody has given it a command since its board got power, even if nothing was to be done.
    last_proof: of its relay's last movement since the agent started. priority: 1 is the most
    important, the highest number is shed first.
    """

    index: int
    name: str
    note: str
    receptacle: str
    position: str
    device: str
    inlet: int
    line: str
    switched: bool
    state: OutletState
    pending: Action | None
    pending_s: float
    relay_closed: bool | None
    lock: Lock
    on_delay_s: int
    off_delay_s: int
    reboot_s: int
    power_up: PowerUp
    switch_count: int
    last_reason: ChangeReason
    last_actor: Actor | None
    last_change_s: float
    last_change_wall_s: float | None
    discontinuity_s: float
    meter: Meter | None
    branch: int | None = None
    is_ordered: bool = False
    faults: Faults = NO_FAULTS
    last_proof: SwitchProof | None = None
    min_on_s: int = 0
    min_off_s: int = 0
    rated_current_a: float | None = None
    pulse_s: float = 0.5
    priority: int = 1
    holds: tuple[Hold, ...] = ()
    """Wishes that stand, the strongest first."""
    next_change: NextChange | None = None
    stopping: str = ""
    """What an outlet that is being shut down waits for, in words; empty for others."""
    trip: Trip = _NO_TRIP
    wear: RelayWear = _NO_WEAR
    hooks: OutletHooks = _NO_HOOKS

    @property
    def is_on(self) -> bool | None:
        """The state for who knows only on and off; None while nobody knows it.

        Where an order is accepted its outcome is shown at once, but not that of a delayed
        one before its time; a reboot reads off until the outlet is on again. A welded relay
        is on, whatever was ordered: nobody may rely on an off that is none.
        """
        if Fault.WELDED in self.faults:
            return True
        return _IS_ON.get((self.state, self.pending), self.relay_closed)

    @property
    def is_shutting_down(self) -> bool:
        """Does it wait for its hook or its load before it goes off? Before an on it does not."""
        goes_off = self.state is not OutletState.ON_PENDING and self.relay_closed is not False
        return bool(self.stopping) and goes_off


_IS_ON = {
    (OutletState.ON, None): True,
    (OutletState.OFF, None): False,
    (OutletState.ON_PENDING, Action.ON): True,
    (OutletState.ON_PENDING, Action.ON_DELAYED): False,
    (OutletState.OFF_PENDING, Action.OFF): False,
    (OutletState.OFF_PENDING, Action.OFF_DELAYED): True,
    (OutletState.REBOOTING, Action.REBOOT): False,
}


@dataclass(frozen=True, slots=True)
class Fan:
    """duty_percent: what it was told, 0..100. speed_rpm: None where nobody knows it."""

    index: int
    name: str
    duty_percent: float
    speed_rpm: float | None
    status: SensorStatus


class SensorKind(Enum):
    TEMPERATURE = "temperature"
    HUMIDITY = "humidity"
    CONTACT = "contact"
    WATER = "water"
    AIRFLOW = "airflow"
    PRESSURE = "pressure"
    OTHER = "other"


class SensorStatus(Enum):
    OK = "ok"
    STALE = "stale"
    FAULT = "fault"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Sensor:
    """One environmental value: Celsius, percent relative humidity, hPa, or 0/1 for a contact."""

    index: int
    name: str
    kind: SensorKind
    value: float | None
    status: SensorStatus
    sample_wall_s: float | None
    serial: str
    minimum: float | None
    maximum: float | None
    maximum_wall_s: float | None = None
    extremes_since_wall_s: float | None = None


class GroupState(Enum):
    """MIXED: some members on, others off or on their way. UNKNOWN: no member, or none known."""

    ON = "on"
    OFF = "off"
    MIXED = "mixed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Group:
    """Outlets that are switched together.

    configured: it comes from the configuration file, and only that can change it.
    active_power_w: sum of the members' last values, None when no member is metered.
    user_energy_mj: sum of the members' user meters, so it falls when a member leaves.
    """

    index: int
    name: str
    members: tuple[int, ...]
    configured: bool
    state: GroupState
    active_power_w: float | None
    user_energy_mj: int


@dataclass(frozen=True, slots=True)
class Device:
    """The unit itself. sequence_interval_s is the time between the slots of two closing relays.
    time_zone: IANA name of where it stands, empty for the system's.
    """

    name: str
    contact: str
    location: str
    model: str
    serial_number: str
    hardware_revision: str
    software_version: str
    sequence_interval_s: float
    cold_start_delay_s: float
    asset_tag: str = ""
    temperature_scale: TemperatureScale = TemperatureScale.CELSIUS
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """One device since the agent started; source names it as alarms do: meter main, sensor 3.

    rejected_readings: spoilt frames and impossible values, none of which became a value or energy.
    """

    source: str
    rejected_readings: int = 0
    lost_samples: int = 0
    hardware_errors: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """The agent about itself. reading_age_s is None before the first reading. sources: those that
    have something to count, by name; the sums of their counters are those of Health.
    """

    loop_lag_s: float = 0.0
    reading_age_s: float | None = None
    lost_samples: int = 0
    hardware_errors: int = 0
    store_ok: bool = True
    engine_boots: int = 0
    rejected_readings: int = 0
    sources: tuple[SourceCounts, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a face may show.

    `topology` changes when outlets, inlets, branches, sensors, groups, members or thresholds
    appear or vanish; alarms and events come and go without changing it.
    """

    seq: int
    t_mono_s: float
    t_wall_s: float
    uptime_s: float
    device: Device
    outlets: tuple[Outlet, ...]
    inlets: tuple[Inlet, ...]
    sensors: tuple[Sensor, ...]
    alarms: tuple[Alarm, ...]
    health: Health
    sample_wall_s: float | None
    config_changed_s: float
    topology: int
    groups: tuple[Group, ...] = ()
    thresholds: Sequence[Threshold] = ()
    events: tuple[LoggedEvent, ...] = ()
    """The newest KEPT_EVENTS, oldest first."""
    notifying: frozenset[NotificationClass] = frozenset()
    config_lock: int = 0
    branches: tuple[Branch, ...] = ()
    upses: tuple[Ups, ...] = ()
    host: HostStatus | None = None
    """None until the board was looked at."""
    lines: tuple[Line, ...] = ()
    fans: tuple[Fan, ...] = ()
    plans: tuple[Plan, ...] = ()
    rules: tuple[Rule, ...] = ()
    caps: tuple[Cap, ...] = ()
    outages: tuple[Outage, ...] = ()
    hooks: tuple[str, ...] = ()
    """Names of the hooks that outlets may have."""
