# SPDX-License-Identifier: Apache-2.0
"""From the `targets` of the configuration to deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.events import EventBus
from pdu_agent.snmp import face
from pdu_agent.snmp.credentials import Community, User
from pdu_agent.snmp.passthrough_settings import AgentxSettings
from pdu_agent.snmp.settings import SnmpSettings, TargetSettings, TargetVersion
from pdu_agent.snmp.targets import Targets
from tests.mib.unit import FakeController, unit
from tests.snmp.notices import notice

ENGINE = OwnEngine(bytes.fromhex("80001f88050102"), 1, lambda: 0, 8192)
COMMUNITY = Community("traps", "x")
USER = User("informs", auth_pass="long enough", priv_pass="long enough")


def targets(version: TargetVersion, credential: str, *, inform: bool = False) -> Targets:
    target = TargetSettings("nms", "192.0.2.1", credential, version, inform)
    settings = SnmpSettings(targets=(target,), communities=(COMMUNITY,), users=(USER,))
    return Targets(settings, ENGINE, NotificationCounters())


@pytest.mark.parametrize("inform", [False, True])
def test_a_target_sends_with_a_credential_of_its_version(inform: bool) -> None:
    for version, credential in ((TargetVersion.V2C, "traps"), (TargetVersion.V3, "informs")):
        made = targets(version, credential, inform=inform)
        assert [delivery.name for delivery in made.deliveries] == ["nms"]
    with pytest.raises(ConfigError, match="no user is called 'traps'"):
        targets(TargetVersion.V3, "traps", inform=inform)
    with pytest.raises(ConfigError, match="no community is called 'informs'"):
        targets(TargetVersion.V2C, "informs", inform=inform)


def told(identity: str, mibs: tuple[str, ...] = ()) -> set[str]:
    """The modules whose notifications get into the queue of a target."""
    target = TargetSettings("nms", "192.0.2.1", "traps", mibs=mibs)
    settings = SnmpSettings(targets=(target,), communities=(COMMUNITY,), identity=identity)
    (delivery,) = Targets(settings, ENGINE, NotificationCounters()).deliveries
    found = set()
    for module in ("SNMPv2-MIB", "OPENPDU-MIB", "PowerNet-MIB", "Sentry3-MIB", "Sentry4-MIB"):
        before = delivery.waiting
        delivery.put(replace(notice(), module=module))
        if delivery.waiting > before:
            found.add(module)
    return found


@pytest.mark.parametrize(
    ("identity", "module"),
    [
        ("own", "OPENPDU-MIB"),
        ("apc-rpdu", "PowerNet-MIB"),
        ("apc-rpdu2", "PowerNet-MIB"),
        ("sentry3", "Sentry3-MIB"),
        ("sentry4", "Sentry4-MIB"),
    ],
)
def test_a_target_is_told_in_the_words_of_the_identity(identity: str, module: str) -> None:
    assert told(identity) == {"SNMPv2-MIB", module}


def test_a_target_can_be_told_in_other_words() -> None:
    assert told("own", ("sentry3", "powernet")) == {"SNMPv2-MIB", "Sentry3-MIB", "PowerNet-MIB"}


@pytest.mark.parametrize(
    ("mibs", "master", "expected"),
    [
        ([], "", set()),
        ([()], "", {"SNMPv2-MIB", "OPENPDU-MIB"}),
        ([(), ("sentry4",)], "", {"SNMPv2-MIB", "OPENPDU-MIB", "Sentry4-MIB"}),
        ([], "/run/agentx", {"PowerNet-MIB"}),
    ],
)
def test_only_what_somebody_is_sent_is_made(
    monkeypatch: pytest.MonkeyPatch,
    mibs: list[tuple[str, ...]],
    master: str,
    expected: set[str],
) -> None:
    made: list[Sequence[MibModule]] = []
    monkeypatch.setattr(face, "Notifications", lambda modules, _: made.append(modules))
    settings = SnmpSettings(
        targets=tuple(TargetSettings("nms", "192.0.2.1", "traps", mibs=each) for each in mibs),
        communities=(COMMUNITY,),
        agentx=AgentxSettings(master=master, mibs=("powernet",)),
    )
    face.SnmpFace(settings, FakeController(unit()), EventBus(), ENGINE.engine_id, 1)
    assert {module.name for module in made[0]} == expected
