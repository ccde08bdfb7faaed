# SPDX-License-Identifier: Apache-2.0
"""Who is served, from where and from which security level on, and what they may touch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.mib_impl.schema import MibModule, ObjectType, Table
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Enumerated, Tag, Unsigned32, Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Action, Actor, SetMember, SwitchOutlet
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.access import AccessPolicy, Credential, View
from pdu_agent.snmp.credentials import AuthProtocol, Community, PrivProtocol, User
from pdu_agent.snmp.operations import Operation, Operations, Request, Status
from pdu_agent.snmp.settings import ViewSettings
from tests.mib.unit import FakeController, unit
from tests.snmp.rig import COMMUNITIES, USERS

POLICY = AccessPolicy(COMMUNITIES, USERS)
HOST = "192.0.2.9"


def test_a_community_is_known_by_its_name() -> None:
    readers = Credential("readers", Grant.everywhere(Rights.READ))
    writers = Credential("writers", Grant.everywhere(Rights.WRITE))
    assert POLICY.for_community(b"public", HOST) == readers
    assert POLICY.for_community(b"private", HOST) == writers


@pytest.mark.parametrize("guess", [b"", b"publi", b"publicc", b"Public", b"readers", b"\xff"])
def test_a_wrong_community_is_nobody(guess: bytes) -> None:
    assert POLICY.for_community(guess, HOST) is None


@pytest.mark.parametrize(
    ("user", "level", "served"),
    [
        ("viewer", 1, False),
        ("viewer", 2, True),
        ("viewer", 3, True),
        ("operator", 1, False),
        ("operator", 2, False),
        ("operator", 3, True),
        ("nobody", 3, False),
        ("", 3, False),
    ],
)
def test_a_user_is_served_from_the_configured_level_on(user: str, level: int, served: bool) -> None:
    assert (POLICY.for_user(user, level, HOST) is not None) == served


def test_a_user_without_authentication_is_served_at_every_level() -> None:
    plain = User("plain", AuthProtocol.NONE, priv=PrivProtocol.NONE)
    policy = AccessPolicy((), (plain,))
    assert all(policy.for_user("plain", level, HOST) for level in (1, 2, 3))


def test_a_credential_counts_in_its_networks_only() -> None:
    near = ("192.0.2.0/24", "2001:db8::/64")
    community = Community("local", "here", networks=near)
    user = User("local", AuthProtocol.NONE, priv=PrivProtocol.NONE, networks=near)
    policy = AccessPolicy((community,), (user,))
    for host, served in (
        (HOST, True),
        (f"::ffff:{HOST}", True),
        ("2001:db8::9", True),
        ("192.0.3.9", False),
        ("2001:db8:1::9", False),
        ("not an address", False),
    ):
        assert (policy.for_community(b"here", host) is not None) == served, host
        assert (policy.for_user("local", 1, host) is not None) == served, host


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: AccessPolicy((Community("a", "x"), Community("a", "y")), ()),
            "community name 'a' is used twice",
        ),
        (
            lambda: AccessPolicy((Community("a", "twin"), Community("b", "twin")), ()),
            "the same community string",
        ),
        (lambda: AccessPolicy((), (*USERS, USERS[0])), "user name 'viewer' is used twice"),
        (
            lambda: AccessPolicy((), (), [ViewSettings("v", ("1.3",))] * 2),
            "view name 'v' is used twice",
        ),
        (
            lambda: AccessPolicy((Community("a", "x", view="v"),), ()),
            "credential a: no view is called 'v'",
        ),
    ],
)
def test_a_policy_that_could_be_read_in_two_ways_is_refused(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        make()
    assert "twin" not in str(caught.value)


# views

SYSTEM, SYS_NAME = (1, 3, 6, 1, 2, 1, 1), (1, 3, 6, 1, 2, 1, 1, 5, 0)


def test_the_longest_subtree_decides() -> None:
    view = View.of(
        ViewSettings("v", ("1.3.6.1.2.1.1", ".1.3.6.1.2.1.1.5.0.7"), (".1.3.6.1.2.1.1.5",))
    )
    assert view.contains((*SYSTEM, 1, 0))
    assert not view.contains(SYS_NAME)
    assert view.contains((*SYS_NAME, 7))
    assert view.contains((*SYS_NAME, 7, 1))
    assert not view.contains((1, 3, 6, 1, 2, 1, 11, 1, 0))
    assert not view.contains(())


def test_a_whole_view_but_for_one_object() -> None:
    view = View.of(ViewSettings("v", ("1",), ("1.3.6.1.2.1.1.5",)))
    assert view.contains((1, 3, 6, 1, 4, 1))
    assert not view.contains(SYS_NAME)


OIDS = st.lists(st.integers(0, 2), min_size=2, max_size=5).map(lambda rest: (1, 3, *rest))


@given(st.sets(OIDS, min_size=1, max_size=5), st.sets(OIDS, max_size=5), OIDS)
def test_views_follow_the_rule_of_rfc_3415(
    include: set[tuple[int, ...]], exclude: set[tuple[int, ...]], oid: tuple[int, ...]
) -> None:
    exclude -= include
    dotted = [[".".join(map(str, one)) for one in some] for some in (include, exclude)]
    view = View.of(ViewSettings("v", tuple(dotted[0]), tuple(dotted[1])))
    above = [one for one in include | exclude if oid[: len(one)] == one]
    assert view.contains(oid) == (bool(above) and max(above, key=len) in include)


def test_what_is_outside_the_view_can_be_neither_read_nor_written() -> None:
    view = View.of(ViewSettings("v", ("1.3.6.1.2.1.1",), ()))
    seen = Credential("v", Grant.everywhere(Rights.WRITE), view)
    assert not seen.reads_everything
    assert seen.may_read(SYS_NAME, None)
    assert seen.may_write(SYS_NAME, (Rights.WRITE, None))
    assert not seen.may_read((1, 3, 6, 1, 4), None)
    assert not seen.may_write((1, 3, 6, 1, 4), (Rights.SWITCH, 3))


def test_who_reads_everything() -> None:
    assert Credential("r", Grant.everywhere(Rights.READ)).reads_everything
    assert not Credential("n", Grant.everywhere(Rights.NONE)).reads_everything
    assert not Credential("t", Grant(Rights.READ, Rights.READ, {2: Rights.NONE})).reads_everything


# commands that reach another outlet than that of their row


def _crossed(outlet: int) -> tuple[Operations, FakeController]:
    """A table whose row 7 counts as outlet `outlet`, and whose objects act on outlet 2."""
    table: Table[int] = Table(
        suffix=(1,),
        name="crossedTable",
        index=("crossedIndex",),
        rows=lambda _: [((7,), 7)],
        outlet=lambda _: outlet,
        objects=(
            ObjectType(1, "crossedIndex", Unsigned32()),
            ObjectType(
                2,
                "crossedSwitch",
                Enumerated((1, "off", Action.OFF)),
                lambda _: Action.OFF,
                to_command=lambda _, action: SwitchOutlet(2, action),
                needs=Rights.SWITCH,
            ),
            ObjectType(
                3,
                "crossedMember",
                Unsigned32(),
                lambda _: 1,
                to_command=lambda _, member: SetMember(1, 2, bool(member)),
                needs=Rights.SWITCH,
            ),
        ),
    )
    module = MibModule("CROSSED-MIB", "", (1, 3, 9), (1, 3, 9), (table,))
    controller = FakeController(unit(2))
    counters = SnmpCounters()
    return Operations(MibView([module]), controller, counters), controller


@pytest.mark.parametrize("column", [2, 3])
@pytest.mark.parametrize(
    ("rights", "status"),
    [
        ({1: Rights.WRITE}, Status.NO_ACCESS),
        ({2: Rights.WRITE}, Status.NO_ACCESS),
        ({1: Rights.WRITE, 2: Rights.READ}, Status.NO_ACCESS),
        ({1: Rights.WRITE, 2: Rights.WRITE}, Status.NO_ERROR),
    ],
)
def test_the_row_and_what_its_command_reaches_must_both_be_allowed(
    column: int, rights: dict[int, Rights], status: Status
) -> None:
    operations, controller = _crossed(outlet=1)
    credential = Credential("tenant", Grant(Rights.WRITE, Rights.NONE, rights))
    change = ((1, 3, 9, 1, 1, column, 7), Value(Tag.INTEGER if column == 2 else Tag.UNSIGNED32, 1))
    answer = operations.answer(Request(1, Operation.SET, (change,), credential, "", 1400))
    assert (answer.status, answer.index) == (status, 0 if status is Status.NO_ERROR else 1)
    assert len(controller.submitted) == (status is Status.NO_ERROR)


def test_what_a_credential_may_not_write_is_noted_for_the_audit_log() -> None:
    operations, controller = _crossed(outlet=1)
    credential = Credential("tenant", Grant(Rights.READ, Rights.NONE, {}))
    change = ((1, 3, 9, 1, 1, 2, 7), Value(Tag.INTEGER, 1))
    request = Request(1, Operation.SET, (change, change), credential, "192.0.2.7:4242", 1400)
    assert operations.answer(request).status is Status.NO_ACCESS
    assert controller.refused == [
        (
            "set 1.3.9.1.1.2.7 and 1 more",
            Actor("snmp", "tenant", "192.0.2.7:4242"),
            "variable binding 1: NO_ACCESS: tenant may not write 1.3.9.1.1.2.7",
        )
    ]
    assert controller.submitted == []
