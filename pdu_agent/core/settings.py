# SPDX-License-Identifier: Apache-2.0
"""The part of the configuration that the core itself needs: the unit and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from pdu_agent.core.calendar.occurrence import Place
from pdu_agent.core.metered.tariffs import TariffSettings
from pdu_agent.core.outage.settings import OutageSettings
from pdu_agent.core.plans.settings import PlanSettings
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms
from pdu_agent.model.commands import (
    OverloadRestriction,
    PowerUp,
    Quantity,
    Target,
    TargetKind,
    TemperatureScale,
)
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting
from pdu_agent.model.size import LAST_GROUP, MAX_INLETS, MAX_OUTLETS
from pdu_agent.model.snapshot import SensorKind

if TYPE_CHECKING:  # it needs the limits that stand here
    from pdu_agent.core.rules.settings import RuleSettings

MAX_LINES = 24
MAX_BRANCHES = 32
MAX_SENSORS = 64
MAX_GROUPS = 64
MAX_FANS = 8
LARGEST_LIMIT = 1e9
FULL_DUTY_PERCENT = 100.0
MIN_ACTUATION_GAP_S = 0.5  # reliability: at most two movements of one relay a second


class NominalFrequency(Enum):
    """What the mains should be; it may be anywhere from 45 to 65 Hz."""

    HZ_50 = 50
    HZ_60 = 60


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """The `device` section: what the unit is called and how it starts."""

    name: str = setting("openpdu", max_length=255, doc="sysName; shown by every face")
    contact: str = setting("", max_length=255, doc="sysContact")
    location: str = setting("", max_length=255, doc="sysLocation")
    model: str = setting("OpenPDU", max_length=64, doc="model name on the case")
    serial_number: str = setting("", max_length=32, doc="serial number on the case")
    hardware_revision: str = setting("", max_length=32, doc="revision of the power board")
    nominal_hz: NominalFrequency = setting(
        NominalFrequency.HZ_50, doc="of the mains; metering windows are 10 or 12 cycles of it"
    )
    sequence_interval_s: float = setting(
        0.25, minimum=0, maximum=60, doc="time between two outlets switching on (inrush)"
    )
    coil_budget: int = setting(
        MAX_OUTLETS,
        minimum=1,
        maximum=MAX_OUTLETS,
        doc="relays that may move, on or off, within coil_interval_s (supply of the coils)",
    )
    coil_interval_s: float = setting(
        0.05, minimum=0.01, maximum=10, doc="longer than a coil draws its inrush"
    )
    cold_start_delay_s: float = setting(
        0.0, minimum=0, maximum=7200, doc="wait after mains returns before the first outlet"
    )
    asset_tag: str = setting("", max_length=32, doc="what the owner's inventory calls it")
    temperature_scale: TemperatureScale = setting(
        TemperatureScale.CELSIUS, doc="of temperatures in MIBs that let the unit choose"
    )
    demand_window_s: float = setting(
        900.0, minimum=60, maximum=3600, doc="the active power's sliding mean is over this time"
    )
    weld_current_a: float = setting(
        0.05, minimum=0.005, maximum=10, doc="an open relay that lets this much pass is welded"
    )
    person_hold_s: float = setting(
        0.0,
        minimum=0,
        maximum=86_400,
        doc="rules and schedules leave an outlet alone so long after a person has switched it",
    )
    relay_wear_exponent: float = setting(
        1.5,
        minimum=0.5,
        maximum=4,
        doc="how much faster a relay wears at more current; a data sheet's curve tells",
    )
    default_tariff: str = setting(
        "standard", max_length=32, doc="what is booked while no band of `tariffs` applies"
    )
    time_zone: str = setting(
        "", max_length=64, doc="of tariffs and plans, such as Europe/Berlin; empty: the system's"
    )
    latitude: float | None = setting(
        None, minimum=-90, maximum=90, doc="degrees, north is positive: for plans by the sun"
    )
    longitude: float | None = setting(
        None, minimum=-180, maximum=180, doc="degrees, east is positive: for plans by the sun"
    )

    def __post_init__(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            given = "longitude" if self.latitude is None else "latitude"
            raise ConfigError(f"{given}: is given alone; expected latitude and longitude, or none")

    @property
    def place(self) -> Place | None:
        if self.latitude is None or self.longitude is None:
            return None
        return Place(self.latitude, self.longitude)


_FEEDS_BACK = "whether power may flow back, as from solar panels; else that is an alarm"
_RESTRICTION = "at which limit of its current outlets behind it cannot be switched on"


def _line() -> str:
    value: str = setting(
        "unknown",
        choices=("l1", "l2", "l3", "l1l2", "l2l3", "l3l1", "unknown"),
        doc="the phase that feeds it",
    )
    return value


@dataclass(frozen=True, slots=True)
class InletSettings:
    """One entry of `inlets`."""

    number: int = setting(1, minimum=1, maximum=MAX_INLETS)
    name: str = setting("", max_length=32, doc="default: Inlet N")
    rated_current_a: float = setting(16.0, minimum=0.1, maximum=1000)
    nominal_voltage_v: float = setting(230.0, minimum=50, maximum=500, doc="RMS, of the mains")
    overload_restriction: OverloadRestriction = setting(OverloadRestriction.NONE, doc=_RESTRICTION)
    own_use_w: float = setting(
        10.0, minimum=0, maximum=1000, doc="what the unit itself takes at most"
    )
    feeds_back: bool = setting(False, doc=_FEEDS_BACK)


@dataclass(frozen=True, slots=True)
class LineSettings:
    """One entry of `lines`: a phase conductor of an inlet."""

    number: int = setting(minimum=1, maximum=MAX_LINES)
    line: str = setting(choices=("l1", "l2", "l3"), doc="which phase of its inlet")
    name: str = setting("", max_length=32, doc="default: Line N")
    inlet: int = setting(1, minimum=1, maximum=MAX_INLETS)
    rated_current_a: float = setting(16.0, minimum=0.1, maximum=1000)


@dataclass(frozen=True, slots=True)
class BranchSettings:
    """One entry of `branches`: a fuse or breaker behind an inlet."""

    number: int = setting(minimum=1, maximum=MAX_BRANCHES)
    name: str = setting("", max_length=32, doc="default: Branch N")
    inlet: int = setting(1, minimum=1, maximum=MAX_INLETS)
    line: str = _line()
    rated_current_a: float = setting(10.0, minimum=0.1, maximum=1000)
    overload_restriction: OverloadRestriction = setting(OverloadRestriction.NONE, doc=_RESTRICTION)
    feeds_back: bool = setting(False, doc=_FEEDS_BACK)


@dataclass(frozen=True, slots=True)
class RelayRef:
    """Which relay switches an outlet: a board of `relays` and its 0-based relay there."""

    bank: str
    relay: int


_HOOK = "name of one of `hooks` that is run then"


@dataclass(frozen=True, slots=True)
class OutletSettings:
    """One entry of `outlets`. relay None: the outlet is metered only."""

    number: int = setting(minimum=1, maximum=MAX_OUTLETS)
    name: str = setting("", max_length=32, doc="default: Outlet N")
    note: str = setting("", max_length=64, doc="free text")
    receptacle: str = setting("", max_length=32, doc="kind of socket, such as C13")
    position: str = setting("", max_length=32, doc="where it is on the strip")
    device: str = setting("", max_length=64, doc="what is plugged in")
    inlet: int = setting(1, minimum=1, maximum=MAX_INLETS)
    branch: int | None = setting(
        None, minimum=1, maximum=MAX_BRANCHES, doc="the fuse or breaker that protects it"
    )
    line: str = _line()
    relay: RelayRef | None = setting(None, doc="board and relay, such as main.0")
    rated_current_a: float = setting(10.0, minimum=0.1, maximum=100)
    on_delay_s: int = setting(0, minimum=0, maximum=7200, doc="wait of a delayed on")
    off_delay_s: int = setting(0, minimum=0, maximum=7200, doc="wait of a delayed off or reboot")
    reboot_s: int = setting(5, minimum=1, maximum=600, doc="off time of a reboot")
    min_on_s: int = setting(
        0, minimum=0, maximum=7200, doc="an off waits until it was on for this long"
    )
    min_off_s: int = setting(
        0, minimum=0, maximum=7200, doc="an on waits until it was off for this long (compressors)"
    )
    pulse_s: float = setting(
        MIN_ACTUATION_GAP_S,
        minimum=MIN_ACTUATION_GAP_S,
        maximum=600,
        doc="how long a pulse leaves it in the other state; no relay moves twice in less",
    )
    priority: int = setting(
        1,
        minimum=0,
        maximum=255,
        doc="1 is the most important; a cap sheds the highest number first, and never 0",
    )
    relay_cycles: int | None = setting(
        None,
        minimum=100,
        maximum=100_000_000,
        doc="electrical life of its relay, operations at relay_current_a; without it none is told",
    )
    relay_current_a: float = setting(
        16.0, minimum=0.1, maximum=1000, doc="at which its data sheet gives relay_cycles"
    )
    relay_idle_cycles: int = setting(
        10_000_000, minimum=100, maximum=1_000_000_000, doc="mechanical life, without a load"
    )
    wear_warn_percent: float = setting(
        80.0, minimum=1, maximum=100, doc="of its relay's life used: from here on an alarm"
    )
    expected_w: float | None = setting(
        None, minimum=0, maximum=25_000, doc="what it draws; default: its recorded peak"
    )
    trip_above_a: float | None = setting(
        None, minimum=0.05, maximum=1000, doc="it is cut when it draws more; default: never"
    )
    trip_for_s: float = setting(
        1.0, minimum=0, maximum=60, doc="how long it may draw more than trip_above_a"
    )
    trip_retries: int = setting(
        0, minimum=0, maximum=10, doc="how often it is tried again before it stays off"
    )
    trip_retry_after_s: float = setting(
        30.0, minimum=1, maximum=3600, doc="how long it is off before it is tried again"
    )
    trip_forget_after_s: float = setting(
        300.0, minimum=1, maximum=86_400, doc="after so long without a trip its tries are forgotten"
    )
    before_on: str = setting("", max_length=32, doc=_HOOK)
    after_on: str = setting("", max_length=32, doc=_HOOK)
    before_off: str = setting("", max_length=32, doc=_HOOK)
    after_off: str = setting("", max_length=32, doc=_HOOK)
    graceful: GracefulSettings | None = setting(None, doc="cut only once the load is idle")
    power_up: PowerUp = setting(PowerUp.LAST, doc="after a power loss: on, off or last")
    feeds_back: bool = setting(False, doc=_FEEDS_BACK)


@dataclass(frozen=True, slots=True)
class SensorSettings:
    """One entry of `sensors`, without what its driver needs."""

    number: int = setting(minimum=1, maximum=MAX_SENSORS)
    name: str = setting("", max_length=32, doc="default: Sensor N")
    kind: SensorKind = setting(SensorKind.TEMPERATURE)
    serial: str = setting("", max_length=32, doc="serial number of the sensor")
    stale_after_s: float = setting(
        30.0, minimum=1, maximum=3600, doc="silence after which the value is old"
    )


@dataclass(frozen=True, slots=True)
class FanSettings:
    """One entry of `fans`, without what its driver needs."""

    number: int = setting(minimum=1, maximum=MAX_FANS)
    name: str = setting("", max_length=32, doc="default: Fan N")
    duty_percent: float = setting(
        FULL_DUTY_PERCENT, minimum=0, maximum=100, doc="of full speed; not together with a curve"
    )
    sensor: int | None = setting(
        None, minimum=1, maximum=MAX_SENSORS, doc="the temperature that `curve` goes by"
    )
    curve: tuple[tuple[float, ...], ...] = setting(
        (), minimum=-40, maximum=125, max_length=16, doc="corners: Celsius and percent, rising"
    )
    hysteresis_c: float = setting(
        2.0, minimum=0, maximum=20, doc="how much colder it has to be before the fan slows down"
    )
    min_rpm: float | None = setting(
        None, minimum=1, maximum=30_000, doc="turns a minute; slower is an alarm above 30 % duty"
    )
    interval_s: float = setting(2.0, minimum=1, maximum=60, doc="how often to look at it")

    def __post_init__(self) -> None:
        """Raises ConfigError for a curve that is none, or that has no sensor to go by."""
        if (self.sensor is None) is not (not self.curve):
            raise ConfigError("sensor and curve belong together: give both or neither")
        if self.curve and self.duty_percent != FULL_DUTY_PERCENT:
            raise ConfigError("duty_percent is fixed: give it or a curve, not both")
        if self.curve and not _is_rising(self.curve):
            raise ConfigError(
                "curve: expected two corners or more, each [Celsius, percent], with rising "
                "temperatures and percents from 0 to 100 that do not fall"
            )


def _is_rising(curve: tuple[tuple[float, ...], ...]) -> bool:
    if len(curve) < 2 or any(len(corner) != 2 or not 0 <= corner[1] <= 100 for corner in curve):
        return False
    return all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(curve))


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """One entry of `groups`: outlets that are switched together."""

    number: int = setting(minimum=1, maximum=LAST_GROUP)
    name: str = setting("", max_length=32, doc="default: Group N")
    outlets: tuple[int, ...] = setting((), minimum=1, maximum=MAX_OUTLETS, max_length=MAX_OUTLETS)
    gap_s: float = setting(
        0.0,
        minimum=0,
        maximum=600,
        doc="between one outlet and the next, in the order of `outlets`; off the other way round",
    )


def _limit() -> float | None:
    value: float | None = setting(
        None, minimum=-LARGEST_LIMIT, maximum=LARGEST_LIMIT, doc="watched when it is given"
    )
    return value


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """One entry of `thresholds`; limits and hysteresis in the unit of the quantity."""

    LABELS: ClassVar = ("target", "quantity")

    target: Target = setting(doc="what is watched, such as inlet 1, outlet 3, group 2 or unit 1")
    quantity: Quantity = setting()
    low_critical: float | None = _limit()
    low_warning: float | None = _limit()
    high_warning: float | None = _limit()
    high_critical: float | None = _limit()
    hysteresis: float = setting(
        0.0, minimum=0, maximum=LARGEST_LIMIT, doc="how far a value has to come back"
    )
    delay_s: float = setting(
        0.0, minimum=0, maximum=3600, doc="how long a value has to be beyond a limit"
    )


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """What `Core` is built from.

    stale_after_s: str(Target) -> seconds of silence of its source after which
    a point is stale; its keys are the metered points. direct_points: those of direct voltage, whose
    volts say nothing about the mains.
    """

    device: DeviceSettings
    inlets: tuple[InletSettings, ...]
    outlets: tuple[OutletSettings, ...]
    stale_after_s: dict[str, float] = field(default_factory=dict)
    sensors: tuple[SensorSettings, ...] = ()
    groups: tuple[GroupSettings, ...] = ()
    thresholds: tuple[ThresholdSettings, ...] = ()
    branches: tuple[BranchSettings, ...] = ()
    lines: tuple[LineSettings, ...] = ()
    tariffs: tuple[TariffSettings, ...] = ()
    time_zone: tzinfo | None = None
    """Of the tariffs; None: the system's."""
    fans: tuple[FanSettings, ...] = ()
    direct_points: frozenset[Target] = frozenset()
    rules: tuple[RuleSettings, ...] = ()
    hook_terms: tuple[HookTerms, ...] = ()
    caps: tuple[CapSettings, ...] = ()
    outage: OutageSettings = field(default_factory=OutageSettings)

    @property
    def hooks(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(terms.name for terms in self.hook_terms)

    plans: tuple[PlanSettings, ...] = ()

    def metered_points(self) -> list[Target]:
        """Inlets with their residual currents, lines, branches, outlets, as far as a meter feeds
        them or, of an inlet, all its lines.
        """
        points = [Target(TargetKind.INLET, inlet.number) for inlet in self.inlets]
        points += [Target(TargetKind.RESIDUAL, inlet.number) for inlet in self.inlets]
        points += [Target(TargetKind.LINE, line.number) for line in self.lines]
        points += [Target(TargetKind.BRANCH, branch.number) for branch in self.branches]
        points += [Target(TargetKind.OUTLET, outlet.number) for outlet in self.outlets]
        summed = self.summed_inlets()
        return [
            point
            for point in points
            if str(point) in self.stale_after_s
            or (point.kind is TargetKind.INLET and point.index in summed)
        ]

    def metered_lines(self) -> dict[int, tuple[Target, ...]]:
        """The lines of each inlet that has any, where a meter feeds all of them."""
        found: dict[int, list[Target]] = {}
        for line in self.lines:
            found.setdefault(line.inlet, []).append(Target(TargetKind.LINE, line.number))
        return {
            inlet: tuple(lines)
            for inlet, lines in found.items()
            if all(str(line) in self.stale_after_s for line in lines)
        }

    def summed_inlets(self) -> frozenset[int]:
        """The inlets that no meter feeds, but all their lines: they are the sum of these."""
        return frozenset(
            inlet
            for inlet in self.metered_lines()
            if str(Target(TargetKind.INLET, inlet)) not in self.stale_after_s
        )
