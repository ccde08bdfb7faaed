# SPDX-License-Identifier: Apache-2.0
"""Both MIBs of Server Technology over the real core, with settings they show inexactly."""

from __future__ import annotations

from pdu_agent.core.settings import (
    BranchSettings,
    DeviceSettings,
    InletSettings,
    SensorSettings,
    ThresholdSettings,
)
from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.mib_impl.sentry3 import sentry3_module
from pdu_agent.mib_impl.sentry4 import sentry4_module
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import (
    ConfigureDevice,
    DeviceSetting,
    Quantity,
    Target,
    TargetKind,
    TemperatureScale,
)
from pdu_agent.model.snapshot import SensorKind
from tests.core.bench import Workbench
from tests.mib.unit import ACTOR

ENTERPRISE: Oid = (1, 3, 6, 1, 4, 1, 1718)
LONG = "Küche und Flur im Erdgeschoß, hinten links neben der Tür" * 2
INLET, OUTLET = Target(TargetKind.INLET, 1), Target(TargetKind.OUTLET, 1)
BRANCH, WARM = Target(TargetKind.BRANCH, 3), Target(TargetKind.SENSOR, 1)
DAMP = Target(TargetKind.SENSOR, 2)


def odd_limits() -> tuple[ThresholdSettings, ...]:
    """Fractions, numbers beyond the columns' ranges, and quantities without any limit."""
    return (
        ThresholdSettings(INLET, Quantity.CURRENT, 0.04, 0.3, 13.64, 700.0, 0.44),
        ThresholdSettings(INLET, Quantity.VOLTAGE, 207.04, None, 250.06, None, 0.07),
        ThresholdSettings(INLET, Quantity.ACTIVE_POWER, high_warning=3000.4, hysteresis=0.4),
        ThresholdSettings(INLET, Quantity.POWER_FACTOR, low_warning=0.854, hysteresis=0.004),
        ThresholdSettings(OUTLET, Quantity.CURRENT, low_warning=0.2, high_warning=7.51),
        ThresholdSettings(BRANCH, Quantity.CURRENT, high_warning=9.99, high_critical=300.0),
        ThresholdSettings(WARM, Quantity.TEMPERATURE, -45.2, -3.3, 26.3, 41.7, 1.3),
        ThresholdSettings(DAMP, Quantity.HUMIDITY, low_warning=20.4, hysteresis=2.6),
    )


class Unit:
    """Two outlets, a branch of 6.3 A, and a sensor of each kind the MIBs know."""

    def __init__(self, limits: tuple[ThresholdSettings, ...] = ()) -> None:
        kinds = ("TEMPERATURE", "HUMIDITY", "WATER", "CONTACT")
        self.bench = Workbench(
            outlets=2,
            device=DeviceSettings(name=LONG, location=LONG, sequence_interval_s=0.25),
            inlet=InletSettings(1, LONG, 16.5, 230.04),
            branches=(BranchSettings(3, LONG, rated_current_a=6.3),),
            sensors=tuple(
                SensorSettings(number, LONG, SensorKind[kind])
                for number, kind in enumerate(kinds, 1)
            ),
            thresholds=limits,
            name=LONG,
            branch=3,
            reboot_s=3,
        )
        core = self.bench.core
        modules = agent_modules(core.uptime_s, SnmpCounters(), mibs=("sentry3", "sentry4"))
        self.view = MibView(modules)
        self.writer = MibWriter(self.view, core)
        told = [sentry3_module(), sentry4_module()]
        self._notifications = Notifications(told, core.uptime_s)
        self.bench.heard.drain()

    def scale(self, scale: TemperatureScale) -> None:
        self.bench.submit(ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, scale))

    def writable(self) -> list[tuple[Oid, Value]]:
        """Every instance that can be written, with what it reads as."""
        snapshot = self.bench.core.snapshot
        return [
            (place.oid + index, value)
            for place in self.view.tree.places
            if place.declared.to_command is not None and place.oid[:7] == ENTERPRISE
            for index, row in self.view.rows(place.group, snapshot).by_index.items()
            if (value := place.declared.read(row)) is not None
        ]

    def get(self, *suffix: int) -> object:
        """suffix: below 1718."""
        value = self.view.get((*ENTERPRISE, *suffix), self.bench.core.snapshot)
        assert isinstance(value, Value), f"{suffix}: {value}"
        return value.content

    def set(self, *varbinds: tuple[Oid, Value]) -> None:
        """Raises SetError."""
        plan = self.writer.plan(varbinds, self.bench.core.snapshot)
        self.writer.submit(plan, ACTOR)

    def told(self) -> list[Notification]:
        """What was to be sent since the last time."""
        snapshot = self.bench.core.snapshot
        return [
            sent
            for event in self.bench.heard.drain()
            for sent in self._notifications.of(event, snapshot)
        ]
