# SPDX-License-Identifier: Apache-2.0
"""Rules over the API: shown as the core has them, enabled and disabled by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pdu_agent.model.commands import EnableRule
from pdu_agent.model.control import Rule, RuleState
from pdu_agent.model.errors import UnknownTarget
from tests.web.fake_agent import make_snapshot, running_agent
from tests.web.test_contract import SCHEMAS, misfits

HOT = Rule(
    1,
    "too hot",
    True,
    "sensor 1 temperature at or above 30 C for 10 s",
    "outlet 2 off",
    RuleState.ACTIVE,
    1_800_000_000.0,
    31.5,
    3,
    1_800_000_000.0,
    "outlet 2 off",
)
BLIND = Rule(2, "nas", False, "c", "a", RuleState.DISABLED, None, None, 0, None, "")


def test_rules_are_shown_as_the_contract_says(tmp_path: Path) -> None:
    with running_agent(tmp_path, make_snapshot(rules=(HOT, BLIND))) as agent:
        answer: dict[str, Any] = agent.local("GET", "/api/v1/rules").json
    assert list(misfits(answer, SCHEMAS["Rules"])) == []
    first, second = answer["rules"]
    assert (first["name"], first["state"], first["value"]) == ("too hot", "active", 31.5)
    assert (second["since"], second["value"], second["last_at"]) == (None, None, None)
    assert SCHEMAS["Rule"]["properties"]["state"]["enum"] == [each.value for each in RuleState]


def test_a_rule_is_enabled_and_disabled_by_its_name(tmp_path: Path) -> None:
    with running_agent(tmp_path, make_snapshot(rules=(HOT, BLIND))) as agent:
        answer = agent.local("POST", "/api/v1/rules/too%20hot/disable", {})
        agent.local("POST", "/api/v1/rules/nas/enable", {})
    assert answer.status == 200
    assert list(misfits(answer.json, SCHEMAS["RuleAccepted"])) == []
    commands = [command for batch, _ in agent.controller.batches for command in batch]
    assert commands == [EnableRule("too hot", False), EnableRule("nas", True)]


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with running_agent(tmp_path, make_snapshot(rules=(HOT, BLIND))) as agent:
        assert agent.local("POST", "/api/v1/rules/nas/enable", {"x": 1}).json["code"] == (
            "invalid_value"
        )
        agent.controller.refusal = UnknownTarget("there is no rule 'nass' (did you mean nas?)")
        answer = agent.local("POST", "/api/v1/rules/nass/enable", {})
        assert (answer.status, answer.json["code"]) == (404, "unknown_target")
        assert "did you mean nas?" in answer.json["detail"]
