# SPDX-License-Identifier: Apache-2.0
"""`openpdu demo --furnished`: the demo as a unit that somebody has lived with for a year.

Names, groups, plans, rules, a cap, limits, prices and a UPS, so that no page is empty. Its hooks
touch nothing but the simulated machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pdu_agent.app.config.hooks import CommandHook, HookEntry
from pdu_agent.app.config.schema import AgentSettings, PlanEntry, SensorEntry
from pdu_agent.core.calendar.settings import SunEvent
from pdu_agent.core.costs.money import parse_price
from pdu_agent.core.costs.settings import PriceList, PriceSettings
from pdu_agent.core.metered.tariffs import ClockTime, TariffSettings, Weekday
from pdu_agent.core.outage.settings import LowSettings, OutageSettings, ReturnSettings, ShedStep
from pdu_agent.core.plans.settings import PlanWhen
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.rules.settings import (
    ActionSettings,
    MissingSettings,
    RuleSettings,
    TriggerSettings,
)
from pdu_agent.core.settings import GroupSettings, OutletSettings, ThresholdSettings
from pdu_agent.core.shutdown.settings import GracefulSettings
from pdu_agent.hw.hwmon import HwmonSettings
from pdu_agent.hw.sht import Sht4xSettings
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.snapshot import SensorKind
from pdu_agent.model.terms import PowerUp
from pdu_agent.nut.settings import SIMULATED, UpsSettings

NAMES = ("Router", "Server", "NAS", "Backup NAS", "Lamp", "Aquarium heater", "Printer", "Kettle")
PRIORITIES = (1, 2, 2, 3, 5, 4, 6, 7)
GRACEFUL_LIMITS_S = {3: 60.0, 4: 3.0}
"""Of the machine that shuts down, and of the one that hangs: nobody waits long to see it."""
NOTE = "note"
OFFICE, STORAGE = 1, 2
LAMP, HEATER = 5, 6
AQUARIUM, BOARD = Target(TargetKind.SENSOR, 1), Target(TargetKind.SENSOR, 2)
_WORKDAYS = tuple(Weekday)[:5]


def furnished(settings: AgentSettings) -> AgentSettings:
    """settings: of the plain demo, with as many outlets as there are names, or more.

    Where its script has brought UPSes of its own, these are what there is.
    """
    hooks = (*settings.hooks, _note())
    return replace(
        settings,
        device=replace(
            settings.device,
            name="homelab",
            time_zone="Europe/Berlin",
            latitude=52.5,
            longitude=13.4,
        ),
        outlets=tuple(map(_furnished_outlet, settings.outlets)),
        groups=(
            GroupSettings(OFFICE, "Office", (7, 8)),
            GroupSettings(STORAGE, "Storage", (3, 4), gap_s=2.0),
        ),
        sensors=tuple(_sensors()),
        thresholds=tuple(_thresholds()),
        caps=(CapSettings(1, "Socket in the wall", limit_w=2000.0, restore_after_s=2.0),),
        upses=settings.upses or (UpsSettings("rack", SIMULATED, inlets=(1,), poll_s=1.0),),
        outage=_outage(),
        tariffs=(TariffSettings("night", ClockTime(22 * 60), ClockTime(6 * 60)),),
        prices=PriceList(_prices()),
        plans=tuple(_plans()),
        rules=(_heater(), _battery()),
        hooks=hooks,
    )


def _furnished_outlet(outlet: OutletSettings) -> OutletSettings:
    """Beyond the names an outlet stays as it is."""
    if outlet.number > len(NAMES):
        return outlet
    graceful = outlet.graceful
    limit_s = GRACEFUL_LIMITS_S.get(outlet.number)
    if graceful is not None and limit_s is not None:
        graceful = GracefulSettings(idle_below_w=5.0, idle_for_s=1.0, time_limit_s=limit_s)
    return replace(
        outlet,
        name=NAMES[outlet.number - 1],
        device="",
        priority=PRIORITIES[outlet.number - 1],
        power_up=PowerUp.ON,
        after_off=NOTE if outlet.number == HEATER else "",
        graceful=graceful,
    )


def _note() -> HookEntry:
    """Stands for a message to somebody, and does nothing."""
    return HookEntry(name=NOTE, kind="command", options=CommandHook(("/bin/true",)))


def _sensors() -> Iterator[SensorEntry]:
    yield SensorEntry(
        number=AQUARIUM.index,
        name="Aquarium",
        stale_after_s=3.0,
        driver="hwmon",
        options=HwmonSettings("sim", interval_s=1.0),
    )
    yield SensorEntry(
        number=BOARD.index, name="Board", driver="hwmon", options=HwmonSettings("sim")
    )
    for number, kind in ((3, SensorKind.TEMPERATURE), (4, SensorKind.HUMIDITY)):
        yield SensorEntry(
            number=number, name="Rack", kind=kind, driver="sht4x", options=Sht4xSettings("sim")
        )


def _thresholds() -> Iterator[ThresholdSettings]:
    inlet, server = Target(TargetKind.INLET, 1), Target(TargetKind.OUTLET, 2)
    yield ThresholdSettings(inlet, Quantity.CURRENT, high_warning=12.8, high_critical=16.0)
    yield ThresholdSettings(
        inlet, Quantity.VOLTAGE, low_warning=207.0, high_warning=253.0, hysteresis=2.0
    )
    yield ThresholdSettings(server, Quantity.ACTIVE_POWER, high_warning=250.0, delay_s=5.0)
    yield ThresholdSettings(BOARD, Quantity.TEMPERATURE, high_warning=60.0, high_critical=75.0)
    yield ThresholdSettings(
        Target(TargetKind.SENSOR, 4), Quantity.HUMIDITY, high_warning=80.0, hysteresis=5.0
    )


def _outage() -> OutageSettings:
    return OutageSettings(
        enabled=True,
        shed=(
            ShedStep(after_s=20.0, priority=5),
            ShedStep(charge_pct=50.0, groups=(STORAGE,)),
        ),
        low=LowSettings(stage_s=10.0, keep=(1,)),
        back=ReturnSettings(after_s=15.0, gap_s=2.0),
    )


def _prices() -> PriceSettings:
    bands = {"standard": parse_price("0.32"), "night": parse_price("0.21")}
    return PriceSettings(currency="EUR", bands=bands)


def _plans() -> Iterator[PlanEntry]:
    yield PlanEntry(
        name="lamp-on",
        outlets=(LAMP,),
        action="on",
        when=PlanWhen(sun=SunEvent.SUNSET, offset_s=-900, days=tuple(Weekday)[:6]),
    )
    yield PlanEntry(
        name="lamp-off",
        outlets=(LAMP,),
        action="off",
        when=PlanWhen(at=(ClockTime(23 * 60),), random_s=1200),
    )
    yield PlanEntry(
        name="office-on",
        group=OFFICE,
        action="on",
        when=PlanWhen(at=(ClockTime(7 * 60 + 30),), days=_WORKDAYS),
    )
    yield PlanEntry(
        name="office-night",
        enabled=False,
        group=OFFICE,
        action="off",
        when=PlanWhen(at=(ClockTime(1 * 60 + 30),)),
    )
    yield PlanEntry(name="backup-note", hook=NOTE, when=PlanWhen(at=(ClockTime(2 * 60),)))


def _heater() -> RuleSettings:
    off = (ActionSettings(switch="off", outlets=(HEATER,)),)
    return RuleSettings(
        name="heater",
        when=TriggerSettings(target=AQUARIUM, below=24.5, hysteresis=1.0),
        then=(ActionSettings(switch="on", outlets=(HEATER,)),),
        otherwise=off,
        on_missing=MissingSettings(after_s=2.0, then=off),
    )


def _battery() -> RuleSettings:
    return RuleSettings(
        name="on battery",
        when=TriggerSettings(ups="any", flag="on_battery"),
        then=(
            ActionSettings(alarm="warning", text="The rack runs on battery"),
            ActionSettings(hook=NOTE),
        ),
    )
