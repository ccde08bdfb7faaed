# SPDX-License-Identifier: Apache-2.0
"""Everything the doctor looks at for one configuration, in the order in which things depend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.wiring import SampledWiring
from pdu_agent.app.doctor import host, nodes
from pdu_agent.app.doctor.chips import ExpectedChip, check_chips, in_use, tell_in_use
from pdu_agent.app.doctor.finding import Finding, note, ok, problem
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.app.doctor.nut import check_nut
from pdu_agent.app.doctor.upses import ReadUps, check_upses, read_ups
from pdu_agent.app.host_probes import ping_trouble, system_means
from pdu_agent.hw import registry
from pdu_agent.hw.sim.connections import is_simulated
from pdu_agent.hw.site import Connections
from pdu_agent.model.errors import ConfigError, HardwareError


@dataclass(frozen=True, slots=True)
class Device:
    """One configured device. place: the bus, line or chip that it hangs on."""

    subject: str
    kind: registry.Kind
    driver: str
    place: str
    options: Any


def devices(settings: AgentSettings) -> Iterator[Device]:
    for relays in settings.relays:
        yield Device(f"relays {relays.name}", "relays", relays.driver, relays.bus, relays.options)
    for meter in settings.meters:
        sampled = isinstance(meter.wiring, SampledWiring)
        place = meter.wiring.bus if isinstance(meter.wiring, SampledWiring) else ""
        device = Device(f"meter {meter.name}", "meters", meter.driver, place, meter.options)
        yield device if sampled else _placed(device)
    for sensor in settings.sensors:
        name = f"sensor {sensor.number}"
        yield _placed(Device(name, "sensors", sensor.driver, "", sensor.options))
    for fan in settings.fans:
        yield _placed(Device(f"fan {fan.number}", "fans", fan.driver, "", fan.options))
    for board in settings.io:
        yield _placed(Device(f"io {board.name}", "io", board.driver, "", board.options))
    for display in settings.displays:
        name = f"display {display.name}"
        yield _placed(Device(name, "displays", display.driver, "", display.options))


def _placed(device: Device) -> Device:
    """The device where its own settings say that it hangs. `chip` may also be the kernel's name
    of a sensor, which is no place.
    """
    for name in ("bus", "port", "chip", "path"):
        place = getattr(device.options, name, "")
        is_place = isinstance(place, str) and (place.startswith("/") or "://" in place)
        if is_place or is_simulated(str(place)):
            return replace(device, place=place)
    return device


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the examination works on. wall_s: seconds since 1970. agent: the process that runs this
    configuration already, if one does. agents: that one and others of this board.
    """

    machine: Machine
    connections: Connections
    wall_s: float
    agent: int | None = None
    agents: frozenset[int] = frozenset()
    bind: host.Bind = host.bind
    ping_trouble: Callable[[], str] = lambda: ping_trouble(system_means())
    read_ups: ReadUps = read_ups


def examine(settings: AgentSettings, around: Surroundings) -> Iterator[Finding]:
    """Looks only: no relay moves, and nothing is written but what asks a chip for its identity."""
    machine = around.machine
    yield from host.check_clock(machine, around.wall_s)
    yield from host.check_disk(machine, settings.state_dir)
    yield from host.check_supply(machine)
    if around.agent is not None:
        yield ok("agent", f"runs as process {around.agent}, and has its ports")
    else:
        yield from host.check_ports(machine, settings, around.bind)
    yield from _hosts(settings, around.ping_trouble)
    yield from check_nut(machine, settings.nut)
    yield from check_upses(settings.upses, around.read_ups)
    found = list(devices(settings))
    real = [device for device in found if not is_simulated(device.place)]
    if len(real) < len(found):
        yield note(
            "simulator",
            "part of the hardware is simulated: it switches and measures nothing",
            "name real buses in place of sim",
        )
    for device in real:
        yield from _library(device)
    for place, there in _by_place(real).items():
        yield from _place(around, place, there)


def _hosts(settings: AgentSettings, trouble_of_ping: Callable[[], str]) -> Iterator[Finding]:
    """Whoever runs the doctor should be who runs the agent: the kernel goes by the group."""
    if any(each.probe == "ping" for each in settings.hosts):
        trouble = trouble_of_ping()
        if trouble:
            yield problem("hosts", "ping cannot be asked from here", trouble)
        else:
            yield ok("hosts", "can be asked by ping")


def _by_place(found: list[Device]) -> dict[str, list[Device]]:
    places: dict[str, list[Device]] = {}
    for device in found:
        if device.place and "://" not in device.place:
            places.setdefault(device.place, []).append(device)
    return places


def _place(around: Surroundings, place: str, found: list[Device]) -> Iterator[Finding]:
    machine = around.machine
    subject = ", ".join(dict.fromkeys(device.subject for device in found))
    name = place.rsplit("/", 1)[-1]
    if not place.startswith("/dev/"):
        yield from nodes.check_file(machine, subject, place)
    elif name.startswith("i2c-"):
        yield from nodes.check_i2c(machine, subject, place)
        if machine.exists(place):
            yield from _chips(around, place, found)
    elif name.startswith("spidev"):
        yield from nodes.check_spi(machine, subject, place)
    elif name.startswith("gpiochip"):
        yield from nodes.check_gpio(machine, subject, place)
    elif name.startswith("iio:"):
        yield from nodes.check_iio(machine, subject, place)
    else:
        yield from nodes.check_serial(machine, subject, place, _parity(found), around.agents)


def _parity(found: list[Device]) -> str:
    """What the devices on a line want, where they want any."""
    for device in found:
        with suppress(ConfigError):  # a register map that cannot be read is the checker's affair
            parity = str(getattr(device.options, "line_parity", "none"))
            if parity != "none":
                return parity
    return "none"


def _chips(around: Surroundings, place: str, found: list[Device]) -> Iterator[Finding]:
    users = in_use(around.machine, place, around.agents)
    if users:
        yield tell_in_use(around.machine, place, users)
        return
    expected = {
        ExpectedChip(device.subject, device.driver, address): None
        for device in found
        if (address := getattr(device.options, "address", None)) is not None
    }
    try:
        bus = around.connections.i2c(place)
    except HardwareError as exc:
        if around.machine.may_use(around.machine.at(place)):
            yield problem(place, str(exc), "run the doctor as root to see more")
        return  # else why it cannot be opened was told for the node
    try:
        yield from check_chips(around.machine, place, bus, expected)
    finally:
        bus.close()


def _library(device: Device) -> Iterator[Finding]:
    try:
        registry.driver_class(device.kind, device.driver)
    except ConfigError as exc:
        yield problem(device.subject, str(exc), "install the package that it is in")
