# SPDX-License-Identifier: Apache-2.0
"""A v3 agent on its own: who is answered, with what, and which counter moves."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp import ciphers
from pdu_agent.snmp.access import AccessPolicy, Credential
from pdu_agent.snmp.ber import MalformedMessage
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from pdu_agent.snmp.limits import Limits
from pdu_agent.snmp.settings import SnmpSettings
from pdu_agent.snmp.usm import UserKeys, open_message
from pdu_agent.snmp.v3 import MAX_BOOTS, SLOW, TIME_WINDOW_S, V3, Slow
from pdu_agent.snmp.v3_message import parse
from tests.snmp import ber
from tests.snmp.mutations import ENGINE_ID, SYS_DESCR
from tests.snmp.usm_client import AUTH, PRIV, REPORTABLE, Usm, V3Message, discovery

BOOTS, SOURCE = 3, ("192.0.2.9", 4000)
RESPONSE = ber.request(ber.RESPONSE, [SYS_DESCR], [ber.string(b"here")], request_id=11)
GET = ber.request(ber.GET, [SYS_DESCR], request_id=11)
SET = ber.request(ber.SET, [SYS_DESCR], [ber.string(b"there")], request_id=11)

NAMES = {
    (*(1, 3, 6, 1, 6, 3, 15, 1, 1), 1, 0): "unsupported_sec_levels",
    (*(1, 3, 6, 1, 6, 3, 15, 1, 1), 2, 0): "not_in_time_windows",
    (*(1, 3, 6, 1, 6, 3, 15, 1, 1), 3, 0): "unknown_user_names",
    (*(1, 3, 6, 1, 6, 3, 15, 1, 1), 4, 0): "unknown_engine_ids",
    (*(1, 3, 6, 1, 6, 3, 15, 1, 1), 5, 0): "wrong_digests",
    (*(1, 3, 6, 1, 6, 3, 15, 1, 1), 6, 0): "decryption_errors",
    (*(1, 3, 6, 1, 6, 3, 11, 2, 1), 3, 0): "unknown_pdu_handlers",
    (*(1, 3, 6, 1, 6, 3, 12, 1), 5, 0): "unknown_contexts",
}

USERS = {
    "open": User("open", AuthProtocol.NONE, "", PrivProtocol.NONE),
    "viewer": User("viewer", AuthProtocol.SHA256, "viewer-auth-pass", PrivProtocol.NONE),
    "operator": User(
        "operator",
        AuthProtocol.SHA256,
        "operator-auth-pass",
        PrivProtocol.AES128,
        "operator-priv-pass",
        rights=Rights.WRITE,
    ),
    "near": User(
        "near",
        AuthProtocol.SHA256,
        "near-auth-pass",
        PrivProtocol.NONE,
        networks=("198.51.100.0/24",),
    ),
}
PEERS = {
    user.name: Usm(user.name.encode(), user.auth_pass.encode(), user.priv_pass.encode())
    for user in USERS.values()
}
KEYS = {user.name: UserKeys.of(user, ENGINE_ID) for user in USERS.values()}


@dataclass
class FakeReader:
    """Answers GETs with RESPONSE, and notes what it was asked."""

    asked: list[tuple[bytes, int, str, int]] = field(default_factory=list)

    def respond(
        self, data: bytes, start: int, stop: int, version: int, credential: Credential, room: int
    ) -> bytes | None:
        self.asked.append((data[start:stop], version, credential.name, room))
        return ber.encode(RESPONSE) if data[start] == ber.GET else None


class Agent:
    def __init__(self, boots: int = BOOTS, users: tuple[User, ...] = tuple(USERS.values())) -> None:
        self.clock = ManualClock()
        self.counters = SnmpCounters()
        self.reader = FakeReader()
        self.failed: list[str] = []
        start_s = self.clock.monotonic_s()
        engine = OwnEngine(ENGINE_ID, boots, lambda: int(self.clock.monotonic_s() - start_s), 8192)
        policy = AccessPolicy((), users)
        limits = Limits(SnmpSettings(), self.clock.monotonic_s)
        self.v3 = V3(engine, users, policy, self.reader, limits, self.counters, self.failed.append)

    def process(self, datagram: bytes) -> bytes | Slow | None:
        return self.v3.process(datagram, SOURCE)

    def counted(self) -> dict[str, int]:
        """The counters that have moved."""
        names = SnmpCounters.__dataclass_fields__
        return {
            name: getattr(self.counters, name) for name in names if getattr(self.counters, name)
        }


@pytest.fixture
def agent() -> Agent:
    return Agent()


def ask(name: str, pdu: ber.Node = GET, **changes: Any) -> V3Message:
    peer = PEERS[name]
    flags = bytes((peer.flags | REPORTABLE,))
    message = V3Message(ENGINE_ID, BOOTS, 0, peer, pdu, flags, message_id=4711)
    return replace(message, **changes)


def pdu_of(scoped: bytes) -> ber.Node:
    fields = ber.decode(scoped)[1]
    assert isinstance(fields, list)
    assert (fields[0], fields[1]) == (ber.string(ENGINE_ID), ber.string(b""))
    return fields[2]


def report(answer: bytes | Slow | None, keys: UserKeys | None = None) -> tuple[str, int, int]:
    """Counter, value and request-id of a Report that is as well protected as the keys."""
    assert isinstance(answer, bytes)
    message = parse(answer)
    assert not message.reportable
    assert (message.msg_id, message.engine_id) == (4711, ENGINE_ID)
    assert message.level is (keys or UserKeys(b"")).level
    kind, fields = pdu_of(open_message(message, keys or UserKeys(b"")))
    assert kind == ber.REPORT
    assert isinstance(fields, list)
    request_id, status, index, bindings = fields
    assert (ber.to_int(status), ber.to_int(index)) == (0, 0)
    assert isinstance(bindings[1], list)
    [binding] = bindings[1]
    assert isinstance(binding[1], list)
    name, value = binding[1]
    assert value[0] == 0x41
    return NAMES[ber.to_oid(name)], ber.to_int(value), ber.to_int(request_id)


@pytest.mark.parametrize("name", ["open", "viewer", "operator"])
def test_a_request_is_answered_at_its_own_level(agent: Agent, name: str) -> None:
    answer = agent.process(ask(name).encode())
    assert isinstance(answer, bytes)
    message = parse(answer)
    assert (message.msg_id, message.boots, message.time_s) == (4711, BOOTS, 0)
    assert message.level is USERS[name].level
    assert not message.reportable
    assert pdu_of(open_message(message, KEYS[name])) == ber.decode(ber.encode(RESPONSE))
    asked, version, credential, _ = agent.reader.asked[0]
    assert (asked, version, credential) == (ber.encode(GET), 3, name)
    assert agent.counted() == {}


@pytest.mark.parametrize("name", ["open", "viewer", "operator"])
def test_what_the_reader_leaves_is_for_others(agent: Agent, name: str) -> None:
    assert agent.process(ask(name, SET).encode()) is SLOW


@pytest.mark.parametrize("name", ["open", "operator"])
def test_a_set_of_too_many_varbinds_ends_here(agent: Agent, name: str) -> None:
    names = [(1, 3, 6, 1, 2, 1, 1, 5, 0)] * 129
    values = [ber.string(b"x")] * len(names)
    answer = agent.process(ask(name, ber.request(ber.SET, names, values)).encode())
    assert isinstance(answer, bytes)
    told = pdu_of(open_message(parse(answer), KEYS[name]))
    assert told == ber.request(ber.RESPONSE, [], status=1)


@pytest.mark.parametrize("name", ["open", "viewer", "operator"])
@pytest.mark.parametrize("max_size", [484, 1500, 65507])
def test_an_answer_that_fills_its_room_is_not_larger_than_announced(
    agent: Agent, name: str, max_size: int
) -> None:
    agent.process(ask(name, max_size=max_size).encode())
    room = agent.reader.asked[0][3]
    varbinds = ber.encode(ber.string(bytes(room - 4)))[-room:]
    pdu = ber.encode((ber.RESPONSE, ber.encode(ber.integer(2**31 - 1)) + bytes(10) + varbinds))
    agent.reader.respond = lambda *_: pdu  # type: ignore[method-assign]
    answer = agent.process(ask(name, max_size=max_size).encode())
    assert isinstance(answer, bytes)
    most = min(max_size, 1472 if name == "open" else 8192)
    assert most - 40 <= len(answer) <= most


def test_discovery_tells_the_engine_and_nothing_else(agent: Agent) -> None:
    agent.clock.advance(500)
    request = discovery(4711)
    answer = agent.process(request)
    assert report(answer) == ("unknown_engine_ids", 1, 1)
    assert isinstance(answer, bytes)
    message = parse(answer)
    assert (message.boots, message.time_s, message.user_name) == (BOOTS, 500, b"")
    assert len(answer) <= 3 * len(request)
    assert agent.counted() == {"unknown_engine_ids": 1}
    assert (agent.reader.asked, agent.failed) == ([], [])


UNKNOWN = Usm(b"nobody", b"viewer-auth-pass")
GUESS = replace(PEERS["viewer"], auth_pass=b"a guess of a key")
REFUSED = [
    ("viewer", {"engine_id": b"\x80\0\0\0\5other"}, "unknown_engine_ids", 11, False),
    ("operator", {"engine_id": b"\x80\0\0\0\5other"}, "unknown_engine_ids", 0, False),
    ("viewer", {"user": UNKNOWN}, "unknown_user_names", 11, True),
    ("open", {"user": Usm(b"")}, "unknown_user_names", 11, False),
    ("viewer", {"flags": bytes((REPORTABLE,))}, "unsupported_sec_levels", 11, True),
    ("operator", {"flags": bytes((AUTH | REPORTABLE,))}, "unsupported_sec_levels", 11, True),
    ("open", {"flags": bytes((AUTH | REPORTABLE,))}, "unsupported_sec_levels", 11, True),
    ("viewer", {"user": GUESS}, "wrong_digests", 11, True),
    ("viewer", {"digest": b""}, "wrong_digests", 11, True),
    ("viewer", {"digest_octets": 12}, "wrong_digests", 11, True),
    ("operator", {"user": replace(PEERS["operator"], priv_pass=b"x" * 8)}, "decryption_errors", 0,
     False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "counter", "request_id", "failed"), REFUSED)
@pytest.mark.parametrize("pdu", [GET, SET])
def test_who_proves_too_little_gets_a_report_and_reaches_nothing(
    agent: Agent,
    name: str,
    changes: dict[str, Any],
    counter: str,
    request_id: int,
    failed: bool,
    pdu: ber.Node,
) -> None:
    request = ask(name, pdu, **changes).encode()
    for count in (1, 2):
        assert report(agent.process(request)) == (counter, count, request_id)
    answer = agent.process(request)
    assert isinstance(answer, bytes)
    nobody = counter in {"unknown_engine_ids", "unknown_user_names"}
    assert parse(answer).user_name == (b"" if nobody else name.encode())
    assert agent.counted() == {counter: 3}
    assert agent.reader.asked == []
    assert agent.failed == [SOURCE[0]] * 3 * failed


@pytest.mark.parametrize(("name", "changes", "counter", "_request_id", "_failed"), REFUSED)
def test_who_asks_for_no_report_gets_none(
    agent: Agent, name: str, changes: dict[str, Any], counter: str, _request_id: int, _failed: bool
) -> None:
    message = ask(name, **changes)
    quiet = replace(message, flags=bytes((message.flags[0] & ~REPORTABLE,)))
    assert agent.process(quiet.encode()) is None
    assert agent.counted() == {counter: 1}


@pytest.mark.parametrize("name", ["viewer", "operator"])
def test_a_message_of_another_time_is_told_the_time_by_someone_who_has_the_key(
    agent: Agent, name: str
) -> None:
    agent.clock.advance(1000)
    keys = UserKeys(name.encode(), KEYS[name].hmac)
    for boots, time_s in (
        (0, 0),
        (BOOTS - 1, 1000),
        (BOOTS + 1, 1000),
        (BOOTS, 849),
        (BOOTS, 1151),
    ):
        answer = agent.process(ask(name, SET, boots=boots, time_s=time_s).encode())
        assert report(answer, keys)[0] == "not_in_time_windows"
        assert isinstance(answer, bytes)
        assert parse(answer)[6:8] == (BOOTS, 1000)
    for time_s in (850, 1000, 1150):
        assert agent.process(ask(name, SET, time_s=time_s).encode()) is SLOW
    assert agent.counted() == {"not_in_time_windows": 5}
    assert agent.failed == []


def test_a_manager_may_ask_for_the_time_below_its_level(agent: Agent) -> None:
    plain = ask("operator", flags=bytes((AUTH | REPORTABLE,)))
    keys = UserKeys(b"", KEYS["operator"].hmac)
    asked = replace(plain, boots=0).encode()
    assert report(agent.process(asked), keys) == ("not_in_time_windows", 1, 11)
    assert report(agent.process(plain.encode())) == ("unsupported_sec_levels", 1, 11)


def test_a_replay_ends_with_the_window(agent: Agent) -> None:
    recorded = ask("operator", SET).encode()
    agent.clock.advance(TIME_WINDOW_S + 0.9)
    assert agent.process(recorded) is SLOW
    agent.clock.advance(0.2)
    assert agent.process(recorded) is not SLOW
    assert Agent(boots=BOOTS + 1).process(recorded) is not SLOW


def test_a_wrong_digest_is_told_before_a_wrong_time(agent: Agent) -> None:
    assert report(agent.process(ask("viewer", user=GUESS, boots=9).encode()))[0] == "wrong_digests"


def test_a_wrong_time_is_told_before_a_wrong_privacy_key(agent: Agent) -> None:
    other = replace(PEERS["operator"], priv_pass=b"another phrase")
    answer = agent.process(ask("operator", user=other, boots=9).encode())
    assert report(answer, UserKeys(b"", KEYS["operator"].hmac))[0] == "not_in_time_windows"


def test_when_the_boots_are_used_up_nobody_is_authenticated() -> None:
    agent = Agent(boots=MAX_BOOTS)
    for name in ("viewer", "operator"):
        answer = agent.process(ask(name, SET, boots=MAX_BOOTS).encode())
        assert report(answer, UserKeys(b"", KEYS[name].hmac))[0] == "not_in_time_windows"
    assert agent.reader.asked == []


@pytest.mark.parametrize("name", ["open", "viewer", "operator"])
@pytest.mark.parametrize(
    ("changes", "counter"),
    [
        ({"context": b"elsewhere"}, "unknown_contexts"),
        ({"context_engine_id": b"\x80\0\0\0\5other"}, "unknown_pdu_handlers"),
        ({"context_engine_id": b""}, "unknown_pdu_handlers"),
        ({"pdu": ber.request(ber.INFORM, [], request_id=11)}, "unknown_pdu_handlers"),
    ],
)
def test_a_known_user_is_told_in_confidence_that_there_is_no_such_thing_here(
    agent: Agent, name: str, changes: dict[str, Any], counter: str
) -> None:
    answer = agent.process(ask(name, **changes).encode())
    assert report(answer, KEYS[name]) == (counter, 1, 11)
    assert agent.counted() == {counter: 1}
    assert agent.reader.asked == []


@pytest.mark.parametrize("tag", [ber.RESPONSE, ber.REPORT])
def test_an_answer_is_no_request(agent: Agent, tag: int) -> None:
    assert agent.process(ask("operator", ber.request(tag, [])).encode()) is None
    assert (agent.counted(), agent.reader.asked) == ({}, [])


def test_other_security_models_and_impossible_flags_are_counted(agent: Agent) -> None:
    assert agent.process(ask("viewer", security_model=4).encode()) is None
    assert agent.process(ask("viewer", flags=bytes((PRIV | REPORTABLE,))).encode()) is None
    assert agent.counted() == {"unknown_security_models": 1, "invalid_messages": 1}


def test_a_user_from_outside_of_the_networks_gets_nothing(agent: Agent) -> None:
    datagram = ask("near", SET).encode()
    assert agent.process(datagram) is None
    assert agent.v3.process(datagram, ("198.51.100.7", 1)) is SLOW


def test_a_report_is_no_amplifier(agent: Agent) -> None:
    longest = Usm(b"u" * 32)
    for engine_id in (b"", ENGINE_ID, b"e" * 32):
        for data in (None, ber.sequence()):
            request = V3Message(engine_id, user=longest, data=data).encode()
            answer = agent.process(request)
            assert not isinstance(answer, Slow)
            assert answer is None or len(answer) <= min(484, 3 * len(request))


@given(
    st.sampled_from(["open", "viewer", "operator"]),
    st.integers(0, 300),
    st.binary(max_size=4),
    st.integers(0, 4),
)
def test_a_spoilt_message_of_an_authentic_user_reaches_nothing(
    name: str, position: int, replacement: bytes, removed: int
) -> None:
    agent = SHARED
    datagram = ask(name, SET).encode()
    spoilt = datagram[:position] + replacement + datagram[position + removed :]
    try:
        answer = agent.process(spoilt)
    except MalformedMessage:
        return
    if answer is SLOW and name != "open":
        assert spoilt == datagram
    if isinstance(answer, bytes):
        assert len(answer) <= min(484, 3 * len(spoilt))


SHARED = Agent()


def test_old_protocols_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    old = User("old", AuthProtocol.MD5, "old-auth-pass", PrivProtocol.DES, "old-priv-pass")
    with caplog.at_level(logging.WARNING):
        Agent(users=(*USERS.values(), old))
        assert len(caplog.records) == 1
        assert "old (md5/des)" in caplog.text
        assert "pass" not in caplog.text
        caplog.clear()
        Agent()
        assert caplog.records == []


def test_a_protocol_that_this_machine_lacks_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str, *_: str) -> Any:
        raise ciphers.CipherUnavailable(f"no {name}")

    monkeypatch.setattr(ciphers, "_found", missing)
    with pytest.raises(
        ConfigError, match=r"user operator: aes128 privacy .*no ECB.* install crypt"
    ):
        Agent()

    def refused(*_: object) -> Any:
        raise ValueError("unsupported hash type md5")

    monkeypatch.setattr("pdu_agent.snmp.keys.hashlib.new", refused)
    old = User("old", AuthProtocol.MD5, "old-auth-pass", PrivProtocol.NONE)
    with pytest.raises(ConfigError, match=r"user old: this machine has no md5 .* choose sha256"):
        Agent(users=(old,))
