# SPDX-License-Identifier: Apache-2.0
"""The Zabbix template in a real server: imported, discovering, collecting. Second tier."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.openpdu_mib import OBJECTS, is_about, measured, wait_for_load
from tests.clients.test_zabbix import NAME, TEMPLATE
from tests.clients.zabbix import FRONTEND, PACKAGES, SCHEMA, Api, postgres_folder, zabbix
from tests.peers import require_second_tier
from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer

LIMIT_S = 180.0
SNMP_INTERFACE, SNMP_ITEM, CHECK_NOW, IN_PROBLEM = 2, "20", 6, "1"
IMPORTED = ("groups", "templates", "items", "triggers", "discoveryRules", "valueMaps")
OUTLET_6_POWER = "3.6.3"  # the index in opduThresholdTable


def imported(api: Api) -> str:
    """The template's id."""
    options = {"createMissing": True}
    rules = {"rules": dict.fromkeys(IMPORTED, options), "format": "yaml"}
    source = TEMPLATE.read_text(encoding="utf-8")
    assert api.call("configuration.import", {**rules, "source": source})
    (template,) = api.call("template.get", {"filter": {"host": NAME}})
    return str(template["templateid"])


def add_host(api: Api, template: str, port: int) -> str:
    """A host that is the agent at `port`; its id."""
    group = api.call("hostgroup.create", {"name": "PDUs"})["groupids"][0]
    interface = {
        "type": SNMP_INTERFACE,
        "main": 1,
        "useip": 1,
        "ip": "127.0.0.1",
        "dns": "",
        "port": str(port),
        "details": {"version": 2, "community": "public", "bulk": 1},
    }
    host = {
        "host": "openpdu",
        "groups": [{"groupid": group}],
        "templates": [{"templateid": template}],
        "interfaces": [interface],
    }
    return str(api.call("host.create", host)["hostids"][0])


def check_now(api: Api, host: str) -> None:
    """Have every rule and item read at once, not after its interval."""
    rules = api.call("discoveryrule.get", {"hostids": host})
    items = api.call("item.get", {"hostids": host, "filter": {"type": SNMP_ITEM}})
    wanted = [{"type": CHECK_NOW, "request": {"itemid": row["itemid"]}} for row in rules + items]
    api.call("task.create", wanted)


def values(api: Api, host: str) -> dict[str, str]:
    """Key to last value of the items that have one."""
    items = api.call("item.get", {"hostids": host})
    return {item["key_"]: item["lastvalue"] for item in items if item["lastclock"] != "0"}


def problems(api: Api, host: str) -> list[str]:
    question = {"hostids": host, "filter": {"value": IN_PROBLEM}, "expandDescription": True}
    return [trigger["description"] for trigger in api.call("trigger.get", question)]


def eventually(what: Callable[[], bool], api: Api, host: str, log: Path) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < end_s, (values(api, host), log.read_text("utf-8"))
        check_now(api, host)
        time.sleep(5)


def test_a_real_server_discovers_the_unit_and_collects_from_it(tmp_path: Path) -> None:
    require_second_tier()
    if postgres_folder() is None or not (SCHEMA.is_dir() and FRONTEND.is_dir()):
        pytest.skip(f"no Zabbix server here: apt-get install {PACKAGES}")
    folder = tmp_path / "zabbix"
    folder.mkdir()
    with Demo(tmp_path) as demo, zabbix(folder) as api:
        wait_for_load(demo)
        host = add_host(api, imported(api), demo.snmp_port)
        expected = {f"{name}[{index}]": value for (name, index), value in measured(demo).items()}
        last = {
            "opduOutletState[8]",
            "opduMeterActivePower[8]",
            "temperatureValue[1]",
            "opduSysModel",
        }
        eventually(lambda: last <= set(values(api, host)), api, host, folder / "server.log")
        got = values(api, host)
        compared = set(expected) & set(got)
        assert len(compared) > 40
        for key in compared:
            assert is_about(float(got[key]), expected[key]), key
        assert got["opduOutletState[8]"] == "1"
        assert got["opduSysModel"] == "OpenPDU demo, 8 outlets"
        assert is_about(float(got["temperatureValue[1]"]), board_temperature(demo))

        limit, enabled = (
            OBJECTS["opduThresholdHighWarning"].oid,
            OBJECTS["opduThresholdEnabled"].oid,
        )
        row = (f"{limit}.{OUTLET_6_POWER}", "i", "50000", f"{enabled}.{OUTLET_6_POWER}", "x", "20")
        demo.snmp("snmpset", *row, community="private")
        alarm = "outlet 6 active power"
        eventually(
            lambda: any(alarm in problem for problem in problems(api, host)),
            api,
            host,
            folder / "server.log",
        )


def board_temperature(demo: Demo) -> float:
    return float(demo.api("GET", "/sensors")[1]["sensors"][0]["value"])
