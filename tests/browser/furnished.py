# SPDX-License-Identifier: Apache-2.0
"""A unit as people have it after a year: names, groups, plans, rules, a cap, limits and prices."""

from __future__ import annotations

from typing import Any

import yaml

from tests.browser.owned import Owned

SHUT_DOWN = "nas-down"
GONE_AFTER_S = 15.0
"""Since the start: the sensor of the aquarium falls silent."""

NAMES = ("Router", "Server", "NAS", "Backup NAS", "Lamp", "Aquarium heater", "Printer", "Kettle")
PRIORITIES = (1, 2, 2, 3, 5, 4, 6, 7)
DRAWS_W = (24, 130, 41, 38, 60, 95, 52, 160)

SCRIPT = [
    {"at": "0s", "machine": {"of": "outlet 3", "watts": 41, "off_watts": 3, "takes": "3s"}},
    {"machine": {"of": "outlet 4", "watts": 38, "hangs": True}},
    *(
        {"load": {"of": f"outlet {number}", "watts": watts}}
        for number, watts in enumerate(DRAWS_W, start=1)
        if number not in (3, 4)
    ),
    {"at": f"{GONE_AFTER_S:g}s", "device": {"name": "sensor 2", "dead": True}},
]
PLANS = [
    {
        "name": "lamp-on",
        "outlets": [5],
        "action": "on",
        "sun": "sunset",
        "offset_s": -900,
        "days": ["mon", "tue", "wed", "thu", "fri", "sat"],
    },
    {"name": "lamp-off", "outlets": [5], "action": "off", "at": ["23:00"], "random_s": 1200},
    {"name": "printer-night", "enabled": False, "group": 1, "action": "off", "at": ["01:30"]},
]
RULES = [
    {
        "name": "heater",
        "when": {"target": "sensor 2", "below": 24.5, "hysteresis": 1.0},
        "then": [{"switch": "on", "outlets": [6]}],
        "otherwise": [{"switch": "off", "outlets": [6]}],
        "on_missing": {"after_s": 2, "then": [{"switch": "off", "outlets": [6]}]},
    }
]


def graceful(limit_s: float) -> dict[str, Any]:
    return {"idle_below_w": 5, "idle_for_s": 1, "time_limit_s": limit_s, "on_hang": "abort"}


def furnish(owned: Owned) -> None:
    """After init: what somebody would have written into the configuration by then."""
    (owned.folder / "script.yaml").write_text(yaml.safe_dump(SCRIPT), encoding="utf-8")
    config = yaml.safe_load(owned.config.read_text(encoding="utf-8"))
    config["device"] |= {"time_zone": "Europe/Rome", "latitude": 41.9, "longitude": 12.5}
    config["simulator"]["script"] = "script.yaml"
    config["groups"] = [
        {"number": 1, "name": "Office", "outlets": [7, 8]},
        {"number": 2, "name": "Storage", "outlets": [3, 4], "gap_s": 2},
    ]
    told = owned.folder / "run/sim-machines"
    config["hooks"] = [
        {
            "name": SHUT_DOWN,
            "kind": "command",
            "command": ["/bin/sh", "-c", f': > "{told}/$OPENPDU_OUTLET"'],
        }
    ]
    for row, name, priority in zip(config["outlets"], NAMES, PRIORITIES, strict=True):
        row |= {"name": name, "priority": priority, "power_up": "on"}
    for number, limit_s in ((3, 60.0), (4, 3.0)):
        config["outlets"][number - 1] |= {"before_off": SHUT_DOWN, "graceful": graceful(limit_s)}
    config["sensors"].append(
        {"number": 2, "name": "Aquarium", "driver": "hwmon", "path": "sim", "interval_s": 1}
        | {"stale_after_s": 3}
    )
    config["thresholds"] = [
        {"target": "inlet 1", "quantity": "current", "high_warning": 12.8, "high_critical": 16},
        {"target": "sensor 1", "quantity": "temperature", "high_warning": 45},
    ]
    config["caps"] = [
        {"number": 1, "name": "Socket in the wall", "limit_w": 2000, "restore_after_s": 2}
    ]
    config["tariffs"] = [{"name": "night", "from": "22:00", "until": "06:00"}]
    config["prices"] = {"currency": "EUR", "bands": {"standard": 0.32, "night": 0.21}}
    config["plans"], config["rules"] = PLANS, RULES
    owned.config.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
