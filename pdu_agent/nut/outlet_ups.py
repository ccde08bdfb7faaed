# SPDX-License-Identifier: Apache-2.0
"""One outlet as a UPS of its own, which the upsmon of the server behind it watches.

NUT knows one word that makes every upsmon shut down at once, a secondary too: FSD (upsmon(8);
the same from 2.7.4 to 2.8.5). OB and LB beside it are for clients that know no FSD. The word is
shown from the beginning of the outlet's shutdown, and is taken back when the outlet stays on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.core.outage.supplies import Supply, supplies_of
from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.snapshot import Outlet, Snapshot
from pdu_agent.nut.device import Variable
from pdu_agent.nut.names.measured import MEASURED, is_current
from pdu_agent.nut.names.row import number, shown
from pdu_agent.nut.names.unit_rows import MANUFACTURER
from pdu_agent.nut.settings import OF_OUTLET

SHUT_DOWN = "FSD OB LB"
OFF = "FSD OFF"
"""An outlet that is off feeds nobody: with FSD every upsmon that counts supplies (MINSUPPLIES)
leaves it out, with OFF alone only one of NUT 2.8.1 or later, after OFFDURATION."""
ON_LINE, ON_BATTERY = "OL", "OB"


def device_name(outlet: int) -> str:
    """Of its section in ups.conf."""
    return OF_OUTLET.format(outlet)


class OutletUps:
    """A NutDevice without commands, and with nothing to write. It never says LB of its own: what
    is to be shut down in an outage, and when, is the unit's to say.

    grant: without the right to read the outlet only its status is told. driver: as in ups.conf.
    """

    def __init__(self, controller: Controller, outlet: int, driver: str, grant: Grant) -> None:
        self._controller = controller
        self._outlet = outlet
        self._driver = driver
        self._may_read = grant.allows(Rights.READ, outlet)
        self.name = device_name(outlet)

    def variables(self) -> Mapping[str, Variable] | None:
        snapshot = self._controller.snapshot
        outlet = next((row for row in snapshot.outlets if row.index == self._outlet), None)
        if outlet is None:
            return None
        supply = _supply(snapshot, outlet)
        status = status_of(outlet, supply)
        if status is None:
            return None
        told = dict(self._about(snapshot, outlet))
        told["ups.status"] = status
        if self._may_read:
            told.update(_battery(supply))
            told.update(_measured(outlet))
        return {name: Variable(text) for name, text in told.items() if text}

    def commands(self) -> tuple[str, ...]:
        return ()

    def instruct(self, command: str, value: str | None) -> None:
        asked = command if value is None else f"{command} {value}"
        raise InvalidValue(f"{self.name} has no instant commands: {asked!r}")

    def write(self, variable: str, value: str) -> None:
        raise InvalidValue(f"nothing of {self.name} can be written: {variable} = {value!r}")

    def _about(self, snapshot: Snapshot, outlet: Outlet) -> Iterator[tuple[str, str | None]]:
        version = shown(snapshot.device.software_version)
        yield "device.type", "ups"
        yield "device.mfr", MANUFACTURER
        yield "ups.mfr", MANUFACTURER
        yield "driver.name", self._driver
        yield "driver.version", version
        yield "driver.version.internal", version
        if self._may_read:
            for prefix in ("device", "ups"):
                yield f"{prefix}.model", shown(snapshot.device.model)
                yield f"{prefix}.serial", shown(snapshot.device.serial_number)
            yield "device.description", shown(f"{snapshot.device.name}, {outlet.name}")
            yield "ups.id", str(outlet.index)


def status_of(outlet: Outlet, supply: Supply | None) -> str | None:
    """ups.status. None while nobody knows whether the outlet is on."""
    is_cut_next = outlet.is_on is False and outlet.relay_closed is not False
    if outlet.is_shutting_down or is_cut_next:
        return SHUT_DOWN
    if outlet.is_on is None:
        return None
    if not outlet.is_on:
        return OFF
    return ON_BATTERY if supply is not None and supply.is_on_battery else ON_LINE


def _supply(snapshot: Snapshot, outlet: Outlet) -> Supply | None:
    supplies = supplies_of(snapshot.upses).values()
    return next((supply for supply in supplies if outlet.inlet in supply.inlets), None)


def _battery(supply: Supply | None) -> Iterator[tuple[str, str | None]]:
    """So that the server can decide itself; nothing where the UPS cannot be asked."""
    if supply is None:
        return
    yield "battery.charge", number(supply.charge_pct, 0)
    runtimes = [ups.runtime_s for ups in supply.reachable if ups.runtime_s is not None]
    yield "battery.runtime", number(min(runtimes, default=None), 0)
    if len(supply.reachable) == 1:
        yield "battery.charge.low", number(supply.reachable[0].low_charge_pct, 0)
        yield "battery.runtime.low", number(supply.reachable[0].low_runtime_s, 0)


def _measured(outlet: Outlet) -> Iterator[tuple[str, str | None]]:
    is_on = outlet.is_on
    yield "outlet.id", str(outlet.index)
    yield "outlet.desc", shown(outlet.name)
    yield "outlet.status", None if is_on is None else ("on" if is_on else "off")
    if is_current(outlet.meter):
        for row in MEASURED:
            yield f"outlet.{row.name}", row.read((outlet.index, outlet.meter))
