# SPDX-License-Identifier: Apache-2.0
"""The demo that somebody has lived with: what it has, and that the plain one has none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import FURNISHED_OUTLETS, DemoOptions

FURNITURE = ("groups", "thresholds", "caps", "upses", "tariffs", "plans", "rules", "hooks")


def settings_of(tmp_path: Path, options: DemoOptions) -> AgentSettings:
    return demo_settings(options, tmp_path / "state", tmp_path / "run")


def test_a_plain_demo_has_no_furniture(tmp_path: Path) -> None:
    plain = settings_of(tmp_path, DemoOptions())
    assert {name: getattr(plain, name) for name in FURNITURE} == dict.fromkeys(FURNITURE, ())
    assert plain.simulator.script == ""
    assert {row.name for row in plain.outlets} == {""}


def test_a_furnished_demo_has_some_of_everything(tmp_path: Path) -> None:
    furnished = settings_of(tmp_path, DemoOptions(furnished=True))
    assert [name for name in FURNITURE if not getattr(furnished, name)] == []
    assert furnished.prices.settings.currency == "EUR"
    assert len({row.name for row in furnished.outlets}) == FURNISHED_OUTLETS
    assert {row.number for row in furnished.outlets if row.graceful} == {3, 4}
    assert len(furnished.sensors) > 1


def test_its_wiring_and_its_users_are_those_of_the_plain_demo(tmp_path: Path) -> None:
    plain = settings_of(tmp_path, DemoOptions(outlets=12))
    furnished = settings_of(tmp_path, DemoOptions(outlets=12, furnished=True))
    same = ("snmp", "http", "relays", "meters", "inlets")
    assert [getattr(furnished, name) for name in same] == [getattr(plain, name) for name in same]
    assert [row.relay for row in furnished.outlets] == [row.relay for row in plain.outlets]
    assert furnished.outlets[8:] == plain.outlets[8:]


def test_what_it_names_is_there(tmp_path: Path) -> None:
    furnished = settings_of(tmp_path, DemoOptions(furnished=True))
    hooks = {hook.name for hook in furnished.hooks}
    groups = {group.number for group in furnished.groups}
    outlets = {row.number for row in furnished.outlets}
    for row in furnished.outlets:
        assert {row.before_off, row.after_off} - {""} <= hooks
    for plan in furnished.plans:
        assert {plan.hook} - {""} <= hooks
        assert {plan.group} - {None} <= groups
        assert set(plan.outlets) <= outlets
    for rule in furnished.rules:
        for action in rule.every_action():
            assert {action.hook} - {""} <= hooks
            assert set(action.outlets) <= outlets
    watched = {each.target.index for each in furnished.thresholds if "sensor" in str(each.target)}
    assert watched <= {each.number for each in furnished.sensors}


def test_another_script_brings_its_own_machines_and_upses(tmp_path: Path) -> None:
    furnished = settings_of(tmp_path, DemoOptions(furnished=True, script="outage"))
    assert furnished.simulator.script == "outage"
    assert {row.number for row in furnished.outlets if row.before_off} == {1, 2}
    assert [ups.name for ups in furnished.upses] == ["rack"]


def test_fewer_outlets_than_it_names_are_refused() -> None:
    with pytest.raises(ValueError, match=r"--outlets: 7 is below 8, which --furnished names"):
        DemoOptions(outlets=7, furnished=True)
