# SPDX-License-Identifier: Apache-2.0
"""What nobody asked for is not loaded: memory is short on the board."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import sys
from types import SimpleNamespace
from pdu_agent.model.events import EventBus
from pdu_agent.snmp.face import SnmpFace
from pdu_agent.snmp.settings import SnmpSettings
loaded = set(sys.modules)
assert not any(name.startswith("pdu_agent.mib_impl.powernet") for name in loaded)
settings = SnmpSettings(identity=sys.argv[1], mibs=tuple(sys.argv[2:]))
SnmpFace(settings, SimpleNamespace(uptime_s=float, snapshot=None), EventBus(), b"12345", 1)
print(*sorted(sys.modules))
"""
OTHERS = ("powernet", "sentry3", "sentry4", "ups", "host", "entity", "energy")
WAYS = ("pdu_agent.snmp.agentx.subagent", "pdu_agent.snmp.passthrough_server")


def loaded(identity: str, *mibs: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-c", PROBE, identity, *mibs], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


@pytest.mark.parametrize(("identity", "mib"), [("own", "openpdu"), ("sentry4", "sentry4")])
def test_only_the_mibs_that_are_served_are_loaded(identity: str, mib: str) -> None:
    modules = loaded(identity, mib)
    assert {f"pdu_agent.mib_impl.{mib}"} == {
        f"pdu_agent.mib_impl.{name}" for name in (mib, *OTHERS)
    } & modules
    assert not modules & set(WAYS)
