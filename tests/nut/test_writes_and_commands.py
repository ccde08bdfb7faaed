# SPDX-License-Identifier: Apache-2.0
"""Instant commands and writes: what they ask of the core, and what is refused, on the real core."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.access.grant import Rights
from pdu_agent.core.outage.settings import OutageSettings
from pdu_agent.core.settings import GroupSettings, ThresholdSettings
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureDevice,
    ConfigureGroup,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureSensor,
    DeviceSetting,
    GroupSetting,
    InletSetting,
    Limit,
    Lock,
    OutletSetting,
    PowerUp,
    Quantity,
    Reset,
    ResetMeters,
    SensorSetting,
    SetLimit,
    SetLock,
    StopUntilMains,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import (
    CommandError,
    InvalidValue,
    NotNow,
    NotPermitted,
    OutletLocked,
    UnknownTarget,
)
from pdu_agent.model.snapshot import OutletState
from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.nut.names.pdu_device import PduDevice
from pdu_agent.nut.settings import NutSettings
from tests.core.bench import Workbench
from tests.mib.unit import SENSOR, FakeController, furnished, unit, with_outlet
from tests.nut.nut_names import COMMAND

SOCKET = "/run/nut/openpdu-pdu"
GROUP_1 = Target(TargetKind.GROUP, 1)
OUTLET_2 = Target(TargetKind.OUTLET, 2)


def fake(**rights: Any) -> tuple[FakeController, PduDevice]:
    controller = FakeController(furnished(unit(2, sensors=[SENSOR])))
    controller.snapshot = replace(controller.snapshot, upses=())
    return controller, PduDevice(controller, NutSettings(**rights), SOCKET)


def on_core(rights: Rights = Rights.WRITE, **bench: Any) -> tuple[Workbench, PduDevice]:
    workbench = Workbench(4, **bench)
    return workbench, PduDevice(workbench.core, NutSettings(rights=rights), SOCKET)


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("outlet.2.load.on", None, SwitchOutlet(2, Action.ON)),
        ("outlet.2.load.off", None, SwitchOutlet(2, Action.OFF)),
        ("outlet.2.load.off", "", SwitchOutlet(2, Action.OFF)),
        ("outlet.2.load.cycle", None, SwitchOutlet(2, Action.REBOOT)),
        ("outlet.2.load.on.delay", "30", SwitchOutlet(2, Action.ON_DELAYED, 30.0)),
        ("outlet.2.load.off.delay", None, SwitchOutlet(2, Action.OFF_DELAYED)),
        ("outlet.2.load.cycle.delay", "2.5", SwitchOutlet(2, Action.REBOOT_DELAYED, 2.5)),
        ("outlet.2.shutdown.return", None, StopUntilMains(OUTLET_2)),
        ("outlet.2.shutdown.return", "60", StopUntilMains(OUTLET_2, 60.0)),
        ("outlet.2.shutdown.stop", None, SwitchOutlet(2, Action.CANCEL)),
        ("outlet.group.1.load.off", None, SwitchGroup(1, Action.OFF)),
        ("outlet.group.1.load.cycle.delay", "5", SwitchGroup(1, Action.REBOOT_DELAYED, 5.0)),
        ("outlet.group.1.shutdown.return", None, StopUntilMains(GROUP_1)),
        ("load.on", None, SwitchAll(Action.ON)),
        ("load.off", None, SwitchAll(Action.OFF)),
        ("load.off.delay", "9", SwitchAll(Action.OFF_DELAYED, 9.0)),
        ("shutdown.stop", None, SwitchAll(Action.CANCEL)),
        ("reset.input.minmax", None, ResetMeters(TargetKind.INLET, Reset.PEAK)),
    ],
)
def test_an_instant_command_asks_for_this(name: str, value: str | None, command: Command) -> None:
    controller, device = fake(rights=Rights.WRITE)
    assert name in device.commands()
    device.instruct(name, value)
    assert controller.submitted == [[command]]
    assert str(controller.actors[0]) == f"nut pdu from {SOCKET}"


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("outlet.2.desc", "web 1", ConfigureOutlet(2, OutletSetting.NAME, "web 1")),
        ("outlet.2.delay.shutdown", "30", ConfigureOutlet(2, OutletSetting.OFF_DELAY_S, 30)),
        ("outlet.2.delay.start", "0", ConfigureOutlet(2, OutletSetting.ON_DELAY_S, 0)),
        (
            "experimental.outlet.2.delay.reboot",
            "9",
            ConfigureOutlet(2, OutletSetting.REBOOT_S, 9),
        ),
        ("experimental.outlet.2.priority", "0", ConfigureOutlet(2, OutletSetting.PRIORITY, 0)),
        (
            "experimental.outlet.2.powerup",
            "off",
            ConfigureOutlet(2, OutletSetting.POWER_UP, PowerUp.OFF),
        ),
        (
            "outlet.2.current.high.warning",
            "8.25",
            SetLimit(OUTLET_2, Quantity.CURRENT, Limit.HIGH_WARNING, 8.25),
        ),
        (
            "outlet.2.current.high.critical",
            "",
            SetLimit(OUTLET_2, Quantity.CURRENT, Limit.HIGH_CRITICAL, None),
        ),
        (
            "ambient.temperature.low.warning",
            "-5",
            SetLimit(Target(TargetKind.SENSOR, 1), Quantity.TEMPERATURE, Limit.LOW_WARNING, -5.0),
        ),
        ("ambient.1.name", "in", ConfigureSensor(1, SensorSetting.NAME, "in")),
        ("device.contact", "", ConfigureDevice(DeviceSetting.CONTACT, "")),
        ("device.location", "Hall 3", ConfigureDevice(DeviceSetting.LOCATION, "Hall 3")),
        ("device.description", "rack-8", ConfigureDevice(DeviceSetting.NAME, "rack-8")),
        ("input.feed.desc", "A", ConfigureInlet(1, InletSetting.NAME, "A")),
        ("outlet.group.7.name", "g", ConfigureGroup(7, GroupSetting.NAME, "g")),
    ],
)
def test_a_write_asks_for_this(name: str, value: str, command: Command) -> None:
    controller, device = fake(rights=Rights.WRITE)
    assert device.variables()[name].writable
    device.write(name, value)
    assert controller.submitted == [[command]]


def test_commands_are_names_of_nut() -> None:
    _, device = fake(rights=Rights.WRITE)
    assert device.commands() == tuple(sorted(device.commands()))
    assert [name for name in device.commands() if COMMAND.fullmatch(name) is None] == []


def test_nothing_is_offered_without_rights_and_refused_all_the_same() -> None:
    controller, device = fake(rights=Rights.READ)
    assert device.commands() == ()
    for name in ("outlet.2.load.off", "outlet.group.1.load.off", "load.off", "reset.input.minmax"):
        with pytest.raises(NotPermitted):
            device.instruct(name, "what it does not take")
    for name in ("outlet.2.desc", "device.contact", "outlet.2.current.high.warning"):
        with pytest.raises(NotPermitted):
            device.write(name, "what it does not take" * 20)
    assert controller.submitted == []
    assert len(controller.refused) == 7
    assert controller.refused[0][0].startswith("outlet.2.load.off")


def test_rights_on_one_outlet_offer_its_commands_only() -> None:
    controller, device = fake(rights=Rights.READ, outlets={"2": Rights.SWITCH})
    assert all(name.startswith("outlet.2.") for name in device.commands())
    assert "outlet.2.load.off" in device.commands()
    with pytest.raises(NotPermitted):
        device.instruct("outlet.1.load.off", None)
    with pytest.raises(NotPermitted):
        device.instruct("load.on", None)
    assert controller.submitted == []


def test_everything_goes_off_at_once_only_for_who_may_write_everywhere() -> None:
    """A client shows such a command beside those of one outlet."""
    controller, device = fake(rights=Rights.SWITCH)
    offered = [name for name in device.commands() if name.startswith(("load.", "shutdown."))]
    assert offered == ["load.on", "load.on.delay", "shutdown.stop"]
    with pytest.raises(NotPermitted, match=r"load\.off: write is not granted everywhere"):
        device.instruct("load.off", None)
    assert controller.submitted == []


def test_an_outlet_without_a_relay_has_no_commands() -> None:
    controller, device = fake(rights=Rights.WRITE)
    controller.snapshot = with_outlet(controller.snapshot, 1, switched=False)
    assert not any(name.startswith("outlet.1.") for name in device.commands())
    with pytest.raises(UnknownTarget):
        device.instruct("outlet.1.load.off", None)


def test_an_outlet_that_appears_gets_its_commands() -> None:
    controller, device = fake(rights=Rights.WRITE)
    before = set(device.commands())
    controller.snapshot = unit(3)
    assert "outlet.3.load.on" in set(device.commands()) - before


@pytest.mark.parametrize(
    ("name", "value", "error", "text"),
    [
        ("outlet.9.load.on", None, UnknownTarget, "outlet.9.load.on"),
        ("outlet.2.load.explode", None, UnknownTarget, "no instant command"),
        ("beeper.enable", None, UnknownTarget, "beeper.enable"),
        ("outlet.2.load.off", "5", InvalidValue, "outlet.2.load.off.delay takes seconds"),
        ("outlet.2.load.off.delay", "-5", InvalidValue, "no number of seconds"),
        ("outlet.2.load.off.delay", "1e3", InvalidValue, "no number of seconds"),
        ("outlet.2.load.off.delay", "nan", InvalidValue, "no number of seconds"),
        ("outlet.2.load.off.delay", "9999", InvalidValue, "7200"),
        ("shutdown.stop", "x", InvalidValue, "takes no value"),
    ],
)
def test_what_makes_no_sense_is_refused_and_moves_nothing(
    name: str, value: str | None, error: type[CommandError], text: str
) -> None:
    bench, device = on_core()
    with pytest.raises(error, match=text):
        device.instruct(name, value)
    bench.run(5)
    assert bench.board.moves == []


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("outlet.2.desc", "x" * 33, InvalidValue),
        ("outlet.2.delay.start", "", InvalidValue),
        ("outlet.2.delay.start", "1.5", InvalidValue),
        ("outlet.2.delay.start", "7201", InvalidValue),
        ("outlet.2.delay.start", "-1", InvalidValue),
        ("experimental.outlet.2.powerup", "maybe", InvalidValue),
        ("outlet.2.current.high.warning", "warm", InvalidValue),
        ("outlet.2.current.high.warning", "inf", InvalidValue),
        ("outlet.2.current.low.warning", "12", NotNow),  # above high.warning
        ("outlet.2.status", "off", UnknownTarget),
        ("outlet.2.name", "x", UnknownTarget),
        ("outlet.2.switchable", "no", UnknownTarget),
        ("outlet.9.desc", "x", UnknownTarget),
        ("nonsense", "x", UnknownTarget),
        ("", "", UnknownTarget),
    ],
)
def test_a_write_that_makes_no_sense_is_refused_and_changes_nothing(
    name: str, value: str, error: type[CommandError]
) -> None:
    watched = ThresholdSettings(OUTLET_2, Quantity.CURRENT, high_warning=8.0)
    bench, device = on_core(thresholds=(watched,))
    before = bench.core.snapshot
    with pytest.raises(error):
        device.write(name, value)
    assert bench.core.snapshot.outlets == before.outlets
    assert bench.core.snapshot.thresholds == before.thresholds
    assert bench.core.snapshot.device == before.device


def test_outlets_go_off_and_on_as_told() -> None:
    bench, device = on_core(off_delay_s=3)
    device.instruct("outlet.2.load.off", None)
    bench.settle()
    assert bench.state(2) is OutletState.OFF
    device.instruct("outlet.2.load.on", None)
    bench.run(5)
    assert bench.state(2) is OutletState.ON
    device.instruct("outlet.3.shutdown.return", None)
    assert device.variables()["outlet.3.timer.shutdown"].value == "3"
    bench.run(4)
    assert bench.state(3) is OutletState.REBOOTING
    assert int(device.variables()["outlet.3.timer.start"].value) > 0
    bench.run(10)
    assert bench.state(3) is OutletState.ON


def test_a_shutdown_is_stopped_before_its_time() -> None:
    bench, device = on_core()
    device.instruct("outlet.2.load.off.delay", "30")
    bench.run(10)
    device.instruct("outlet.2.shutdown.stop", None)
    bench.run(60)
    assert bench.board.moves == []
    device.instruct("load.off.delay", "30")
    device.instruct("shutdown.stop", None)
    bench.run(60)
    assert bench.board.moves == []


def test_a_lock_is_respected() -> None:
    bench, device = on_core()
    bench.submit(SetLock(2, Lock.LOCKED_ON))
    with pytest.raises(OutletLocked):
        device.instruct("outlet.2.load.off", None)
    device.instruct("load.off", None)
    bench.run(10)
    assert [bench.state(n).value for n in range(1, 5)] == ["off", "on", "off", "off"]


@pytest.mark.parametrize("name", ["outlet.2.shutdown.return", "outlet.group.1.shutdown.return"])
def test_without_outages_nothing_is_asked_off_until_mains_is_back(name: str) -> None:
    """It would come on again on a battery that runs down, or not at all."""
    groups = (GroupSettings(1, outlets=(1, 2)),)
    bench, device = on_core(groups=groups)
    flags = frozenset({UpsFlag.ON_BATTERY})
    feeding = Ups(1, "rack", "", "", "", flags, {}, None, 5.0, inlets=(1,))
    bench.core.on_upses((feeding,))
    with pytest.raises(NotNow, match=r"UPS rack is on battery.* not enabled"):
        device.instruct(name, None)
    bench.run(20)
    assert bench.board.moves == []
    bench.core.on_upses((replace(feeding, inlets=()),))
    device.instruct(name, None)
    bench.run(20)
    assert bench.board.moves != []


def test_with_outages_it_is_off_until_mains_is_back_and_audited() -> None:
    bench, device = on_core(outage=OutageSettings(enabled=True))
    flags = frozenset({UpsFlag.ON_BATTERY})
    feeding = Ups(1, "rack", "", "", "", flags, {}, None, 5.0, inlets=(1,))
    bench.core.on_upses((feeding,))
    device.instruct("outlet.2.shutdown.return", "2")
    bench.run(600)
    assert bench.board.relays == [True, False, True, True]
    first = bench.audited[0]
    assert first.actor.face == "nut"
    assert first.asked == "outlet 2 off until mains is there in 2 s"
    bench.core.on_upses((replace(feeding, flags=frozenset({UpsFlag.ON_LINE})),))
    bench.run(70)
    assert bench.board.relays == [True] * 4


def test_names_are_known_in_any_case_as_upsd_hands_them_on() -> None:
    controller, device = fake(rights=Rights.WRITE)
    row = replace(
        controller.snapshot.thresholds[0],
        target=Target(TargetKind.LINE, 1),
        quantity=Quantity.CURRENT,
    )
    controller.snapshot = replace(controller.snapshot, thresholds=(row,))
    assert "input.L1.current.high.warning" in device.variables()
    for name in ("input.L1.current.high.warning", "input.l1.current.high.warning"):
        device.write(name, "7")
    wanted = SetLimit(Target(TargetKind.LINE, 1), Quantity.CURRENT, Limit.HIGH_WARNING, 7.0)
    assert controller.submitted == [[wanted], [wanted]]


def test_limits_are_written_watched_and_not_watched_any_more() -> None:
    watched = ThresholdSettings(OUTLET_2, Quantity.CURRENT, high_warning=8.0)
    _, device = on_core(thresholds=(watched,))
    device.write("outlet.2.current.high.critical", "9.5")
    told = device.variables()
    assert told["outlet.2.current.high.critical"].value == "9.50"
    device.write("outlet.2.current.high.critical", "")
    assert device.variables()["outlet.2.current.high.critical"].value == ""


def test_a_name_that_is_written_is_told_everywhere() -> None:
    bench, device = on_core()
    device.write("outlet.2.desc", "web server")
    told = device.variables()
    assert told["outlet.2.desc"].value == told["outlet.2.name"].value == "web server"
    assert bench.outlet(2).name == "web server"


_WORDS = st.sampled_from(
    [
        "outlet",
        "group",
        "1",
        "2",
        "9",
        "0",
        "-1",
        "load",
        "on",
        "off",
        "cycle",
        "delay",
        "desc",
        "shutdown",
        "return",
        "stop",
        "current",
        "high",
        "warning",
        "experimental",
        "start",
        "priority",
        "powerup",
        "device",
        "contact",
        "input",
        "feed",
        "reset",
        "minmax",
    ]
)
_NAMES = st.lists(_WORDS, max_size=6).map(".".join) | st.text(max_size=40)
_VALUES = st.none() | st.text(max_size=60) | st.integers().map(str) | st.floats().map(str)


@settings(max_examples=80)
@given(rights=st.sampled_from(Rights), data=st.data())
def test_whatever_is_asked_is_done_or_refused_and_a_refusal_does_nothing(
    rights: Rights, data: st.DataObject
) -> None:
    bench, device = on_core(rights)
    known = [*device.commands(), *device.variables()]
    names = _NAMES | st.sampled_from(known) if known else _NAMES
    for _ in range(6):
        name, value = data.draw(names), data.draw(_VALUES)
        before = bench.core.snapshot.outlets, list(bench.board.moves), bench.core.snapshot.device
        try:
            if data.draw(st.booleans()):
                device.instruct(name, value)
            else:
                device.write(name, value or "")
        except CommandError:
            bench.settle()
            now = bench.core.snapshot.outlets, bench.board.moves, bench.core.snapshot.device
            assert now == before
        bench.settle()
