# SPDX-License-Identifier: Apache-2.0
"""One AgentX session, packet by packet: registration, reads, SETs, and what a master may send."""

from __future__ import annotations

import random
import struct
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.model.commands import (
    Action,
    Actor,
    Command,
    ConfigureOutlet,
    OutletSetting,
    SwitchOutlet,
    Ticket,
)
from pdu_agent.model.errors import NotNow
from pdu_agent.snmp.agentx.codec import MAX_RANGES, CloseReason, Error
from pdu_agent.snmp.agentx.session import MAX_WAITING, SessionLost
from pdu_agent.snmp.agentx.writes import MAX_TRANSACTIONS
from tests.mib.unit import with_outlet
from tests.snmp import agentx_master as master
from tests.snmp.agentx_rig import AgentxRig
from tests.snmp.notices import notice
from tests.snmp.rig import COMMAND, LOCKED_OUTLET, NAME, OUTLET, STATE

NO_ERROR = (0, 0)
SYS_DESCR = (1, 3, 6, 1, 2, 1, 1, 1, 0)


def cell(column: int, row: int) -> Oid:
    return (*OUTLET, column, row)


def integer(number: int) -> Value:
    return Value(Tag.INTEGER, number)


def text(octets: bytes) -> Value:
    return Value(Tag.OCTET_STRING, octets)


def varbinds(*pairs: tuple[Oid, Value], order: str = ">") -> bytes:
    return b"".join(master.varbind(*pair, order=order) for pair in pairs)


# -- opening ------------------------------------------------------------------------------


def test_it_opens_then_registers_every_root_and_names_its_modules() -> None:
    rig = AgentxRig(is_open=False)
    (opened,) = master.packets(rig.session.open())
    assert (opened.kind, opened.session) == (master.OPEN, 0)
    assert opened.payload == bytes(4) + bytes(4) + master.string(b"OpenPDU agent")
    sent = rig.feed(master.response_to(opened))
    assert {packet.session for packet in sent} == {master.SESSION}
    registered = [packet for packet in sent if packet.kind == master.REGISTER]
    assert [master.read_name(packet.payload, 4)[0] for packet in registered] == list(rig.roots)
    assert {packet.payload[:4] for packet in registered} == {bytes((0, 127, 0, 0))}
    capabilities = [packet for packet in sent if packet.kind == master.ADD_CAPS]
    identities = [master.read_name(packet.payload, 0)[0] for packet in capabilities]
    assert (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 6738) in identities
    assert not rig.session.is_ready
    for packet in sent:
        assert rig.feed(master.response_to(packet)) == []
    assert rig.session.is_ready


def test_what_the_master_owns_is_not_registered() -> None:
    for root in AgentxRig().roots:
        for owned in (SYS_DESCR, (1, 3, 6, 1, 6, 3, 1, 1, 6, 1, 0), (1, 3, 6, 1, 2, 1, 2, 1, 0)):
            assert owned[: len(root)] != root


def test_every_instance_lies_below_one_root() -> None:
    rig = AgentxRig()
    for oid, _ in rig.walk():
        assert sum(oid[: len(root)] == root for root in rig.roots) == 1


def test_a_master_that_opens_no_session_is_left() -> None:
    rig = AgentxRig(is_open=False)
    (opened,) = master.packets(rig.session.open())
    with pytest.raises(SessionLost, match="256"):
        rig.feed(master.response_to(opened, error=256))


def test_what_somebody_else_has_is_asked_for_again_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = AgentxRig(is_open=False)
    (opened,) = master.packets(rig.session.open())
    first, *others = rig.feed(master.response_to(opened))
    rig.feed(master.response_to(first, error=Error.DUPLICATE_REGISTRATION))
    for packet in others:
        rig.feed(master.response_to(packet))
    assert rig.session.is_ready
    assert "somebody else has it" in caplog.text
    ping, again = master.packets(rig.session.keep_alive())
    assert (ping.kind, again.kind, again.payload) == (master.PING, master.REGISTER, first.payload)
    rig.feed(master.response_to(ping) + master.response_to(again))
    assert [packet.kind for packet in master.packets(rig.session.keep_alive())] == [master.PING]
    assert len(caplog.records) == 1


def test_a_master_that_takes_nothing_is_left() -> None:
    rig = AgentxRig(is_open=False)
    (opened,) = master.packets(rig.session.open())
    registrations = [
        packet for packet in rig.feed(master.response_to(opened)) if packet.kind == master.REGISTER
    ]
    *others, last = (
        master.response_to(packet, error=Error.DUPLICATE_REGISTRATION) for packet in registrations
    )
    rig.feed(b"".join(others))
    with pytest.raises(SessionLost, match="none of our subtrees"):
        rig.feed(last)


def test_a_master_that_leaves_a_ping_unanswered_is_left() -> None:
    rig = AgentxRig()
    rig.session.keep_alive()
    with pytest.raises(SessionLost):
        rig.session.keep_alive()


# -- reads --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [">", "<"])
def test_get_gives_values_and_says_what_is_absent(order: str) -> None:
    rig = AgentxRig()
    wanted = (cell(NAME, 2), cell(STATE, 99), (1, 3, 6, 1, 9, 9))
    answer = rig.ask(master.GET, master.names(*wanted, order=order), order=order, transaction=5)
    assert answer.outcome == NO_ERROR
    assert answer.varbinds == [
        (wanted[0], 4, b"Outlet 2"),
        (wanted[1], master.NO_SUCH_INSTANCE, None),
        (wanted[2], master.NO_SUCH_OBJECT, None),
    ]
    assert (answer.session, answer.transaction) == (master.SESSION, 5)


def test_every_instance_is_read_by_name() -> None:
    rig = AgentxRig()
    walked = rig.walk()
    for first in range(0, len(walked), 50):
        part = walked[first : first + 50]
        for _ in ("decoded", "remembered"):
            answer = rig.ask(master.GET, master.names(*(oid for oid, _ in part)))
            assert answer.varbinds == [master.expected(*step) for step in part]


def test_get_next_walks_everything_in_order() -> None:
    rig = AgentxRig()
    found = []
    oid: Oid = ()
    while True:
        ((oid, kind, value),) = rig.ask(master.GET_NEXT, master.names(oid)).varbinds
        if kind == master.END_OF_MIB_VIEW:
            break
        found.append((oid, kind, value))
    assert found == [master.expected(*step) for step in rig.walk()]


RIG = AgentxRig()
WALKED = RIG.walk()
INSTANCES = [oid for oid, _ in WALKED]
NEAR = st.one_of(
    st.sampled_from(INSTANCES),
    st.sampled_from(INSTANCES).map(lambda oid: oid[:-1]),
    st.sampled_from(INSTANCES).map(lambda oid: (*oid, 0)),
    st.sampled_from(INSTANCES).map(lambda oid: (*oid[:-1], min(oid[-1] + 1, 0xFFFF_FFFF))),
    st.sampled_from([(), (1,), (1, 3, 6, 1), (2,)]),
)
RANGES = st.tuples(NEAR, st.booleans(), NEAR)


def after(start: Oid, include: bool, end: Oid) -> list[master.Found]:
    """What RFC 2741 section 7.2.3 calls the variables of the range."""
    first = (bisect_left if include else bisect_right)(INSTANCES, start)
    return [master.expected(*step) for step in WALKED[first:] if not end or step[0] < end]


@given(st.lists(RANGES, min_size=1, max_size=6), st.sampled_from("<>"))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_get_next_stays_within_its_range(wanted: list[tuple[Oid, bool, Oid]], order: str) -> None:
    answer = RIG.ask(master.GET_NEXT, master.ranges(*wanted, order=order), order=order)
    ended = [(start, master.END_OF_MIB_VIEW, None) for start, _, _ in wanted]
    assert answer.varbinds == [
        next(iter(after(*item)), end) for item, end in zip(wanted, ended, strict=True)
    ]


@given(st.lists(RANGES, min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 9))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_get_bulk_repeats_within_its_ranges(
    wanted: list[tuple[Oid, bool, Oid]], non_repeaters: int, repetitions: int
) -> None:
    payload = struct.pack(">HH", non_repeaters, repetitions) + master.ranges(*wanted)
    answer = RIG.ask(master.GET_BULK, payload)
    assert answer.outcome == NO_ERROR
    found = answer.varbinds
    for item in wanted[:non_repeaters]:
        expected = next(iter(after(*item)), (item[0], master.END_OF_MIB_VIEW, None))
        assert found.pop(0) == expected
    columns = wanted[non_repeaters:]
    if columns and repetitions:
        assert len(found) % len(columns) == 0
        height = len(found) // len(columns)
        assert height <= repetitions
    for number, item in enumerate(columns if repetitions else ()):
        there = after(*item)[:repetitions]
        run = found[number :: len(columns)]
        assert run[: len(there)] == there[:height]
        last = there[-1][0] if there else item[0]
        assert set(run[len(there) :]) <= {(last, master.END_OF_MIB_VIEW, None)}
        assert height == repetitions or run[-1][1] == master.END_OF_MIB_VIEW


@pytest.mark.parametrize("kind", [master.GET, master.GET_NEXT, master.GET_BULK])
def test_a_request_of_endless_names_is_too_big(kind: int) -> None:
    rig = AgentxRig()
    numbers = struct.pack(">HH", 0, 1) if kind == master.GET_BULK else b""
    wanted = numbers + master.names((1, 3)) * MAX_RANGES
    assert rig.ask(kind, wanted).outcome == NO_ERROR
    assert rig.ask(kind, wanted + master.names((1, 3))).outcome == (Error.TOO_BIG, 1)


def test_a_greedy_get_bulk_is_bounded() -> None:
    payload = struct.pack(">HH", 0, 0xFFFF) + master.names(*[()] * 40)
    assert len(AgentxRig().ask(master.GET_BULK, payload).varbinds) <= 2048


def test_a_change_shows_at_once_and_a_live_value_is_live() -> None:
    rig = AgentxRig()
    payload = master.names(cell(NAME, 1))
    assert rig.ask(master.GET, payload).varbinds[0][2] == b"Outlet 1"
    rig.core.snapshot = with_outlet(rig.core.snapshot, 1, name="pump")
    assert rig.ask(master.GET, payload).varbinds[0][2] == b"pump"


def test_one_request_is_read_from_one_snapshot() -> None:
    rig = AgentxRig()
    taken = []
    snapshots = [rig.core.snapshot, with_outlet(rig.core.snapshot, 2, name="later")]

    class Changing(type(rig.core)):  # type: ignore[misc]
        @property
        def snapshot(self) -> object:
            taken.append(1)
            return snapshots[min(len(taken), 2) - 1]

        @snapshot.setter
        def snapshot(self, _: object) -> None: ...

    rig.core.__class__ = Changing
    answer = rig.ask(master.GET, master.names(cell(NAME, 1), cell(NAME, 2)))
    assert [value for _, _, value in answer.varbinds] == [b"Outlet 1", b"Outlet 2"]
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("rights", "outlets", "shown"),
    [
        (Rights.NONE, {}, set()),
        (Rights.NONE, {"2": Rights.READ}, {2}),
        (Rights.READ, {"others": Rights.NONE, "3-4": Rights.READ}, {3, 4}),
        (Rights.READ, {}, {1, 2, 3, 4}),
    ],
)
def test_only_what_is_granted_is_shown(
    rights: Rights, outlets: dict[str, Rights], shown: set[int]
) -> None:
    rig = AgentxRig(rights, outlets)
    for row in range(1, 5):
        ((_, kind, _),) = rig.ask(master.GET, master.names(cell(NAME, row))).varbinds
        assert (kind == 4) == (row in shown)
    bulk = struct.pack(">HH", 0, 50) + master.ranges(((*OUTLET, NAME), False, (*OUTLET, NAME + 1)))
    found = {oid[-1] for oid, kind, _ in rig.ask(master.GET_BULK, bulk).varbinds if kind == 4}
    assert found == shown


# -- SETs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [">", "<"])
def test_a_set_is_judged_then_submitted_once(order: str) -> None:
    rig = AgentxRig()
    wanted = varbinds((cell(COMMAND, 1), integer(2)), (cell(NAME, 2), text(b"pump")), order=order)
    assert rig.ask(master.TEST_SET, wanted, order=order).outcome == NO_ERROR
    assert rig.core.submitted == []
    assert rig.ask(master.COMMIT_SET).outcome == NO_ERROR
    assert rig.feed(master.request(master.CLEANUP_SET)) == []
    assert rig.core.submitted == [
        [SwitchOutlet(1, Action.OFF), ConfigureOutlet(2, OutletSetting.NAME, "pump")]
    ]
    assert (rig.core.actors[-1].face, rig.core.actors[-1].who) == ("snmp", "agentx")


REFUSED = [
    ((cell(COMMAND, 99), integer(2)), 11),
    ((cell(COMMAND, LOCKED_OUTLET), integer(2)), 12),
    ((cell(COMMAND, 1), text(b"2")), 7),
    ((cell(COMMAND, 1), integer(99)), 10),
    ((cell(NAME, 1), text(b"x" * 33)), 8),
    ((cell(STATE, 1), integer(2)), 17),
    (((1, 3, 6, 1, 9, 9), integer(2)), 17),
    ((cell(COMMAND, 2), integer(3)), 12),  # named twice
]


@pytest.mark.parametrize(("bad", "status"), REFUSED)
def test_one_bad_varbind_refuses_all_and_is_named(bad: tuple[Oid, Value], status: int) -> None:
    rig = AgentxRig()
    wanted = varbinds((cell(COMMAND, 2), integer(2)), bad, (cell(COMMAND, 4), integer(2)))
    assert rig.ask(master.TEST_SET, wanted).outcome == (status, 2)
    assert rig.feed(master.request(master.CLEANUP_SET)) == []
    assert rig.core.submitted == []


def test_several_test_sets_of_a_transaction_are_one_set() -> None:
    """net-snmp sends one for each registered subtree."""
    rig = AgentxRig()
    assert rig.ask(master.TEST_SET, varbinds((cell(NAME, 1), text(b"a")))).outcome == NO_ERROR
    second = varbinds((cell(NAME, 2), text(b"b")), (cell(NAME, 1), text(b"c")))
    assert rig.ask(master.TEST_SET, second).outcome == (12, 2)
    assert rig.ask(master.TEST_SET, varbinds((cell(NAME, 2), text(b"b")))).outcome == NO_ERROR
    for _ in range(2):
        assert rig.ask(master.COMMIT_SET).outcome == NO_ERROR
    assert [len(batch) for batch in rig.core.submitted] == [2]


def test_what_was_refused_between_test_and_commit_is_not_done() -> None:
    rig = AgentxRig()
    assert rig.ask(master.TEST_SET, varbinds((cell(COMMAND, 1), integer(2)))).outcome == NO_ERROR
    rig.core.refusal = NotNow("in the meantime", 0)
    assert rig.ask(master.COMMIT_SET).outcome == (Error.COMMIT_FAILED, 1)
    assert rig.ask(master.UNDO_SET).outcome == NO_ERROR
    assert rig.core.submitted == []


def test_what_failed_to_commit_is_not_tried_again_by_the_commit_of_another_subtree() -> None:
    rig = AgentxRig()
    for row in (1, 2):
        rig.ask(master.TEST_SET, varbinds((cell(COMMAND, row), integer(2))))
    rig.core.refusal = NotNow("for a moment", 0)
    assert rig.ask(master.COMMIT_SET).outcome[0] == Error.COMMIT_FAILED
    rig.core.refusal = None
    assert rig.ask(master.COMMIT_SET).outcome[0] == Error.COMMIT_FAILED
    assert rig.ask(master.UNDO_SET).outcome == NO_ERROR
    assert rig.core.submitted == []


def test_after_a_defect_of_ours_in_the_middle_of_a_commit_nobody_says_it_was_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = AgentxRig()
    rig.ask(master.TEST_SET, varbinds((cell(COMMAND, 1), integer(2))))
    submit = rig.core.submit_all

    def fail_after(commands: Sequence[Command], actor: Actor) -> Ticket:
        submit(commands, actor)
        raise RuntimeError

    monkeypatch.setattr(rig.core, "submit_all", fail_after)
    assert rig.ask(master.COMMIT_SET).outcome == (Error.GEN_ERR, 1)
    assert rig.ask(master.UNDO_SET).outcome == (Error.UNDO_FAILED, 1)


def test_a_set_that_was_carried_out_cannot_be_undone_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = AgentxRig()
    rig.ask(master.TEST_SET, varbinds((cell(COMMAND, 1), integer(2))))
    rig.ask(master.COMMIT_SET)
    assert rig.ask(master.UNDO_SET).outcome == (Error.UNDO_FAILED, 1)
    assert "cannot be undone" in caplog.text
    assert len(rig.core.submitted) == 1


def test_undo_before_commit_and_commit_without_test() -> None:
    rig = AgentxRig()
    rig.ask(master.TEST_SET, varbinds((cell(COMMAND, 1), integer(2))))
    assert rig.ask(master.UNDO_SET).outcome == NO_ERROR
    assert rig.ask(master.COMMIT_SET).outcome == (Error.COMMIT_FAILED, 1)
    assert rig.core.submitted == []


def test_transactions_that_never_end_are_forgotten() -> None:
    rig = AgentxRig()
    wanted = varbinds((cell(COMMAND, 1), integer(2)))
    for number in range(MAX_TRANSACTIONS + 1):
        assert rig.ask(master.TEST_SET, wanted, transaction=number).outcome == NO_ERROR
    assert rig.ask(master.COMMIT_SET, transaction=0).outcome == (Error.COMMIT_FAILED, 1)
    assert rig.ask(master.COMMIT_SET, transaction=1).outcome == NO_ERROR


def test_a_set_has_at_most_as_many_varbinds_as_over_udp() -> None:
    rig = AgentxRig()
    wanted = varbinds(*[(cell(NAME, 1), text(b"a"))] * 129)
    assert rig.ask(master.TEST_SET, wanted).outcome == (13, 1)


@pytest.mark.parametrize("rights", [Rights.NONE, Rights.READ])
def test_nothing_is_written_without_the_right(rights: Rights) -> None:
    rig = AgentxRig(rights)
    wanted = varbinds((cell(COMMAND, 1), integer(2)))
    assert rig.ask(master.TEST_SET, wanted).outcome == (6, 1)
    assert (rig.core.checked, rig.core.submitted) == ([], [])


def test_rights_on_an_outlet_are_for_that_outlet() -> None:
    rig = AgentxRig(Rights.READ, {"2": Rights.SWITCH})
    wanted = ((cell(COMMAND, 2), integer(2)), (cell(COMMAND, 1), integer(2)))
    assert rig.ask(master.TEST_SET, varbinds(*wanted)).outcome == (6, 2)
    assert rig.ask(master.TEST_SET, varbinds(wanted[0])).outcome == NO_ERROR


# -- notifications ------------------------------------------------------------------------


def test_a_notification_carries_its_name_and_values_and_no_uptime() -> None:
    rig = AgentxRig()
    outcomes: list[int] = []
    (packet,) = master.packets(rig.session.notify(notice(), outcomes.append))
    assert packet.kind == master.NOTIFY
    assert master.read_varbinds(packet.payload) == [
        ((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), 6, notice().oid),
        *(master.expected(*pair) for pair in notice().varbinds),
    ]
    rig.feed(master.response_to(packet, error=268))
    assert outcomes == [268]


def test_a_master_that_answers_no_notification_is_left() -> None:
    rig = AgentxRig()
    for _ in range(MAX_WAITING):
        rig.session.notify(notice(), lambda _: None)
    with pytest.raises(SessionLost):
        rig.session.notify(notice(), lambda _: None)


# -- odd masters --------------------------------------------------------------------------


def test_other_contexts_and_sessions_are_refused() -> None:
    rig = AgentxRig()
    context = master.string(b"other") + master.names(cell(NAME, 1))
    assert rig.ask(master.GET, context, flags=8).outcome == (Error.UNSUPPORTED_CONTEXT, 0)
    answer = rig.ask(master.GET, master.names(cell(NAME, 1)), session=99)
    assert answer.outcome == (Error.NOT_OPEN, 0)
    assert answer.session == 99


def test_before_the_session_is_open_nothing_is_told() -> None:
    rig = AgentxRig(is_open=False)
    rig.session.open()
    answer = rig.ask(master.GET, master.names(cell(NAME, 1)), session=0)
    assert (answer.outcome, answer.varbinds) == ((Error.NOT_OPEN, 0), [])


def test_a_ping_is_answered_and_what_only_subagents_send_is_denied() -> None:
    rig = AgentxRig()
    assert rig.ask(master.PING).outcome == NO_ERROR
    for kind in (master.OPEN, master.REGISTER, master.NOTIFY, master.ADD_CAPS, 14, 99, 0):
        assert rig.ask(kind).outcome == (Error.REQUEST_DENIED, 0)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (master.GET, b"\xff\0\0\0"),
        (master.GET_NEXT, b"\1\0\0\0\0\0\0\1"),
        (master.GET_BULK, b""),
        (master.TEST_SET, b"\0\2\0\0"),
        (master.TEST_SET, b"\0\x63\0\0" + bytes(8)),
    ],
)
def test_malformed_requests_are_said_to_be_so(kind: int, payload: bytes) -> None:
    rig = AgentxRig()
    assert rig.ask(kind, payload).outcome == (Error.PARSE_ERROR, 0)
    assert rig.ask(master.PING).outcome == NO_ERROR


@pytest.mark.parametrize(
    "header",
    [
        struct.pack(">BBBxIIII", 2, master.GET, 0x10, 7, 1, 1, 0),
        struct.pack(">BBBxIIII", 1, master.GET, 0x10, 7, 1, 1, 3),
        struct.pack(">BBBxIIII", 1, master.GET, 0x10, 7, 1, 1, (1 << 20) + 4),
        struct.pack(">BBBxIIII", 1, master.CLOSE, 0x10, 7, 1, 1, 4) + bytes(4),
    ],
)
def test_what_is_no_packet_ends_the_session(header: bytes) -> None:
    with pytest.raises(SessionLost):
        AgentxRig().feed(header)


def test_packets_may_arrive_in_pieces_and_together() -> None:
    rig = AgentxRig()
    wanted = [master.request(master.GET, master.names(cell(NAME, row))) for row in (1, 2, 3)]
    stream = b"".join(wanted)
    for size in (1, 7, 20, 21, len(stream)):
        answers = []
        for first in range(0, len(stream), size):
            answers += rig.feed(stream[first : first + size])
        values = [answer.varbinds[0][2] for answer in answers]
        assert values == [b"Outlet 1", b"Outlet 2", b"Outlet 3"]


def test_a_getter_that_fails_costs_one_request(caplog: pytest.LogCaptureFixture) -> None:
    rig = AgentxRig()
    good = rig.core.snapshot
    rig.core.snapshot = replace(good, outlets=(None,))  # type: ignore[arg-type]
    assert rig.ask(master.GET, master.names(cell(NAME, 1))).outcome == (Error.GEN_ERR, 1)
    rig.core.snapshot = good
    assert rig.ask(master.GET, master.names(cell(NAME, 1))).outcome == NO_ERROR
    assert len(caplog.records) == 1


def test_it_says_goodbye() -> None:
    (packet,) = master.packets(AgentxRig().session.close(CloseReason.SHUTDOWN))
    assert (packet.kind, packet.session) == (master.CLOSE, master.SESSION)
    assert packet.payload == bytes((5, 0, 0, 0))


# -- fuzz ---------------------------------------------------------------------------------

SEEDS = [
    (master.GET, master.names(cell(NAME, 1), cell(STATE, 2))),
    (master.GET_NEXT, master.ranges((cell(NAME, 1), True, cell(STATE, 2)))),
    (master.GET_BULK, struct.pack(">HH", 1, 20) + master.names(OUTLET, cell(NAME, 1), ())),
    (master.TEST_SET, varbinds((cell(NAME, 1), text(b"pump")), (cell(COMMAND, 1), integer(2)))),
    (master.COMMIT_SET, b""),
    (master.UNDO_SET, b""),
    (master.CLEANUP_SET, b""),
    (master.RESPONSE, bytes(8)),
    (master.PING, b""),
]
FUZZED_PACKETS = 10_000
SLOWEST_S = 0.5


def mutated(chance: random.Random) -> bytes:
    kind, payload = chance.choice(SEEDS)
    order = chance.choice("<>")
    whole = bytearray(master.request(kind, payload, order=order, transaction=chance.randrange(3)))
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(chance.choice((len(whole), min(20, len(whole)))))
        match chance.randrange(4):
            case 0:
                whole[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            case 1:
                whole[place:place] = chance.randbytes(chance.choice((1, 4, 64)))
            case 2:
                del whole[place : place + chance.choice((1, 4, 16))]
                whole = whole or bytearray(1)
            case 3:
                whole[place] ^= 1 << chance.randrange(8)
    if chance.random() < 0.7 and len(whole) >= 20:
        # Most are to pass as packets, so that what is in them is looked at.
        whole += bytes(-len(whole) % 4)
        whole[0], whole[3] = 1, 0
        order = ">" if whole[2] & 0x10 else "<"
        struct.pack_into(f"{order}I", whole, 4, master.SESSION)
        struct.pack_into(f"{order}I", whole, 16, len(whole) - 20)
    return bytes(whole)


def test_no_packet_breaks_or_blocks_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    chance = random.Random(2741)
    rig = AgentxRig(Rights.READ, {"4": Rights.SWITCH})
    answered = slowest_s = 0.0
    for _ in range(FUZZED_PACKETS):
        begin_s = time.perf_counter()
        try:
            answered += len(rig.feed(mutated(chance)))
        except SessionLost:
            rig.session = rig.new_session()
            rig.become_ready()
        rig.session._buffer = b""  # of a packet that says it is longer than it is
        rig.session._position = 0
        slowest_s = max(slowest_s, time.perf_counter() - begin_s)
        assert rig.core.submitted == []  # outlet 1 may not be switched, whatever the packet
    assert answered > FUZZED_PACKETS / 10
    assert slowest_s < SLOWEST_S
    assert AgentxRig().ask(master.PING).outcome == NO_ERROR
