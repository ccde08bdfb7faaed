# SPDX-License-Identifier: Apache-2.0
"""The lines of pass_persist: questions, answers, types, and garbage."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.tree import dotted
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, MibView
from pdu_agent.model.commands import Action, Actor, ConfigureOutlet, OutletSetting, SwitchOutlet
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.passthrough_lines import (
    MAX_LINE_OCTETS,
    MAX_LINES,
    LineSession,
    NotAnExchange,
    PassService,
    read_oid,
    read_value,
    shown,
)
from pdu_agent.snmp.passthrough_settings import PassPersistSettings
from tests.snmp.agentx_rig import lent, quiet_unit
from tests.snmp.rig import COMMAND, LOCKED_OUTLET, NAME, ON_DELAY, OUTLET, STATE, Core


class Pass:
    def __init__(
        self, rights: Rights = Rights.WRITE, outlets: dict[str, Rights] | None = None
    ) -> None:
        self.core = Core(quiet_unit())
        self.view = MibView(lent(self.core))
        settings = PassPersistSettings(rights=rights, outlets=outlets or {})
        self.failures: list[Exception] = []
        service = PassService(
            self.view,
            self.core,
            Credential("pass_persist", settings.grant()),
            Actor("snmp", "pass_persist", "/pass.sock"),
        )
        self.session = LineSession(service, self.failures.append)

    def ask(self, *lines: str) -> str:
        answer = self.session.feed("".join(f"{line}\n" for line in lines).encode("latin-1"))
        return answer.decode("latin-1")


def cell(column: int, row: int) -> str:
    return f".{dotted((*OUTLET, column, row))}"


def test_known_exchanges() -> None:
    peer = Pass()
    assert peer.ask("PING") == "PONG\n"
    assert peer.ask("get", cell(NAME, 2)) == f"{cell(NAME, 2)}\nstring\nOutlet 2\n"
    assert peer.ask("getnext", cell(NAME, 2)) == f"{cell(NAME, 3)}\nstring\nOutlet 3\n"
    assert peer.ask("get", cell(STATE, 1)) == f"{cell(STATE, 1)}\ninteger\n1\n"
    assert peer.ask("get", cell(STATE, 99)) == "NONE\n"
    assert peer.ask("getnext", ".2") == "NONE\n"
    assert peer.ask("set", cell(COMMAND, 1), "integer 2") == "DONE\n"
    assert peer.ask("set", cell(NAME, 1), 'string "a "pump""') == "DONE\n"
    assert peer.core.submitted == [
        [SwitchOutlet(1, Action.OFF)],
        [ConfigureOutlet(1, OutletSetting.NAME, 'a "pump"')],
    ]
    assert peer.core.actors[-1].who == "pass_persist"


REFUSED = [
    (cell(COMMAND, 99), "integer 2", "no-creation"),
    (cell(COMMAND, LOCKED_OUTLET), "integer 2", "inconsistent-value"),
    (cell(COMMAND, 1), 'string "2"', "wrong-type"),
    (cell(COMMAND, 1), "integer 99", "wrong-value"),
    (cell(ON_DELAY, 1), "gauge 7201", "wrong-value"),
    (cell(NAME, 1), f'string "{"x" * 33}"', "wrong-length"),
    (cell(STATE, 1), "integer 2", "not-writable"),
    (cell(COMMAND, 1), "integer two", "wrong-type"),
    (cell(COMMAND, 1), "colour blue", "wrong-type"),
    (cell(COMMAND, 1), "", "wrong-type"),
    ("nonsense", "integer 2", "no-creation"),
]


@pytest.mark.parametrize(("oid", "value", "reason"), REFUSED)
def test_a_refused_set_says_why(oid: str, value: str, reason: str) -> None:
    peer = Pass()
    assert peer.ask("set", oid, value) == f"{reason}\n"
    assert peer.core.submitted == []


def test_walking_finds_every_instance_with_its_value() -> None:
    peer = Pass()
    oid: Oid = ()
    name = ".0"
    while (step := peer.view.next(oid, peer.core.snapshot)) is not END_OF_MIB_VIEW:
        oid, value = step
        name, kind, text = peer.ask("getnext", name).splitlines()
        assert read_oid(name) == oid
        assert (kind, text) == shown(value)
        assert peer.ask("get", name) == f"{name}\n{kind}\n{text}\n"
    assert peer.ask("getnext", name) == "NONE\n"


@pytest.mark.parametrize(
    ("rights", "outlets", "shown_rows"),
    [
        (Rights.NONE, {}, []),
        (Rights.NONE, {"2": Rights.READ}, [2]),
        (Rights.READ, {}, [1, 2, 3, 4]),
    ],
)
def test_only_what_is_granted_is_shown_and_done(
    rights: Rights, outlets: dict[str, Rights], shown_rows: list[int]
) -> None:
    peer = Pass(rights, outlets)
    rows = [row for row in range(1, 5) if peer.ask("get", cell(NAME, row)) != "NONE\n"]
    assert rows == shown_rows
    walked, name = [], f".{dotted((*OUTLET, NAME))}"
    while (answer := peer.ask("getnext", name)).startswith(f".{dotted((*OUTLET, NAME))}."):
        name = answer.splitlines()[0]
        walked.append(int(name.rpartition(".")[2]))
    assert walked == shown_rows
    assert peer.ask("set", cell(COMMAND, 2), "integer 2") == "no-access\n"
    assert peer.core.submitted == []
    assert [str(actor) for _, actor, _ in peer.core.refused] == [
        "snmp pass_persist from /pass.sock"
    ]


NUMBERS = {
    "integer": (Tag.INTEGER, -(2**31), 2**31 - 1),
    "counter": (Tag.COUNTER32, 0, 2**32 - 1),
    "gauge": (Tag.UNSIGNED32, 0, 2**32 - 1),
    "timeticks": (Tag.TIME_TICKS, 0, 2**32 - 1),
    "counter64": (Tag.COUNTER64, 0, 2**64 - 1),
}


@pytest.mark.parametrize("word", NUMBERS)
def test_numbers_within_their_range(word: str) -> None:
    tag, least, most = NUMBERS[word]
    for number in (least, most):
        assert read_value(f"{word} {number}") == Value(tag, number)
        assert shown(Value(tag, number)) == (word, str(number))
    assert read_value(f"{word} {most + 1}") is None
    assert read_value(f"{word} {least - 2**31 - 1}") is None


def test_snmpd_prints_large_gauges_with_a_sign() -> None:
    assert read_value("gauge -1") == Value(Tag.UNSIGNED32, 0xFFFF_FFFF)


@given(st.binary(max_size=80))
def test_any_string_can_be_shown_and_is_one_line(octets: bytes) -> None:
    word, text = shown(Value(Tag.OCTET_STRING, octets))
    assert "\n" not in text
    assert read_value(f'{word} "{text}"') == Value(Tag.OCTET_STRING, octets)


def test_other_types() -> None:
    for value, word, text in (
        (Value(Tag.OBJECT_IDENTIFIER, (1, 3, 6)), "objectid", ".1.3.6"),
        (Value(Tag.IP_ADDRESS, bytes((192, 0, 2, 1))), "ipaddress", "192.0.2.1"),
        (Value(Tag.OPAQUE, b"\x9f"), "opaque", "9f"),
        (Value(Tag.OCTET_STRING, b"\0\xff"), "octet", "00 ff"),
        (Value(Tag.OCTET_STRING, b""), "string", ""),
    ):
        assert shown(value) == (word, text)
        assert read_value(f"{word} {text}") == value
    for wrong in ("ipaddress 1.2.3", "ipaddress 1.2.3.256", "objectid x", "octet zz"):
        assert read_value(wrong) is None


def test_lines_may_arrive_in_pieces() -> None:
    peer = Pass()
    question = f"get\n{cell(NAME, 1)}\nPING\n".encode()
    answer = b"".join(peer.session.feed(bytes((octet,))) for octet in question)
    assert answer == f"{cell(NAME, 1)}\nstring\nOutlet 1\nPONG\n".encode()


@pytest.mark.parametrize("data", [b"x" * (MAX_LINE_OCTETS + 1), b"PING\n" * (MAX_LINES + 1)])
def test_who_asks_for_too_much_is_left(data: bytes) -> None:
    with pytest.raises(NotAnExchange):
        Pass().session.feed(data)


def test_empty_lines_between_questions_mean_nothing() -> None:
    assert Pass().ask("", "PING", "", "", "get", cell(STATE, 99), "") == "PONG\nNONE\n"


def test_garbage_is_answered_with_none() -> None:
    peer = Pass()
    for line in ("hello", "GETNEXT x", "\0\xff", "get.1"):
        assert peer.ask(line) == "NONE\n"
    for oid in ("", "x", "1..2", ".", "-1", "1." * 200 + "1", "99999999999", "1.4294967296"):
        assert peer.ask("get", oid) == "NONE\n"
    assert peer.ask("PING") == "PONG\n"


def test_a_defect_of_ours_costs_one_question() -> None:
    peer = Pass()
    peer.core.snapshot = replace(peer.core.snapshot, outlets=(None,))  # type: ignore[arg-type]
    assert peer.ask("get", cell(NAME, 1)) == "NONE\n"
    assert peer.ask("set", cell(NAME, 1), 'string "a"') == "gen-error\n"
    assert peer.ask("PING") == "PONG\n"
    assert len(peer.failures) == 2


def test_no_line_breaks_it() -> None:
    chance = random.Random(705)
    peer = Pass(Rights.READ)
    seeds = [
        b"get\n" + cell(NAME, 1).encode() + b"\n",
        b"getnext\n.1.3.6.1.4.1\n",
        b"set\n" + cell(COMMAND, 1).encode() + b"\ninteger 2\n",
        b"PING\n",
    ]
    for _ in range(10_000):
        line = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(4)):
            line[chance.randrange(len(line))] = chance.randrange(256)
        try:
            peer.session.feed(bytes(line))
        except NotAnExchange:
            peer = Pass(Rights.READ)
        assert peer.core.submitted == []
        assert peer.failures == []
