# SPDX-License-Identifier: Apache-2.0
"""The engine about itself, and what of SNMPv2-MIB can be set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.mib_impl.conventions import Octets
from pdu_agent.mib_impl.framework import framework_modules
from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.model.commands import AdvanceConfigLock, EnableNotifications, NotificationClass
from pdu_agent.model.errors import NotNow
from tests.mib.compiled import BASE, IETF, CompiledMib
from tests.mib.test_mib_text import base_type_of, declared, type_in_text
from tests.mib.unit import ENGINE, Bench, integer, unit

SNMP_MODULES = ".1.3.6.1.6.3"
SERIAL_NO = f"{SNMP_MODULES}.1.1.6.1.0"
AUTHEN_TRAPS = ".1.3.6.1.2.1.11.30.0"

# Of each module only what says something about this agent; the rest configures it.
SERVED = {
    "SNMP-FRAMEWORK-MIB": ("snmpEngine", "snmpFrameworkMIB"),
    "SNMP-MPD-MIB": ("snmpMPDStats", "snmpMPDMIB"),
    "SNMP-TARGET-MIB": ("snmpTargetObjects", "snmpTargetMIB"),
    "SNMP-USER-BASED-SM-MIB": ("usmStats", "snmpUsmMIB"),
}
LEFT_OUT = {"snmpTargetSpinLock"}


@pytest.mark.parametrize("folder", [BASE, IETF], ids=["stand-in", "ietf"])
@pytest.mark.parametrize(
    "module", framework_modules(ENGINE, SnmpCounters()), ids=lambda module: str(module.name)
)
def test_every_object_is_declared_as_the_mib_states_it(module: MibModule, folder: Path) -> None:
    if not folder.exists():
        pytest.skip("the IETF modules are not here")
    mib = CompiledMib(module.name, folder)
    group, identity = SERVED[module.name]
    assert module.identity == mib.oid(identity)
    below = mib.oid(group)
    objects = declared(module)
    scalars = {name for name in mib.current("scalar") if mib.oid(name)[:-1] == below}
    assert set(objects) == scalars - LEFT_OUT
    for name, (oid, declaration) in objects.items():
        assert (oid, declaration.access.value) == (mib.oid(name), "read-only")
        assert declaration.units == mib.symbols[name].get("units", "")
        if not isinstance(declaration.syntax, Octets):
            assert base_type_of(declaration.syntax) == type_in_text(mib, name), name


def test_the_engine_tells_who_it_is() -> None:
    bench = Bench()
    engine = [bench.content(f"{SNMP_MODULES}.10.2.1.{number}.0") for number in range(1, 5)]
    assert engine == [ENGINE.engine_id, 3, 90, 8192]


def test_each_counter_is_where_a_manager_looks_for_it() -> None:
    bench = Bench()
    counters = {
        "unknown_security_models": "11.2.1.1",
        "invalid_messages": "11.2.1.2",
        "unknown_pdu_handlers": "11.2.1.3",
        "unavailable_contexts": "12.1.4",
        "unknown_contexts": "12.1.5",
        "unsupported_sec_levels": "15.1.1.1",
        "not_in_time_windows": "15.1.1.2",
        "unknown_user_names": "15.1.1.3",
        "unknown_engine_ids": "15.1.1.4",
        "wrong_digests": "15.1.1.5",
        "decryption_errors": "15.1.1.6",
    }
    for number, name in enumerate(counters, start=100):
        setattr(bench.counters, name, number)
    for number, suffix in enumerate(counters.values(), start=100):
        assert bench.get(f"{SNMP_MODULES}.{suffix}.0") == Value(Tag.COUNTER32, number)


def test_what_moves_without_a_snapshot_is_live() -> None:
    live = {
        declaration.name
        for module in framework_modules(ENGINE, SnmpCounters())
        for group in module.groups
        for declaration in group.objects
        if declaration.live or getattr(group, "live", False)
    }
    assert len(live) == 12
    assert live.isdisjoint({"snmpEngineID", "snmpEngineBoots", "snmpEngineMaxMessageSize"})


def test_a_face_without_an_engine_serves_none() -> None:
    names = [module.name for module in agent_modules(lambda: 0.0, SnmpCounters())]
    assert names == ["SNMPv2-MIB", "OPENPDU-MIB"]


def test_sys_or_table_lists_every_module_that_is_served() -> None:
    bench = Bench()
    modules = agent_modules(lambda: 0.0, bench.counters, engine=ENGINE)
    listed = [bench.content(f".1.3.6.1.2.1.1.9.1.2.{row}") for row in range(1, len(modules) + 1)]
    assert listed == [module.identity for module in modules]


@pytest.mark.parametrize(("number", "enabled"), [(1, True), (2, False)])
def test_authentication_failures_are_notified_or_not(number: int, enabled: bool) -> None:
    notifying = frozenset({NotificationClass.AUTHENTICATION} if enabled else ())
    bench = Bench(replace(unit(), notifying=notifying))
    assert bench.content(AUTHEN_TRAPS) == number
    bench.set((AUTHEN_TRAPS, integer(number)))
    assert bench.controller.submitted == [
        [EnableNotifications(NotificationClass.AUTHENTICATION, enabled)]
    ]


def test_the_serial_number_is_the_lock_of_the_configuration() -> None:
    bench = Bench(replace(unit(), config_lock=41))
    assert bench.content(SERIAL_NO) == 41
    bench.set((SERIAL_NO, integer(41)))
    assert bench.controller.submitted == [[AdvanceConfigLock(41)]]
    bench.controller.refusal = NotNow("the lock is at 42", 0)
    with pytest.raises(SetError) as refused:
        bench.set((SERIAL_NO, integer(41)))
    assert refused.value.status is ErrorStatus.INCONSISTENT_VALUE
    with pytest.raises(SetError) as refused:
        bench.set((SERIAL_NO, integer(-1)))
    assert refused.value.status is ErrorStatus.WRONG_VALUE
