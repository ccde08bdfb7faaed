# SPDX-License-Identifier: Apache-2.0
"""As what an agent introduces itself, and that this changes nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pdu_agent.mib_impl.identity import IDENTITIES, MIB_NAMES, agent_modules, module_names
from pdu_agent.mib_impl.names import USUAL_MIBS
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC, product_id
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, NO_SUCH_INSTANCE, NO_SUCH_OBJECT, MibView
from tests.mib.unit import DEVICE, unit

SYS_DESCR: Oid = (1, 3, 6, 1, 2, 1, 1, 1, 0)
SYS_OBJECT_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)
ENTERPRISES: Oid = (1, 3, 6, 1, 4, 1)
ROOTS: dict[str, Oid] = {
    "openpdu": DEFAULT_ARC,
    "powernet": (*ENTERPRISES, 318),
    "sentry3": (*ENTERPRISES, 1718, 3),
    "sentry4": (*ENTERPRISES, 1718, 4),
    "entity": (1, 3, 6, 1, 2, 1, 47),
    "energy": (1, 3, 6, 1, 2, 1, 229),
}


def view(identity: str = "own", mibs: tuple[str, ...] = USUAL_MIBS) -> MibView:
    return MibView(agent_modules(lambda: 0.0, SnmpCounters(), identity=identity, mibs=mibs))


def content(seen: MibView, oid: Oid) -> object:
    value = seen.get(oid, unit())
    assert isinstance(value, Value)
    return value.content


@pytest.mark.parametrize(
    ("identity", "object_id"),
    [
        ("own", product_id()),
        ("apc-rpdu", (*ENTERPRISES, 318, 1, 3, 4, 5)),
        ("apc-rpdu2", (*ENTERPRISES, 318, 1, 3, 4, 6)),
        # Compared for equality by monitoring: nothing may follow.
        ("sentry3", (*ENTERPRISES, 1718, 3)),
        ("sentry4", (*ENTERPRISES, 1718, 4)),
    ],
)
def test_an_identity_is_a_sys_object_id(identity: str, object_id: Oid) -> None:
    assert content(view(identity), SYS_OBJECT_ID) == object_id


def test_the_identities_are_all_tried() -> None:
    assert set(IDENTITIES) == {"own", "apc-rpdu", "apc-rpdu2", "sentry3", "sentry4"}


@pytest.mark.parametrize("identity", ["apc-rpdu", "apc-rpdu2"])
def test_an_apc_describes_itself_as_its_management_cards_do(identity: str) -> None:
    text = content(view(identity), SYS_DESCR)
    assert isinstance(text, bytes)
    assert text.startswith(b"APC Web/SNMP Management Card (MB:")
    # What LibreNMS takes the version and the model from.
    assert re.search(rb" PF:v[0-9.]+ ", text)
    assert re.search(rb" AF1:v[0-9.]+ ", text)
    assert f"MN:{DEVICE.model}".encode() in text
    assert f"SN: {DEVICE.serial_number}".encode() in text
    assert len(text) <= 255


@pytest.mark.parametrize(
    ("identity", "text"),
    [("sentry3", b"Sentry Switched CDU"), ("sentry4", b"Sentry Smart PDU")],
)
def test_a_sentry_describes_itself_as_recorded_ones_do(identity: str, text: bytes) -> None:
    assert content(view(identity), SYS_DESCR) == text


def test_the_own_description_names_the_model() -> None:
    assert content(view(), SYS_DESCR) == b"OpenPDU-8, OpenPDU agent 0.1.0"


def test_a_description_that_would_be_too_long_is_cut() -> None:
    long = replace(unit(), device=replace(DEVICE, model="M" * 64, serial_number="S" * 32))
    for identity in IDENTITIES:
        value = view(identity).get(SYS_DESCR, long)
        assert isinstance(value, Value)
        assert isinstance(value.content, bytes)
        assert len(value.content) <= 255


@pytest.mark.parametrize("identity", IDENTITIES)
def test_every_tree_is_there_whatever_the_identity(identity: str) -> None:
    seen = view(identity)
    for name, root in ROOTS.items():
        step = seen.next(root, unit())
        assert step is not END_OF_MIB_VIEW
        assert step[0][: len(root)] == root, name


@pytest.mark.parametrize("name", ROOTS)
def test_a_tree_that_is_switched_off_is_not_there_and_the_others_are(name: str) -> None:
    seen = view(mibs=tuple(each for each in MIB_NAMES if each != name))
    for other, root in ROOTS.items():
        step = seen.next(root, unit())
        found = step is not END_OF_MIB_VIEW and step[0][: len(root)] == root
        assert found is (other != name), other


def test_the_tree_of_a_ups_card_is_there_only_if_it_is_asked_for() -> None:
    model = (*ENTERPRISES, 318, 1, 1, 1, 1, 1, 1, 0)
    assert view().get(model, unit()) is NO_SUCH_OBJECT
    assert view(mibs=(*USUAL_MIBS, "powernet-ups")).get(model, unit()) is NO_SUCH_INSTANCE


def test_the_resources_name_each_module_that_is_served() -> None:
    modules = agent_modules(lambda: 0.0, SnmpCounters(), mibs=MIB_NAMES)
    seen = MibView(modules)
    shown = {content(seen, (1, 3, 6, 1, 2, 1, 1, 9, 1, 2, n + 1)) for n in range(len(modules))}
    assert shown == {module.identity for module in modules}


def test_names_of_the_configuration_cover_all_modules_once() -> None:
    named = [module for name in MIB_NAMES for module in module_names(name)]
    served = {module.name for module in agent_modules(lambda: 0.0, SnmpCounters(), mibs=MIB_NAMES)}
    assert len(named) == len(set(named))
    assert set(named) == served - {"SNMPv2-MIB"}
