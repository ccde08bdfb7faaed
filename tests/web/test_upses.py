# SPDX-License-Identifier: Apache-2.0
"""UPSes over the API: as the contract says, and nothing old among what is of now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pdu_agent.app.commands.status import ups_line
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine
from pdu_agent.web.upses import WORDS
from tests.web.fake_agent import make_snapshot, running_agent
from tests.web.test_contract import SCHEMAS, misfits

RACK = Ups(
    index=1,
    name="rack",
    manufacturer="ACME",
    model="1500",
    firmware="7",
    flags=frozenset({UpsFlag.ON_BATTERY, UpsFlag.DISCHARGING}),
    since_s={UpsFlag.ON_BATTERY: 3540.5},
    unreachable_since_s=None,
    on_battery_s=60.0,
    charge_pct=61.0,
    runtime_s=600.0,
    load_pct=float("nan"),
    inputs=(UpsLine(0.0, None, None, None),),
    inlets=(1,),
    source="rack@127.0.0.1:3493",
    variables={"ups.status": "OB DISCHRG"},
)
LOST = replace(RACK, index=2, name="lab", unreachable_since_s=3590.5, trouble="nothing listens")


def asked(folder: Path, path: str, *upses: Ups) -> Any:
    with running_agent(folder, make_snapshot(upses=upses)) as agent:
        return agent.local("GET", f"/api/v1/{path}").json


def test_they_are_shown_as_the_contract_says(tmp_path: Path) -> None:
    answer = asked(tmp_path, "upses", RACK, LOST)
    assert (
        list(
            misfits({**answer, "upses": [_bare(row) for row in answer["upses"]]}, SCHEMAS["Upses"])
        )
        == []
    )
    first, second = answer["upses"]
    assert [each["flag"] for each in first["flags"]] == ["on battery", "discharging"]
    assert (first["charge_percent"], first["load_percent"]) == (61.0, None)
    assert first["inputs"][0]["voltage_v"] == 0.0
    assert first["variables"] == {"ups.status": "OB DISCHRG"}
    assert (second["reachable"], second["trouble"]) == (False, "nothing listens")
    assert (second["charge_percent"], second["inputs"]) == (None, [])
    assert [each["flag"] for each in second["flags"]] == ["on battery", "discharging"]


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    """Names of variables are not in the contract; their values are texts."""
    assert all(isinstance(value, str) for value in row["variables"].values())
    return {**row, "variables": {}}


def test_times_are_instants(tmp_path: Path) -> None:
    (row,) = asked(tmp_path, "upses", LOST)["upses"]
    answer = asked(tmp_path, "upses", LOST)
    assert row["flags"][0]["since"] < row["unreachable_since"] < answer["time"]
    assert row["flags"][1]["since"] is None


def test_the_status_has_them_without_their_variables(tmp_path: Path) -> None:
    answer = asked(tmp_path, "status", RACK)
    assert list(misfits(answer, SCHEMAS["Status"])) == []
    assert "variables" not in answer["upses"][0]


def test_the_contract_knows_every_flag() -> None:
    assert SCHEMAS["UpsFlag"]["properties"]["flag"]["enum"] == list(WORDS.values())


def test_a_line_for_people(tmp_path: Path) -> None:
    first, second = asked(tmp_path, "upses", RACK, LOST)["upses"]
    assert ups_line(first) == ("UPS rack: on battery, discharging  charge 61 %  enough for 10m00s")
    assert ups_line(second) == ("UPS lab: on battery, discharging  NOT REACHABLE: nothing listens")
