# SPDX-License-Identifier: Apache-2.0
"""What the configuration file may say, and the settings that the agent is built from.

Sections that belong to one package are declared there; here they are put together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pdu_agent.app.config.hooks import HookEntry
from pdu_agent.app.config.panel import (
    MAX_BOARDS,
    MAX_DISPLAYS,
    MAX_IO_LINES,
    ButtonSettings,
    DisplayEntry,
    IoEntry,
    LedSettings,
)
from pdu_agent.app.config.shape import inline
from pdu_agent.app.config.wiring import CountingWiring, SampledWiring
from pdu_agent.core.costs.settings import PriceList, PriceSettings
from pdu_agent.core.metered.tariffs import MAX_TARIFFS, TariffSettings
from pdu_agent.core.outage.settings import OutageSettings
from pdu_agent.core.plans.settings import MAX_PLANS, PlanSettings, PlanWhen
from pdu_agent.core.protection.settings import MAX_CAPS, CapSettings
from pdu_agent.core.rules.settings import MAX_HOSTS, MAX_RULES, HostSettings, RuleSettings
from pdu_agent.core.settings import (
    MAX_BRANCHES,
    MAX_FANS,
    MAX_GROUPS,
    MAX_LINES,
    MAX_SENSORS,
    BranchSettings,
    DeviceSettings,
    FanSettings,
    GroupSettings,
    InletSettings,
    LineSettings,
    OutletSettings,
    SensorSettings,
    ThresholdSettings,
)
from pdu_agent.core.shutdown.settings import MAX_HOOKS
from pdu_agent.hw import registry
from pdu_agent.model.commands import Target
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting
from pdu_agent.nut.settings import MAX_UPSES, NutSettings, UpsSettings
from pdu_agent.snmp.credentials import Community, User
from pdu_agent.snmp.settings import SnmpSettings
from pdu_agent.store.backup.settings import BackupSettings
from pdu_agent.store.history.settings import HistorySettings
from pdu_agent.web.settings import HttpSettings

BUS_OF_BOARD = re.compile(r"/.+|sim(:.+)?")
SIMULATED_CONVERTER = re.compile(r"sim:\d{1,2}")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The `log` section."""

    level: str = setting(
        "info", choices=("debug", "info", "warning", "error"), doc="the least level that is shown"
    )
    max_kib_per_minute: int = setting(
        64, minimum=4, maximum=10_240, doc="KiB of log in any 60 s; more is counted, not written"
    )


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """The `simulator` section: what stands behind a bus called `sim`."""

    seed: int = setting(1, minimum=0, maximum=2**31 - 1, doc="the same seed, the same noise")
    speed: float = setting(1.0, minimum=0.1, maximum=10_000, doc="simulated seconds per second")
    mains_v: float = setting(230.0, minimum=80, maximum=300, doc="RMS volts")
    mains_hz: float = setting(50.0, minimum=45, maximum=65)
    tolerance: float = setting(
        0.0, minimum=0, maximum=0.05, doc="how far dividers and CTs are off, for calibration"
    )
    relay_log: str = setting(
        "", max_length=4096, doc="file that gets `epoch outlet value` for each relay that moves"
    )
    script: str = setting(
        "", max_length=4096, doc="file with loads and faults to play, relative to this one"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayBoardSettings:
    """One entry of `relays`; the driver's own settings stand beside these.

    options: an instance of registry.settings_class("relays", driver).
    """

    name: str = setting(max_length=32, doc="what outlets call it")
    driver: str = setting(max_length=32, doc="the kind of board")
    bus: str = setting(
        max_length=255, doc="/dev/i2c-N, /dev/gpiochipN, a serial device, or sim for the simulator"
    )
    options: Any = field(
        metadata=inline("driver", lambda driver: registry.settings_class("relays", driver))
    )


def _wiring(driver: str) -> type:
    sampled = hasattr(registry.driver_class("meters", driver), "read_block")
    return SampledWiring if sampled else CountingWiring


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSettings:
    """One entry of `meters`; wiring and the driver's own settings stand beside these.

    options: an instance of registry.settings_class("meters", driver); its class may say as
    `place` what a bus of its kind looks like: (pattern, example). Raises ConfigError for
    another one.
    """

    name: str = setting(max_length=32, doc="how logs call it")
    driver: str = setting(max_length=32, doc="the kind of meter")
    wiring: SampledWiring | CountingWiring = field(metadata=inline("driver", _wiring))
    options: Any = field(
        metadata=inline("driver", lambda driver: registry.settings_class("meters", driver))
    )

    def __post_init__(self) -> None:
        place = getattr(self.options, "place", None)
        if place is None or not isinstance(self.wiring, SampledWiring):
            return
        pattern, example = place
        bus = self.wiring.bus
        if not (re.fullmatch(pattern, bus) or SIMULATED_CONVERTER.fullmatch(bus)):
            raise ConfigError(f"bus: {bus!r} is no bus; expected {example}, or sim:0, sim:1")

    @property
    def targets(self) -> tuple[Target, ...]:
        """The metering points that this meter reports."""
        if isinstance(self.wiring, SampledWiring):
            return tuple(point for point in self.wiring.points if point is not None)
        return tuple(self.wiring.channels.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorEntry(SensorSettings):
    """One entry of `sensors`; the driver's own settings stand beside these.

    options: an instance of registry.settings_class("sensors", driver).
    """

    driver: str = setting(max_length=32, doc="the kind of sensor")
    options: Any = field(
        metadata=inline("driver", lambda driver: registry.settings_class("sensors", driver))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FanEntry(FanSettings):
    """One entry of `fans`; the driver's own settings stand beside these.

    options: an instance of registry.settings_class("fans", driver).
    """

    driver: str = setting(max_length=32, doc="what drives it")
    options: Any = field(
        metadata=inline("driver", lambda driver: registry.settings_class("fans", driver))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEntry(PlanSettings):
    """One entry of `plans`; when it is due stands beside its other settings."""

    when: PlanWhen = field(metadata=inline("", lambda _: PlanWhen))


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpSection:
    """The `snmp` section: everything but the credentials, which have a file of their own."""

    credentials: str = setting(
        "", max_length=4096, doc="the secrets file, relative to this one; empty: no access"
    )
    settings: SnmpSettings = field(metadata=inline("", lambda _: SnmpSettings))


@dataclass(frozen=True, slots=True)
class SecretsFile:
    """The file that `snmp.credentials` names."""

    schema: int = setting()
    communities: tuple[Community, ...] = setting((), max_length=64)
    users: tuple[User, ...] = setting((), max_length=64)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """openpdu.yaml as written."""

    schema: int = setting(doc="version of this file's layout")
    state_dir: str = setting(
        "", max_length=4096, doc="what survives a power cut; empty: the usual place"
    )
    runtime_dir: str = setting(
        "", max_length=4096, doc="what survives a restart of the agent; empty: the usual place"
    )
    calibration: str = setting(
        "",
        max_length=4096,
        doc="file of trims, relative to this one; empty: calibration.yaml, if it is there",
    )
    log: LogSettings = setting(LogSettings())
    device: DeviceSettings = setting(DeviceSettings())
    snmp: SnmpSection = setting(SnmpSection(settings=SnmpSettings()))
    http: HttpSettings = setting(HttpSettings())
    nut: NutSettings = setting(NutSettings())
    simulator: SimulatorSettings = setting(SimulatorSettings())
    relays: tuple[RelayBoardSettings, ...] = setting((), max_length=16)
    meters: tuple[MeterSettings, ...] = setting((), max_length=16)
    inlets: tuple[InletSettings, ...] = setting((InletSettings(),), max_length=8)
    lines: tuple[LineSettings, ...] = setting((), max_length=MAX_LINES)
    branches: tuple[BranchSettings, ...] = setting((), max_length=MAX_BRANCHES)
    outlets: tuple[OutletSettings, ...] = setting((), max_length=64)
    outlets_csv: str = setting(
        "", max_length=4096, doc="CSV file in place of outlets, relative to this file"
    )
    sensors: tuple[SensorEntry, ...] = setting((), max_length=MAX_SENSORS)
    fans: tuple[FanEntry, ...] = setting((), max_length=MAX_FANS)
    io: tuple[IoEntry, ...] = setting((), max_length=MAX_BOARDS)
    buttons: tuple[ButtonSettings, ...] = setting((), max_length=MAX_IO_LINES)
    leds: tuple[LedSettings, ...] = setting((), max_length=MAX_IO_LINES)
    displays: tuple[DisplayEntry, ...] = setting((), max_length=MAX_DISPLAYS)
    groups: tuple[GroupSettings, ...] = setting((), max_length=MAX_GROUPS)
    thresholds: tuple[ThresholdSettings, ...] = setting((), max_length=256)
    caps: tuple[CapSettings, ...] = setting((), max_length=MAX_CAPS)
    upses: tuple[UpsSettings, ...] = setting((), max_length=MAX_UPSES)
    outage: OutageSettings = setting(OutageSettings())
    history: HistorySettings = setting(HistorySettings())
    tariffs: tuple[TariffSettings, ...] = setting((), max_length=MAX_TARIFFS)
    prices: PriceSettings = setting(default_factory=PriceSettings)
    backup: BackupSettings = setting(BackupSettings())
    plans: tuple[PlanEntry, ...] = setting((), max_length=MAX_PLANS)
    hosts: tuple[HostSettings, ...] = setting((), max_length=MAX_HOSTS)
    rules: tuple[RuleSettings, ...] = setting((), max_length=MAX_RULES)
    hooks: tuple[HookEntry, ...] = setting((), max_length=MAX_HOOKS)


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Everything the agent is built from, checked, with defaults and paths filled in."""

    state_dir: Path
    runtime_dir: Path
    log: LogSettings
    device: DeviceSettings
    snmp: SnmpSettings
    http: HttpSettings
    simulator: SimulatorSettings
    relays: tuple[RelayBoardSettings, ...]
    meters: tuple[MeterSettings, ...]
    inlets: tuple[InletSettings, ...]
    outlets: tuple[OutletSettings, ...]
    branches: tuple[BranchSettings, ...] = ()
    sensors: tuple[SensorEntry, ...] = ()
    fans: tuple[FanEntry, ...] = ()
    groups: tuple[GroupSettings, ...] = ()
    thresholds: tuple[ThresholdSettings, ...] = ()
    caps: tuple[CapSettings, ...] = ()
    lines: tuple[LineSettings, ...] = ()
    tariffs: tuple[TariffSettings, ...] = ()
    plans: tuple[PlanEntry, ...] = ()
    hosts: tuple[HostSettings, ...] = ()
    rules: tuple[RuleSettings, ...] = ()
    hooks: tuple[HookEntry, ...] = ()
    nut: NutSettings = field(default_factory=NutSettings)
    upses: tuple[UpsSettings, ...] = ()
    outage: OutageSettings = field(default_factory=OutageSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    prices: PriceList = field(default_factory=PriceList)
    backup: BackupSettings = field(default_factory=BackupSettings)
    io: tuple[IoEntry, ...] = ()
    buttons: tuple[ButtonSettings, ...] = ()
    leds: tuple[LedSettings, ...] = ()
    displays: tuple[DisplayEntry, ...] = ()
    calibration: Path = Path("calibration.yaml")
    """Where `openpdu calibrate` keeps what it finds; its trims are in `meters` already."""
    warnings: tuple[str, ...] = field(default=())

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that was configured, for the log's redaction."""
        communities = [entry.community for entry in self.snmp.communities]
        phrases = [text for user in self.snmp.users for text in (user.auth_pass, user.priv_pass)]
        return tuple(secret for secret in (*communities, *phrases) if secret)
