# SPDX-License-Identifier: Apache-2.0
"""`openpdu status`: the whole unit at a glance."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import (
    Parsers,
    add_client_command,
    agent_of,
    one_outlet,
    stdout_style,
)
from pdu_agent.app.terminal import (
    MISSING,
    Style,
    TableColumn,
    countdown,
    fixed,
    kilowatt_hours,
    local_time,
    printable,
    table,
)

COLUMNS = (
    TableColumn("#", right=True),
    TableColumn("Name", elastic=True),
    TableColumn("State"),
    TableColumn("V", right=True),
    TableColumn("A", right=True),
    TableColumn("W", right=True),
    TableColumn("PF", right=True),
    TableColumn("kWh", right=True),
    TableColumn("Device", elastic=True),
)
STATE_COLUMN = 2

COLOUR_OF_STATE = {
    "on": "green",
    "off": "dim",
    "on pending": "yellow",
    "off pending": "yellow",
    "rebooting": "yellow",
    "fault": "red",
    "unknown": "red",
}
WORD_OF_FAULT = {"welded": "WELDED", "fuse": "NO VOLTAGE"}
COLOUR_OF_SEVERITY = {"critical": "red", "warning": "yellow"}


def add_parsers(parsers: Parsers) -> None:
    parser = add_client_command(
        parsers, "status", _run, "show outlets, inlets, branches and alarms", "openpdu status"
    )
    parser.add_argument(
        "outlet", nargs="?", type=one_outlet, metavar="N", help="only this outlet, and its proof"
    )


def _run(arguments: argparse.Namespace) -> int:
    if arguments.outlet is not None:
        return _run_for_one(arguments)
    status = agent_of(arguments).get("status")
    if arguments.json:
        print(json.dumps(status, indent=2))
    else:
        print("\n".join(lines(status, stdout_style())))
    return exits.OK


def _run_for_one(arguments: argparse.Namespace) -> int:
    outlet = agent_of(arguments).get(f"outlets/{arguments.outlet}")
    if arguments.json:
        print(json.dumps(outlet, indent=2))
        return exits.OK
    style = stdout_style()
    rows = table(COLUMNS, [_cells(outlet, style)], [_colours(outlet)], style)
    print("\n".join([*rows, *_stopping([outlet]), *proof_lines(outlet["last_proof"])]))
    return exits.OK


def _stopping(outlets: Sequence[Mapping[str, Any]]) -> list[str]:
    """What those wait for that are shut down, or prepared to go on."""
    return [
        f"Outlet {outlet['number']}: {printable(outlet['stopping'])}"
        for outlet in outlets
        if outlet["stopping"]
    ]


def proof_lines(proof: Mapping[str, Any] | None) -> list[str]:
    """What shows that the relay did as it was last told: nothing until it has moved."""
    if proof is None:
        return []
    relay = {True: "closed", False: "open", None: MISSING}[proof["relay_closed"]]
    return [
        f"Switched {proof['ordered']} at {local_time(proof['moved_at'])}: {proof['verdict']}"
        f"  relay reads {relay}"
        f"  {fixed(proof['current_before_a'], 2)} -> {fixed(proof['current_after_a'], 2)} A"
        f"  {fixed(proof['power_before_w'], 1)} -> {fixed(proof['power_after_w'], 1)} W"
    ]


def lines(status: Mapping[str, Any], style: Style) -> list[str]:
    """What `status` prints: heading, outlets, inlets, lines, branches, alarms."""
    outlets = status["outlets"]
    colours = [_colours(outlet) for outlet in outlets]
    return [
        _heading(status["device"], style),
        "",
        *table(COLUMNS, [_cells(outlet, style) for outlet in outlets], colours, style),
        *_stopping(outlets),
        "",
        *(text for inlet in status["inlets"] for text in (_feeder(inlet), *_details(inlet))),
        *(text for line in status["lines"] for text in (_feeder(line), *_details(line))),
        *("  ".join([_feeder(branch), *fault_words(branch)]) for branch in status["branches"]),
        *(ups_line(ups) for ups in status["upses"]),
        *_doubtful(status),
        *_rejected(status["health"]["sources"]),
        *_alarms(status["alarms"], style),
    ]


def _heading(device: Mapping[str, Any], style: Style) -> str:
    place = f", {printable(device['location'])}" if device["location"] else ""
    name = style.paint(printable(device["name"]), "bold")
    return f"{name}{place}  {local_time(device['time'])}  up {countdown(device['uptime_s'])}"


def _cells(outlet: Mapping[str, Any], style: Style) -> list[str]:
    return [
        str(outlet["number"]),
        printable(outlet["name"]),
        state_text(outlet, style),
        *_numbers(outlet["meter"]),
        printable(outlet["device"]) or MISSING,
    ]


def state_text(outlet: Mapping[str, Any], style: Style) -> str:
    """State, seconds to go, lock: `on pending 12s`, `off locked`."""
    if not outlet["switched"]:
        return " ".join(["metered", *fault_words(outlet)])
    words = [str(outlet["state"])]
    if outlet["pending"]:
        words.append(countdown(outlet["pending"]["in_s"]))
    if outlet["lock"] != "unlocked":
        words.append(style.lock_sign)
    return " ".join([*words, *fault_words(outlet)])


def fault_words(part: Mapping[str, Any]) -> list[str]:
    """Of an outlet or a branch; its state says the rest."""
    return [WORD_OF_FAULT[fault] for fault in part["faults"] if fault in WORD_OF_FAULT]


def _numbers(meter: Mapping[str, Any] | None) -> list[str]:
    """Old readings are not readings: only the energy outlives them."""
    if meter is None:
        return [MISSING] * 5
    now = meter if meter["status"] == "ok" else {}
    return [
        fixed(now.get("voltage_v"), 1),
        fixed(now.get("current_a"), 2),
        fixed(now.get("active_power_w"), 1),
        fixed(now.get("power_factor"), 2),
        kilowatt_hours(meter["energy_wh"]),
    ]


def _colours(outlet: Mapping[str, Any]) -> dict[int, str]:
    colour = COLOUR_OF_STATE.get(outlet["state"]) if outlet["switched"] else None
    if outlet["faults"]:
        colour = "red"
    return {STATE_COLUMN: colour} if colour else {}


def _feeder(feeder: Mapping[str, Any]) -> str:
    meter = feeder["meter"]
    if meter is None:
        return f"{printable(feeder['name'])}: {feeder['rated_current_a']:g} A, not metered"
    now = meter if meter["status"] == "ok" else {}
    rated = f" of {meter['rated_current_a']:g} A" if meter["rated_current_a"] else ""
    return (
        f"{printable(feeder['name'])}: {fixed(now.get('active_power_w'), 1)} W"
        f"  {fixed(now.get('current_a'), 2)} A{rated}  {fixed(now.get('voltage_v'), 1)} V"
        f"  {fixed(now.get('frequency_hz'), 2)} Hz  PF {fixed(now.get('power_factor'), 2)}"
        f"  {kilowatt_hours(meter['energy_wh'])} kWh"
    )


def ups_line(ups: Mapping[str, Any]) -> str:
    """What a UPS says of itself; one that is silent said it last."""
    said = ", ".join(flag["flag"] for flag in ups["flags"]) or "nothing known yet"
    words = [f"UPS {printable(ups['name'])}: {said}"]
    if not ups["reachable"]:
        return f"{words[0]}  NOT REACHABLE: {printable(ups['trouble'])}"
    if ups["charge_percent"] is not None:
        words.append(f"charge {fixed(ups['charge_percent'], 0)} %")
    if ups["runtime_s"] is not None:
        words.append(f"enough for {countdown(ups['runtime_s'])}")
    if ups["load_percent"] is not None:
        words.append(f"load {fixed(ups['load_percent'], 0)} %")
    return "  ".join(words)


def _details(feeder: Mapping[str, Any]) -> list[str]:
    """A second line with what only some of them have measured."""
    meter = feeder["meter"] or {}
    now = meter if meter.get("status") == "ok" else {}
    words = []
    residual = feeder.get("residual")
    if residual is not None:
        current_a = residual["current_a"] if residual["status"] == "ok" else None
        milliamperes = current_a * 1000 if current_a is not None else None
        words.append(f"residual {fixed(milliamperes, 1)} mA")
    if feeder.get("imbalance_percent") is not None:
        words.append(f"imbalance {fixed(feeder['imbalance_percent'], 1)} %")
    thd = [now.get("voltage_thd_percent"), now.get("current_thd_percent")]
    if any(value is not None for value in thd):
        words.append("THD {} % of voltage, {} % of current".format(*(fixed(v, 1) for v in thd)))
    return ["  " + "  ".join(words)] if words else []


def _doubtful(status: Mapping[str, Any]) -> list[str]:
    """Which points have no values, and which larger ones than are shown."""
    silent = _points(status, lambda meter: meter["status"] != "ok")
    clipped = _points(status, lambda meter: meter["quality"] == "clipped")
    return [
        *([f"No current reading: {silent}"] if silent else []),
        *([f"Beyond what can be measured, in truth more: {clipped}"] if clipped else []),
    ]


def _points(status: Mapping[str, Any], fits: Callable[[Mapping[str, Any]], bool]) -> str:
    """Such as `inlets 1; outlets 2, 3`."""
    found = {
        kind: [str(row["number"]) for row in status[kind] if row["meter"] and fits(row["meter"])]
        for kind in ("inlets", "lines", "branches", "outlets")
    }
    return "; ".join(f"{kind} {', '.join(numbers)}" for kind, numbers in found.items() if numbers)


def _rejected(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which devices say what cannot be; none of it became a value."""
    said = [
        f"{source['source']} ({source['rejected_readings']})"
        for source in sources
        if source["rejected_readings"]
    ]
    return [f"Readings not believed since the start: {', '.join(said)}"] if said else []


def _alarms(alarms: Sequence[Mapping[str, Any]], style: Style) -> list[str]:
    if not alarms:
        return ["No alarms"]
    return [
        style.paint(f"{alarm['severity']}: ", COLOUR_OF_SEVERITY.get(alarm["severity"]))
        + f"{printable(alarm['subject'])}: {printable(alarm['text'])}"
        f" (since {local_time(alarm['since'])})"
        for alarm in alarms
    ]
