# SPDX-License-Identifier: Apache-2.0
"""Datagrams in, datagrams out: versions, users, Reports, limits, counters."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.model.commands import Action, SwitchOutlet
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.access import AccessPolicy
from pdu_agent.snmp.credentials import AuthProtocol, Community, PrivProtocol, User
from pdu_agent.snmp.engine import Engine
from pdu_agent.snmp.security import check_privacy
from pdu_agent.snmp.settings import SnmpSettings
from pdu_agent.snmp.source import Source
from pdu_agent.snmp.stack import StatusInformation, config
from pdu_agent.snmp.v3 import MAX_BOOTS
from tests.snmp import ber
from tests.snmp.mutations import ENGINE_ID, SYS_DESCR
from tests.snmp.rig import BASE, COMMAND, LOCKED_OUTLET, NAME, OUTLET, STATE, USERS, Rig

UNKNOWN_ENGINE_IDS = (1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0)
UNKNOWN_USER_NAMES = (1, 3, 6, 1, 6, 3, 15, 1, 1, 3, 0)
UNSUPPORTED_LEVELS = (1, 3, 6, 1, 6, 3, 15, 1, 1, 1, 0)
NOT_IN_TIME_WINDOWS = (1, 3, 6, 1, 6, 3, 15, 1, 1, 2, 0)
WRONG_DIGESTS = (1, 3, 6, 1, 6, 3, 15, 1, 1, 5, 0)
UNKNOWN_CONTEXTS = (1, 3, 6, 1, 6, 3, 12, 1, 5, 0)

BOOTS = 3
SWITCHER_KEY = ber.password_key(b"switcher-auth-pass", ENGINE_ID)
OFF = ber.integer(2)
SOURCE = ("192.0.2.9", 4000)
SWITCH_OFF = ber.request(ber.SET, [(*OUTLET, COMMAND, 1)], [OFF])


@pytest.fixture(scope="module")
def shared() -> Rig:
    return Rig(boots=BOOTS)


@pytest.fixture
def rig(shared: Rig) -> Rig:
    shared.core.submitted.clear()
    return shared


class Answer:
    """A decoded answer: kind, status, index, varbinds as (oid, node)."""

    def __init__(self, datagram: bytes | None) -> None:
        assert datagram is not None, "no answer"
        tree = ber.decode(datagram)[1]
        assert isinstance(tree, list)
        if len(tree) == 3:
            pdu = tree[2]
        else:
            scoped = tree[3][1]
            assert isinstance(scoped, list)
            pdu = scoped[2]
        self.kind, fields = pdu
        assert isinstance(fields, list)
        self.request_id, self.status, self.index = map(ber.to_int, fields[:3])
        bindings = fields[3][1]
        assert isinstance(bindings, list)
        self.varbinds = [(ber.to_oid(node[1][0]), node[1][1]) for node in bindings]

    @property
    def names(self) -> list[tuple[int, ...]]:
        return [name for name, _ in self.varbinds]


def community(rig: Rig, pdu: ber.Node, name: bytes = b"public", version: int = 1) -> bytes | None:
    return rig.process(ber.encode(ber.message(version, name, pdu)))


def as_switcher(
    rig: Rig,
    pdu: ber.Node,
    ask: Callable[[bytes, Source], bytes | None] | None = None,
    **changes: object,
) -> bytes | None:
    fields: dict[str, object] = {
        "engine_id": ENGINE_ID,
        "user": b"switcher",
        "boots": BOOTS,
        "time_s": int(rig.clock.monotonic_s() - 1000),
        "flags": 0x05,
        "key": SWITCHER_KEY,
    }
    message = ber.v3_message(pdu, **{**fields, **changes})  # type: ignore[arg-type]
    return (ask or rig.engine.process)(message, SOURCE)


@pytest.mark.parametrize("version", [0, 1])
def test_a_community_request_is_answered_in_its_version(rig: Rig, version: int) -> None:
    reply = community(rig, ber.request(ber.GET, [SYS_DESCR], request_id=-9), version=version)
    assert reply is not None
    tree = ber.decode(reply)[1]
    assert isinstance(tree, list)
    assert tree[:2] == [ber.integer(version), ber.string(b"public")]
    answer = Answer(reply)
    assert (answer.kind, answer.request_id, answer.status) == (ber.RESPONSE, -9, 0)
    assert answer.varbinds == [(SYS_DESCR, ber.string(b"OpenPDU-8, OpenPDU agent 0.1.0"))]


@pytest.mark.parametrize("version", [0, 1])
def test_a_refused_set_blames_the_right_varbind(rig: Rig, version: int) -> None:
    names = [(*OUTLET, COMMAND, row) for row in (1, LOCKED_OUTLET, 4)]
    reply = community(rig, ber.request(ber.SET, names, [OFF] * 3), b"private", version)
    answer = Answer(reply)
    assert (answer.status, answer.index) == ((3, 2) if version == 0 else (12, 2))
    assert answer.varbinds == [(name, OFF) for name in names]
    assert rig.core.submitted == []


def test_values_of_every_wire_type_come_back_as_they_were_sent(rig: Rig) -> None:
    values = [
        ber.integer(-(2**31)),
        ber.string(b"\0\xff"),
        ber.null(),
        ber.oid((1, 3, 6, 1, 2**32 - 1)),
        (0x40, bytes(4)),
        ber.integer(2**32 - 1, 0x41),
        ber.integer(2**32 - 1, 0x42),
        ber.integer(0, 0x43),
        (0x44, b"opaque"),
    ]
    names = [(1, 3, 9, number) for number in range(len(values))]
    for version in (0, 1):
        pdu = ber.request(ber.SET, names, list(values))
        assert Answer(community(rig, pdu, b"private", version)).varbinds == list(
            zip(names, values, strict=True)
        )


def test_a_wrong_community_is_met_with_silence_and_counted(rig: Rig) -> None:
    before = rig.counters.in_bad_community_names
    many = [SYS_DESCR] * 200
    assert community(rig, ber.request(ber.GET, [SYS_DESCR]), b"guess") is None
    assert community(rig, ber.request(ber.GET, many), b"guess") is None
    assert rig.counters.in_bad_community_names == before + 2


def test_of_a_stranger_no_more_is_read_than_the_community(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rig.counters.in_bad_community_names
    monkeypatch.setattr("pdu_agent.snmp.engine.open_envelope", lambda _: pytest.fail("read on"))
    for version in (0, 1):
        assert community(rig, SWITCH_OFF, b"guess", version) is None
    assert rig.counters.in_bad_community_names == before + 2


def test_a_long_community_is_known_by_its_content_and_not_by_its_length_octets() -> None:
    secret = "long" * 32 + "!"
    rig = Rig(users=(), communities=(Community("long", secret),))
    read = ber.request(ber.GET, [SYS_DESCR])
    assert Answer(community(rig, read, secret.encode())).status == 0
    header = b"\x02\x01\x01\x04" + bytes((len(secret),)) + secret.encode()
    content = header + ber.encode(read)
    assert rig.process(b"\x30\x81" + bytes((len(content),)) + content) is None


def test_a_community_without_the_right_is_counted(rig: Rig) -> None:
    before = rig.counters.in_bad_community_uses
    assert Answer(community(rig, SWITCH_OFF)).status == 6
    assert Answer(community(rig, SWITCH_OFF, version=0)).status == 2
    assert rig.counters.in_bad_community_uses == before + 2
    assert rig.core.submitted == []


def test_other_versions_and_broken_messages_are_counted_each_in_its_place(rig: Rig) -> None:
    counters = rig.counters
    packets, versions = counters.in_packets, counters.in_bad_versions
    errors, names = counters.in_asn_parse_errors, counters.in_bad_community_names
    for version in (2, 2**32, 2**32 + 1):
        assert community(rig, SWITCH_OFF, b"private", version) is None
    assert rig.process(b"\x30\x80") is None
    for tag in (ber.RESPONSE, ber.TRAP, ber.INFORM):
        assert community(rig, ber.request(tag, [SYS_DESCR])) is None
    assert (counters.in_packets, counters.in_bad_versions) == (packets + 7, versions + 3)
    assert (counters.in_asn_parse_errors, counters.in_bad_community_names) == (errors + 1, names)
    assert rig.core.submitted == []


def test_the_counters_are_served(rig: Rig) -> None:
    in_packets = (1, 3, 6, 1, 2, 1, 11, 1, 0)
    expected = rig.counters.in_packets + 1
    answer = Answer(community(rig, ber.request(ber.GET, [in_packets])))
    assert answer.varbinds == [(in_packets, ber.integer(expected, 0x41))]


@pytest.mark.parametrize("version", [0, 1])
def test_hundreds_of_varbinds_are_too_big(rig: Rig, version: int) -> None:
    for count in (129, 3000):
        answer = Answer(community(rig, ber.request(ber.GET, [SYS_DESCR] * count), version=version))
        assert (answer.status, answer.index, answer.varbinds) == (1, 0, [])
    assert Answer(community(rig, ber.request(ber.GET, [(1, 3)] * 128))).status == 0


def test_a_greedy_getbulk_gets_no_more_than_one_frame() -> None:
    rig = Rig(outlets=48)
    for name in (BASE, (1, 3)):
        pdu = ber.request(ber.GET_BULK, [name], status=0, index=2**31 - 1)
        reply = community(rig, pdu)
        assert reply is not None
        assert 900 < len(reply) <= 1472
        assert len(Answer(reply).varbinds) <= 50
    wide = ber.request(ber.GET_BULK, [(*OUTLET, NAME)] * 40, index=2**31 - 1)
    reply = community(rig, wide)
    assert reply is not None
    assert 1400 < len(reply) <= 1472


def test_a_v3_answer_may_be_larger_but_not_beyond_what_the_peer_takes() -> None:
    rig = Rig(outlets=48, boots=BOOTS)
    pdu = ber.request(ber.GET_BULK, [(*OUTLET, NAME)] * 40, index=2**31 - 1)
    for max_size, least in ((65507, 7800), (1000, 700), (484, 200)):
        reply = as_switcher(rig, pdu, max_size=max_size)
        assert reply is not None
        assert least < len(reply) <= min(8192, max_size)
    assert rig.counters.silent_drops == 0


def test_the_engine_can_be_discovered(rig: Rig) -> None:
    reply = rig.process(ber.v3_message(ber.request(ber.GET, [], request_id=31), b""))
    answer = Answer(reply)
    assert (answer.kind, answer.names) == (ber.REPORT, [UNKNOWN_ENGINE_IDS])
    assert answer.request_id == 31
    assert reply is not None
    assert ENGINE_ID in reply
    assert len(reply) < 3 * 60


@pytest.mark.parametrize("flags", [0x04, 0x05])
def test_another_engine_id_is_reported_as_unknown(rig: Rig, flags: int) -> None:
    reply = as_switcher(rig, SWITCH_OFF, engine_id=b"\x80\0\0\0\x05other", flags=flags)
    assert Answer(reply).names == [UNKNOWN_ENGINE_IDS]
    assert rig.core.submitted == []


@pytest.mark.parametrize("user", [b"", b"nobody"])
@pytest.mark.parametrize("flags", [0x04, 0x05])
def test_an_unknown_user_is_reported(rig: Rig, user: bytes, flags: int) -> None:
    reply = as_switcher(rig, SWITCH_OFF, user=user, flags=flags)
    assert Answer(reply).names == [UNKNOWN_USER_NAMES]
    assert rig.core.submitted == []


def test_a_user_below_the_configured_level_is_reported_and_gets_nothing(rig: Rig) -> None:
    operator_key = ber.password_key(b"operator-auth-pass", ENGINE_ID)
    read = ber.request(ber.GET, [SYS_DESCR])
    for pdu in (read, SWITCH_OFF):
        for changes in (
            {"flags": 0x04, "key": None},
            {"user": b"operator", "flags": 0x04, "key": None},
            {"user": b"operator", "key": operator_key},
        ):
            reply = as_switcher(rig, pdu, **changes)
            assert Answer(reply).names == [UNSUPPORTED_LEVELS]
    assert rig.core.submitted == []


def test_a_level_below_the_configured_one_does_not_help_at_boot_and_time_zero(rig: Rig) -> None:
    operator_key = ber.password_key(b"operator-auth-pass", ENGINE_ID)
    reply = as_switcher(rig, SWITCH_OFF, user=b"operator", key=operator_key, boots=0, time_s=0)
    assert Answer(reply).names == [NOT_IN_TIME_WINDOWS]
    assert rig.core.submitted == []


def test_a_wrong_password_gets_a_report_and_changes_nothing(rig: Rig) -> None:
    for key in (b"guess" * 6, SWITCHER_KEY[:-1] + b"?"):
        reply = as_switcher(rig, SWITCH_OFF, key=key)
        assert Answer(reply).names == [WRONG_DIGESTS]
        assert reply is not None
        assert len(reply) < 484
    assert rig.core.submitted == []


def test_a_set_by_an_authenticated_user_is_accepted(rig: Rig) -> None:
    assert Answer(as_switcher(rig, SWITCH_OFF)).status == 0
    assert rig.core.submitted == [[SwitchOutlet(1, Action.OFF)]]
    assert (rig.core.actors[-1].who, rig.core.actors[-1].address) == ("switcher", "192.0.2.9:4000")


def test_a_message_from_the_past_or_another_boot_is_not_in_time(rig: Rig) -> None:
    now_s = int(rig.clock.monotonic_s() - 1000)
    rig.clock.advance(151)
    for changes in ({"time_s": now_s}, {"boots": BOOTS - 1}, {"boots": BOOTS + 1}):
        assert Answer(as_switcher(rig, SWITCH_OFF, **changes)).names == [NOT_IN_TIME_WINDOWS]
    assert Answer(as_switcher(rig, ber.request(ber.GET, [SYS_DESCR]))).status == 0
    assert rig.core.submitted == []


def test_reads_and_sets_go_by_one_engine_time(rig: Rig) -> None:
    own = OwnEngine(ENGINE_ID, BOOTS, lambda: 5000, 8192)
    engine = Engine(own, USERS, rig.policy, rig.reader, rig.operations, rig.limits, rig.counters)
    read = ber.request(ber.GET, [SYS_DESCR])
    for pdu in (read, SWITCH_OFF):
        reply = as_switcher(rig, pdu, ask=engine.process, time_s=5000)
        assert Answer(reply).status == 0
    assert rig.core.submitted == [[SwitchOutlet(1, Action.OFF)]]


def test_setting_the_wall_clock_does_not_shut_users_out(rig: Rig) -> None:
    rig.clock.jump_wall(10 * 365 * 86_400)
    assert Answer(as_switcher(rig, ber.request(ber.GET, [SYS_DESCR]))).status == 0


def test_when_the_boots_are_used_up_nobody_is_authenticated() -> None:
    rig = Rig(boots=MAX_BOOTS)
    reply = as_switcher(rig, SWITCH_OFF, boots=MAX_BOOTS)
    assert Answer(reply).names == [NOT_IN_TIME_WINDOWS]
    assert rig.core.submitted == []
    assert Answer(community(rig, ber.request(ber.GET, [SYS_DESCR]))).status == 0


@pytest.mark.parametrize(("engine_id", "boots"), [(b"1234", 1), (b"x" * 33, 1), (ENGINE_ID, 0)])
def test_an_identity_that_cannot_be_is_our_own_mistake(engine_id: bytes, boots: int) -> None:
    rig = Rig(users=())
    with pytest.raises(ValueError, match="engine ID"):
        Engine(
            OwnEngine(engine_id, boots, lambda: 0, 8192),
            (),
            rig.policy,
            rig.reader,
            rig.operations,
            rig.limits,
            rig.counters,
        )


def test_another_context_is_reported(rig: Rig) -> None:
    reply = as_switcher(rig, SWITCH_OFF, context=b"elsewhere")
    assert Answer(reply).names == [UNKNOWN_CONTEXTS]
    assert rig.core.submitted == []


def test_an_agent_without_credentials_answers_only_discovery() -> None:
    rig = Rig(users=(), communities=())
    for name in (b"public", b"private", b""):
        assert community(rig, ber.request(ber.GET, [SYS_DESCR]), name) is None
    assert Answer(rig.process(ber.v3_message(ber.request(ber.GET, []), b""))).kind == ber.REPORT
    assert Answer(as_switcher(rig, SWITCH_OFF)).names == [UNKNOWN_USER_NAMES]


def test_a_defect_of_ours_is_a_generr_and_told_once_for_each_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(users=())
    rig.core.snapshot = replace(rig.core.snapshot, device=None)  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert Answer(community(rig, ber.request(ber.GET, [SYS_DESCR]))).status == 5
    assert len(caplog.records) == 2
    assert all(record.exc_info is not None for record in caplog.records)
    cell = ber.request(ber.GET, [(*OUTLET, NAME, 1)])
    assert Answer(community(rig, cell)).status == 0


def test_a_defect_outside_of_the_operations_is_no_malformed_message(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig.clock.advance(3600)
    before = rig.counters.in_asn_parse_errors
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr("pdu_agent.snmp.pysnmp_path.write_varbinds", lambda *_: 1 / 0)
        assert community(rig, SWITCH_OFF, b"private") is None
    assert "SNMP requests failed" in caplog.text
    assert rig.counters.in_asn_parse_errors == before


def test_a_defect_of_the_quick_way_costs_one_answer_and_one_line(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig.clock.advance(3600)
    before = rig.counters.in_asn_parse_errors
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(rig.engine._v3, "process", lambda *_: 1 / 0)
        for _ in range(3):
            assert as_switcher(rig, SWITCH_OFF) is None
    assert caplog.text.count("SNMP messages failed") == 1
    assert rig.counters.in_asn_parse_errors == before


def test_what_pysnmp_lets_out_is_a_malformed_message_without_traceback(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RecursionError

    rig.clock.advance(3600)
    before = rig.counters.in_asn_parse_errors
    dispatcher = rig.engine._pysnmp_path._pysnmp.engine.message_dispatcher
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(dispatcher, "receive_message", broken)
        assert community(rig, SWITCH_OFF, b"private") is None
    assert "RecursionError while decoding" in caplog.text
    assert "Traceback" not in caplog.text
    assert rig.counters.in_asn_parse_errors == before + 1


def test_whom_the_policy_does_not_know_gets_nothing_even_if_authentic() -> None:
    rig = Rig(boots=BOOTS)
    rig.engine._v3._policy = rig.engine._pysnmp_path._policy = AccessPolicy((), ())
    assert as_switcher(rig, SWITCH_OFF) is None
    assert as_switcher(rig, SWITCH_OFF, ask=rig.engine.through_pysnmp) is None
    assert rig.core.submitted == []


def test_an_answer_that_is_dropped_for_its_size_is_counted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rig.counters.silent_drops
    monkeypatch.setattr(rig.engine._pysnmp_path, "_room", lambda _: 100_000)
    pdu = ber.request(ber.GET, [SYS_DESCR] * 40)
    assert as_switcher(rig, pdu, max_size=484, ask=rig.engine.through_pysnmp) is None
    assert rig.counters.silent_drops == before + 1


def test_privacy_that_does_not_work_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    check_privacy(USERS)

    def broken(*_: object) -> None:
        raise StatusInformation(errorIndication="Ciphering services not available")

    service = config.PRIV_SERVICES[config.USM_PRIV_CFB128_AES]
    monkeypatch.setattr(service, "encrypt_data", broken)
    with pytest.raises(ConfigError, match=r"aes128 privacy .* cryptography 47"):
        Rig(users=USERS)


def test_pysnmp_is_given_no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    add_v3_user = config.add_v3_user

    def noted(*arguments: object, **options: object) -> None:
        given.extend(arguments)
        add_v3_user(*arguments, **options)

    monkeypatch.setattr(config, "add_v3_user", noted)
    Rig()
    secrets = {user.auth_pass.encode() for user in USERS} | {b"operator-priv-pass"}
    assert len(given) == 6 * len(USERS)
    assert not any(isinstance(item, bytes) and item in secrets for item in given)
    assert not any(isinstance(item, str) for item in given)


def test_nothing_of_a_request_outlives_it(rig: Rig) -> None:
    ask = rig.engine.through_pysnmp
    for _ in range(3):
        as_switcher(rig, SWITCH_OFF, ask=ask, key=b"wrong" * 5)
        as_switcher(rig, SWITCH_OFF, ask=ask, flags=0x01, user=b"nobody")
        as_switcher(rig, SWITCH_OFF, ask=ask)
        community(rig, SWITCH_OFF)
    engine = rig.engine._pysnmp_path._pysnmp.engine
    for model in engine.security_models.values():
        assert model._cache.is_empty()
    dispatcher = vars(engine.message_dispatcher)
    assert dispatcher["_MsgAndPduDispatcher__transportInfo"] == {}
    timeline = vars(engine.security_models[3])
    assert timeline["_SnmpUSMSecurityModel__timelineExpQueue"] == {}


def test_reading_is_served_to_every_state(rig: Rig) -> None:
    for row in range(1, 5):
        answer = Answer(community(rig, ber.request(ber.GET, [(*OUTLET, STATE, row)])))
        assert answer.varbinds == [((*OUTLET, STATE, row), ber.integer(1))]


def test_a_wrong_community_never_reaches_pysnmp_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig(users=(), communities=(Community("here", "public", networks=("198.51.100.0/24",)),))
    monkeypatch.setattr(rig.engine._pysnmp_path, "process", lambda *_: pytest.fail("reached"))
    for version in (0, 1):
        for name in (b"public", b"guess", b""):
            for pdu in (ber.request(ber.GET, [SYS_DESCR]), SWITCH_OFF):
                assert community(rig, pdu, name, version) is None
    assert rig.counters.in_bad_community_names == 12
    assert rig.auth_failures == ["192.0.2.9"] * 12
    question = ber.encode(ber.message(1, b"public", ber.request(ber.GET, [SYS_DESCR])))
    assert Answer(rig.engine.process(question, ("198.51.100.3", 4000))).status == 0


def test_plain_reads_and_v3_reads_do_not_take_the_long_way(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = ber.request(ber.GET, [(*OUTLET, NAME, 1)])
    with monkeypatch.context() as patch:
        patch.setattr(rig.engine._pysnmp_path, "process", lambda *_: pytest.fail("long way"))
        for version in (0, 1):
            assert Answer(community(rig, read, version=version)).status == 0
        assert Answer(as_switcher(rig, read)).status == 0


@pytest.mark.parametrize("version", [0, 1])
def test_both_ways_give_the_same_datagram(rig: Rig, version: int) -> None:
    for name in (b"public", b"private"):
        for tag in (ber.GET, ber.GET_NEXT, ber.GET_BULK)[: 2 + version]:
            for oids in ([SYS_DESCR], [BASE, (1, 3), (2, 9)], [(*OUTLET, NAME, 9)] * 20, []):
                pdu = ber.request(tag, oids, index=20 * (tag == ber.GET_BULK))
                datagram = ber.encode(ber.message(version, name, pdu))
                assert rig.process(datagram) == rig.engine.through_pysnmp(datagram, SOURCE)


def test_a_trusted_network_gets_larger_answers() -> None:
    rig = Rig(outlets=48, users=(), settings=SnmpSettings(trusted_networks=("192.0.2.0/24",)))
    pdu = ber.request(ber.GET_BULK, [(*OUTLET, NAME)] * 40, index=50)
    datagram = ber.encode(ber.message(1, b"public", pdu))
    near, far = (
        rig.engine.process(datagram, (host, 4000)) for host in ("192.0.2.9", "198.51.100.9")
    )
    assert near is not None
    assert far is not None
    assert 8000 < len(near) <= 8192
    assert 1400 < len(far) <= 1472


def test_a_user_without_authentication_gets_no_larger_answers_than_a_community() -> None:
    rig = Rig(
        outlets=48,
        users=(User("open", AuthProtocol.NONE, "", PrivProtocol.NONE),),
        settings=SnmpSettings(trusted_networks=("198.51.100.0/24",)),
    )
    pdu = ber.request(ber.GET_BULK, [(*OUTLET, NAME)] * 40, index=50)
    datagram = ber.v3_message(pdu, ENGINE_ID, b"open", BOOTS, 0, flags=0x04)
    for ask in (rig.engine.process, rig.engine.through_pysnmp):
        far, near = (ask(datagram, (host, 4000)) for host in ("192.0.2.9", "198.51.100.9"))
        assert far is not None
        assert near is not None
        assert 1100 < len(far) <= 1472
        assert 7800 < len(near) <= 8192


def test_a_source_over_its_rate_is_dropped_counted_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(users=(), settings=SnmpSettings(requests_per_s=1, request_burst=3))
    read = ber.request(ber.GET, [SYS_DESCR])
    answers = [community(rig, read) for _ in range(10)]
    assert [answer is not None for answer in answers] == [True] * 3 + [False] * 7
    assert (rig.counters.dropped_rate, rig.counters.in_packets) == (7, 10)
    assert [record.getMessage() for record in caplog.records] == [
        "1 SNMP messages over the rate ignored, the last from 192.0.2.9:4000:"
        " more than requests_per_s"
    ]
    rig.clock.advance(1)
    assert community(rig, read) is not None


def test_what_is_remembered_of_right_communities_is_bounded(rig: Rig) -> None:
    question = ber.encode(ber.message(1, b"public", ber.request(ber.GET, [SYS_DESCR])))
    for number in range(3000):
        host = f"10.0.{number >> 8}.{number & 255}"
        assert rig.engine.process(question, (host, 4000)) is not None
    assert len(rig.engine._admitted) <= 1024


def test_a_version_in_long_form_is_not_a_way_around_user_security(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.engine._pysnmp_path, "process", lambda *_: pytest.fail("reached"))
    plain = ber.v3_message(SWITCH_OFF, ENGINE_ID, b"nobody")
    body = plain[plain.index(b"\x02\x01\x03") :]
    rig.process(ber.encode((0x30, b"\x02\x02\x00" + body[2:])))
    assert rig.core.submitted == []
