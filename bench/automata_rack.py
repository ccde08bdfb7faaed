# SPDX-License-Identifier: Apache-2.0
"""A rack of 64 metered outlets with plans, rules, caps and trips of every kind, as YAML.

The rack is the same with and without them, so that the difference is what they cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import yaml

OUTLETS = 64
PLANS = 200
RULES = 64
BRANCHES = 8
CAPPED_BRANCHES = 4
"""These are metered too."""
GROUPS = 8
PER_BRANCH = OUTLETS // BRANCHES
PER_BOARD = 8
PER_CONVERTER = 7

Section = dict[str, Any]


def configuration(automata: bool, **device: object) -> str:
    """YAML of the rack; all of its hardware is simulated."""
    plain: Section = {
        "schema": 1,
        "snmp": {"listen": []},
        "http": {"listen": ""},
        "device": {
            "time_zone": "Europe/Rome",
            "latitude": 41.9,
            "longitude": 12.5,
            **device,
        },
        "relays": [
            {"name": f"board{n}", "driver": "mcp23008", "bus": "sim", "address": 0x20 + n}
            for n in range(OUTLETS // PER_BOARD)
        ],
        "meters": list(_meters()),
        "inlets": [{"number": 1, "rated_current_a": 250}],
        "branches": [{"number": n, "rated_current_a": 40} for n in range(1, BRANCHES + 1)],
        "outlets": [_outlet(n, automata) for n in range(1, OUTLETS + 1)],
        "groups": [
            {"number": n, "outlets": list(range(PER_BRANCH * (n - 1) + 1, PER_BRANCH * n + 1))}
            for n in range(1, GROUPS + 1)
        ],
        "sensors": [
            {"number": 1, "driver": "hwmon", "path": "sim"},
            {"number": 2, "driver": "hwmon", "path": "sim"},
        ],
    }
    return yaml.safe_dump(plain | (_automata() if automata else {}), sort_keys=False)


def _meters() -> Iterator[Section]:
    fed = ["inlet 1", *(f"outlet {n}" for n in range(1, OUTLETS + 1))]
    fed += [f"branch {n}" for n in range(1, CAPPED_BRANCHES + 1)]
    for number, first in enumerate(range(0, len(fed), PER_CONVERTER)):
        feeds = fed[first : first + PER_CONVERTER]
        yield {
            "name": f"chip{number}",
            "driver": "ads130e08",
            "bus": f"sim:{number}",
            "used_channels": 1 + len(feeds),
            "voltage": {"channel": 1, "divider": 200},
            "currents": [{"channel": c, "feeds": f} for c, f in enumerate(feeds, start=2)],
        }


def _outlet(number: int, automata: bool) -> Section:
    board, relay = divmod(number - 1, PER_BOARD)
    found: Section = {
        "number": number,
        "relay": f"board{board}.{relay}",
        "branch": 1 + (number - 1) // PER_BRANCH,
        "priority": 1 + number % 9,
    }
    return found | ({"trip_above_a": 9.5, "trip_retries": 2} if automata else {})


def _automata() -> Section:
    return {
        "caps": [
            {"number": 1, "target": "unit 1", "limit_w": 50_000},
            {"number": 2, "target": "inlet 1", "limit_a": 200},
            *(
                {"number": 2 + n, "target": f"branch {n}", "limit_a": 35}
                for n in range(1, CAPPED_BRANCHES + 1)
            ),
        ],
        "hosts": [
            {"name": f"host{n}", "address": "127.0.0.1", "probe": "tcp", "port": 9}
            for n in range(1, 5)
        ],
        "plans": [
            {"name": f"plan{number}"} | kind | _places(number, kind)
            for number, kind in enumerate(islice(cycle(_PLAN_KINDS), PLANS), start=1)
        ],
        "rules": [
            _rule(number, kind)
            for number, kind in enumerate(islice(cycle(_RULE_KINDS), RULES), start=1)
        ],
    }


_PLAN_KINDS: tuple[Section, ...] = (
    {"action": "on", "at": ["07:00", "12:30", "19:45"], "days": ["mon", "wed", "fri"]},
    {"action": "off", "at": ["23:10"], "random_s": 1200, "conditions": {"load_below_w": 90_000}},
    {"action": "off", "cron": "*/15 8-17 * * mon-fri", "conditions": {"not_on_battery": True}},
    {"action": "on", "cron": "5 4 1,15 * *", "missed": "once"},
    {"action": "reboot", "once": "2026-12-24 18:00", "missed": "late", "late_s": 7200},
    {"action": "on", "sun": "sunset", "offset_s": -900},
    {"action": "off", "sun": "dawn", "twilight": "nautical", "random_s": 600},
    {"presence": {"from": "18:00", "until": "23:30", "least": 1, "most": 4}},
    {"action": "reboot", "counter": {"energy_wh": 5000, "repeat": True}},
    {"action": "off", "counter": {"switchings": 500}},
    {"action": "reboot", "counter": {"on_hours": 2000}},
    {"action": "on", "at": ["06:00"], "from_date": "2026-01-05", "every_weeks": 2},
    {"action": "off", "at": ["22:00"], "conditions": {"sensors": [{"sensor": 1, "above": 30}]}},
    {"action": "on", "cron": "0,5,10,15,20,25,30,35,40,45,50,55 * * * *"},
)


def _places(number: int, kind: Section) -> Section:
    outlet = 1 + number % OUTLETS
    if "counter" in kind:
        return {"outlets": [outlet], "counter": kind["counter"] | {"outlet": outlet}}
    return {"outlets": [outlet]}


_RULE_KINDS: tuple[Section, ...] = (
    {"target": "outlet {n}", "quantity": "active power", "above": 1500, "hysteresis": 50},
    {"target": "outlet {n}", "quantity": "current", "below": 0.01, "hysteresis": 0.01},
    {"target": "inlet 1", "quantity": "current", "above": 120, "hysteresis": 2},
    {"target": "group 1", "quantity": "active power", "above": 3000, "hysteresis": 100},
    {"target": "unit 1", "quantity": "active power", "above": 30_000, "hysteresis": 100},
    {"target": "sensor 1", "above": 40, "hysteresis": 1},
    {"outlet": "{n}", "state": "fault"},
    {"outlet": "{n}", "draws_below_w": 5, "armed_above_w": 30},
    {"ups": "any", "flag": "on_battery"},
    {"host": "host1", "failures": 3},
)


def _rule(number: int, kind: Section) -> Section:
    """It switches the outlet that it watches, except that nothing drives itself round."""
    when = {
        key: int(value.format(n=number))
        if value == "{n}"
        else value.format(n=number)
        if isinstance(value, str)
        else value
        for key, value in kind.items()
    }
    then: Section = {"alarm": "warning"}
    if "host" in kind:
        then = {"switch": "reboot", "outlets": [number]}
    elif "draws_below_w" in kind:
        then = {"switch": "off", "outlets": [number]}
    return {"name": f"rule{number}", "when": when, "then": [then]}
