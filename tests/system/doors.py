# SPDX-License-Identifier: Apache-2.0
"""Doors by which people learn of outlets: SNMP, API, pages, NUT; each answer in one form."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from typing import Any

from pdu_agent.nut.face import PERIOD_S
from tests.nut.upsd import Upsd
from tests.system.demo_process import BASE, STATE, Demo
from tests.system.snmp_client import SnmpClient, name

POWER, CURRENT, ENERGY = "active_power_w", "current_a", "energy_wh"
QUANTITIES = (POWER, CURRENT, ENERGY)
_COLUMNS = (STATE, f"{BASE}.1.3.2.1.3", f"{BASE}.1.3.2.1.2", f"{BASE}.1.3.2.1.8")
"""Of OPENPDU-MIB: state, and in thousandths power, current and energy."""
_SNMP_STATES = {1: True, 2: False}
_STATES = {"on": True, "off": False}


@dataclass(frozen=True)
class Told:
    """Of one outlet. is_on: None while it is on its way. values: by the names of the API; None
    for what is missing.
    """

    is_on: bool | None
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class Door:
    """read(outlet): what it tells of this outlet, and of others where it tells of all at once.

    errors: by how much a value may differ from that of the API, for it has fewer digits.
    late_s: what it told so long ago it may tell still. foretells: it knows only on and off, and
    shows the outcome of an order that is still on its way.
    """

    read: Callable[[int], dict[int, Told]]
    errors: Mapping[str, float]
    late_s: float = 0.0
    foretells: bool = False


def _errors(power_w: float, current_a: float, energy_wh: float) -> dict[str, float]:
    """Of values with such a last digit. The API rounds as well, to four places."""
    digits = zip(QUANTITIES, (power_w, current_a, energy_wh), strict=True)
    return {quantity: 0.5 * digit + 1e-4 for quantity, digit in digits}


@contextmanager
def doors(demo: Demo, outlets: int, server: Upsd | None) -> Iterator[dict[str, Door]]:
    """By name. server: the upsd whose device "pdu" the demo is; none: without NUT."""
    with ExitStack() as opened:
        snmp = opened.enter_context(closing(SnmpClient(demo.snmp_port)))
        page = opened.enter_context(closing(Browser(demo.http_port)))
        exact = _errors(0.0, 0.0, 0.0)
        found = {
            "SNMP": Door(partial(_by_snmp, snmp, outlets), _errors(0.001, 0.001, 0.0)),
            "API list": Door(partial(_by_list, demo), exact),
            "API outlet": Door(partial(_by_row, demo), exact),
            "API readings": Door(lambda _: readings(demo)[1], exact),
            # Pages round watt-hours, the API rounds them down.
            "page of outlets": Door(lambda _: page.outlets("/outlets"), _errors(0.1, 0.001, 12)),
            "page of an outlet": Door(
                lambda n: page.outlets(f"/outlets/{n}"), _errors(0.1, 0.001, 3)
            ),
        }
        if server is not None:
            upsd = opened.enter_context(closing(UpsdClient(server.address)))
            # Numbers are told to upsd once in PERIOD_S, and it tells them when it comes to it.
            nut = partial(Door, errors=_errors(0.1, 0.01, 0.0), late_s=2 * PERIOD_S, foretells=True)
            found |= {
                "NUT list": nut(lambda _: _of_variables(upsd.list_variables("pdu"))),
                "NUT get": nut(lambda n: _of_variables(upsd.outlet("pdu", n))),
                "upsc": nut(lambda _: _of_variables(_upsc(server))),
            }
        yield found


def _by_snmp(client: SnmpClient, outlets: int, _: int) -> dict[int, Told]:
    """One GET for all of it."""
    numbers = range(1, outlets + 1)
    values = client.get(*(name(column, n) for n in numbers for column in _COLUMNS), timeout_s=5.0)
    assert values is not None, "no answer to an SNMP GET"
    told = {}
    for number, row in zip(numbers, zip(*[iter(values)] * len(_COLUMNS), strict=True), strict=True):
        assert all(isinstance(value, int) for value in row), row
        state, power, current, energy = row
        measured = (power / 1000, current / 1000, float(energy // 1000))
        told[number] = Told(_SNMP_STATES.get(state), dict(zip(QUANTITIES, measured, strict=True)))
    return told


def _by_list(demo: Demo, _: int) -> dict[int, Told]:
    return {row["number"]: _of_api(row, row["meter"]) for row in demo.outlets()}


def _by_row(demo: Demo, outlet: int) -> dict[int, Told]:
    row = demo.api("GET", f"/outlets/{outlet}")[1]
    return {outlet: _of_api(row, row["meter"])}


def readings(demo: Demo) -> tuple[str, dict[int, Told]]:
    """When they were sampled, and what they are."""
    told = demo.api("GET", "/readings")[1]
    return told["sampled_at"], {row["number"]: _of_api(row, row) for row in told["outlets"]}


def _of_api(row: Mapping[str, Any], values: Mapping[str, Any]) -> Told:
    return Told(_STATES.get(row["state"]), {each: values[each] for each in QUANTITIES})


class Browser:
    """Somebody who has logged in and reads pages. Their scripts are not run."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        who = json.dumps({"name": "viewer", "password": "viewer-auth-pass"})
        self._connection.request(
            "POST", "/api/v1/session", who, {"Content-Type": "application/json"}
        )
        answer = self._connection.getresponse()
        words = answer.read()
        assert answer.status == 200, words
        self._cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]

    def close(self) -> None:
        self._connection.close()

    def outlets(self, path: str) -> dict[int, Told]:
        """Those that the page shows."""
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        text = answer.read().decode("utf-8")
        assert answer.status == 200, text
        shown = _Shown()
        shown.feed(text)
        numbers = {int(key.split(":")[1]) for key in shown.states}
        assert numbers, text
        return {number: shown.outlet(number) for number in numbers}


class _Shown(HTMLParser):
    """What stands in the elements that the page's scripts would go on to renew."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, str] = {}
        self.values: dict[str, float] = {}
        self._attributes: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes = dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        self._attributes = {}

    def handle_data(self, data: str) -> None:
        state, value = (self._attributes.get(key) for key in ("data-live-state", "data-live"))
        if state is not None:
            self.states[state] = data
        elif value is not None and re.fullmatch(r"-?[0-9.]+", data):
            self.values[value] = float(data) / float(self._attributes.get("data-scale") or 1)

    def outlet(self, number: int) -> Told:
        key = f"outlet:{number}"
        values = {each: self.values.get(f"{key}:{each}") for each in QUANTITIES}
        return Told(_STATES.get(self.states[key]), values)


class UpsdClient:
    """NUT's network protocol over one connection, as RFC 9271 has it."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=10)
        self._lines = self._socket.makefile("r", encoding="utf-8", newline="\n")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def list_variables(self, ups: str) -> dict[str, str]:
        """LIST VAR."""
        assert self._asked(f"LIST VAR {ups}") == f"BEGIN LIST VAR {ups}"
        found: dict[str, str] = {}
        while (line := self._line()) != f"END LIST VAR {ups}":
            found |= self._value(ups, line)
        return found

    def outlet(self, ups: str, number: int) -> dict[str, str]:
        """GET VAR of each that stands for a Told."""
        found: dict[str, str] = {}
        for variable in _variables_of(number):
            found |= self._value(ups, self._asked(f"GET VAR {ups} {variable}"))
        return found

    def _value(self, ups: str, line: str) -> dict[str, str]:
        match = re.fullmatch(rf'VAR {ups} (\S+) "(.*)"', line)
        assert match is not None, line
        return {match[1]: match[2]}

    def _asked(self, words: str) -> str:
        self._socket.sendall(f"{words}\n".encode())
        return self._line()

    def _line(self) -> str:
        return self._lines.readline().rstrip("\n")


def _upsc(server: Upsd) -> dict[str, str]:
    return server.variables("pdu")


def _variables_of(number: int) -> tuple[str, str, str, str]:
    """State and QUANTITIES."""
    outlet = f"outlet.{number}"
    return (
        f"{outlet}.status",
        f"{outlet}.realpower",
        f"{outlet}.current",
        f"experimental.{outlet}.energy",
    )


def _of_variables(variables: Mapping[str, str]) -> dict[int, Told]:
    told = {}
    for found in (re.fullmatch(r"outlet\.(\d+)\.status", each) for each in variables):
        if found is not None:
            state, *values = (variables[each] for each in _variables_of(int(found[1])))
            told[int(found[1])] = Told(
                _STATES[state], dict(zip(QUANTITIES, map(float, values), strict=True))
            )
    assert told, variables
    return told
