# SPDX-License-Identifier: Apache-2.0
"""upsd's driver protocol as lines in and lines out; what nobody understands does nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.model.errors import CommandError, InvalidValue, OutletLocked, UnknownTarget
from pdu_agent.nut.driver.session import Session
from pdu_agent.nut.driver.status import STATUS_OF, Status
from pdu_agent.nut.words import LineReader
from tests.nut.device import Device

ID = "1bd31808-cb49-4aec-9d75-d056e6f018d2"


class Unit:
    def __init__(self) -> None:
        self.device = Device()
        self.refusals: list[str] = []

    def dump(self, only: str = "") -> bytes:
        return b"%sDATAOK\nDUMPDONE\n" % (f"SETINFO {only} x\n".encode() if only else b"")

    def refused(self, asked: str, error: Exception) -> None:
        self.refusals.append(f"{asked}: {error}")


def talk(unit: Unit, sent: bytes) -> tuple[bytes, Session]:
    session, answers = Session(unit), b""
    for line in LineReader().feed(sent):
        if isinstance(line, tuple):
            answers += session.answer(line) or b""
    return answers, session


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"DUMPALL\n", b"DATAOK\nDUMPDONE\n"),
        (b"DUMPSTATUS\n", b"SETINFO ups.status x\nDATAOK\nDUMPDONE\n"),
        (b"DUMPVALUE A.b\n", b"SETINFO a.b x\nDATAOK\nDUMPDONE\n"),
        (b"PING\nping\n", b"PONG\nPONG\n"),
        (b"NOBROADCAST\n", b""),
        (b"LOGOUT\n", b"OK Goodbye\n"),
        (b"INSTCMD load.off\n", b""),
        (f"INSTCMD load.off TRACKING {ID}\n".encode(), f"TRACKING {ID} 0\n".encode()),
        (f"INSTCMD load.off 10 TRACKING {ID}\n".encode(), f"TRACKING {ID} 0\n".encode()),
        (f'SET ups.id "Data room" tracking {ID}\n'.encode(), f"TRACKING {ID} 0\n".encode()),
    ],
)
def test_a_request_has_its_answer(sent: bytes, answered: bytes) -> None:
    assert talk(Unit(), sent)[0] == answered


def test_upsd_is_told_the_process() -> None:
    assert talk(Unit(), b"GETPID\n")[0] == f"PID {os.getpid()}\n".encode()


def test_what_is_asked_for_reaches_the_device() -> None:
    unit = Unit()
    talk(unit, b'INSTCMD OUTLET.1.Load.Off\nINSTCMD load.on 10\nSET Ups.Id "Data room"\nSET a ""\n')
    assert unit.device.asked == [
        ("outlet.1.load.off", None),
        ("load.on", "10"),
        ("ups.id", "Data room"),
        ("a", ""),
    ]


@pytest.mark.parametrize(
    "sent",
    [b"INSTCMD a 10 20 TRACKING 7\n", b"SET a 10 20 TRACKING 7\n"],
)
def test_more_than_one_value_is_refused(sent: bytes) -> None:
    unit = Unit()
    assert talk(unit, sent)[0] == b"TRACKING 7 2\n"
    assert unit.device.asked == []
    assert "expected one value, not 2" in unit.refusals[0]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownTarget("there is no outlet 9"), Status.UNKNOWN),
        (InvalidValue("601 is more than 600"), Status.INVALID),
        (OutletLocked("outlet 1 is locked"), Status.FAILED),
        (RuntimeError("a fault"), Status.FAILED),
    ],
)
def test_a_refusal_is_told_as_nut_has_it(error: Exception, status: Status) -> None:
    unit = Unit()
    unit.device.error = error
    told, _ = talk(unit, b"INSTCMD load.off TRACKING 7\nSET a b TRACKING 8\nSET a b\n")
    assert told == f"TRACKING 7 {status:d}\nTRACKING 8 {status:d}\n".encode()
    assert unit.refusals[0] == f"INSTCMD load.off: {error}"


def subclasses(of: type[CommandError]) -> Iterator[type[CommandError]]:
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)


def test_every_refusal_has_a_status() -> None:
    assert set(STATUS_OF) == set(subclasses(CommandError))
    assert Status.HANDLED not in STATUS_OF.values()


def test_changes_are_wanted_after_the_dump_unless_they_are_declined() -> None:
    unit = Unit()
    assert not talk(unit, b"PING\n")[1].wants_changes
    assert talk(unit, b"DUMPALL\n")[1].wants_changes
    assert not talk(unit, b"DUMPALL\nNOBROADCAST\n")[1].wants_changes
    assert not talk(unit, b"BROADCAST 0\nDUMPALL\n")[1].wants_changes
    assert talk(unit, b"NOBROADCAST\nDUMPALL\nBROADCAST\n")[1].wants_changes
    assert not talk(unit, b"DUMPALL\nLOGOUT\n")[1].wants_changes


REQUESTS = st.sampled_from(
    ["DUMPALL", "PING", "GETPID", "INSTCMD", "SET", "BROADCAST", "TRACKING", "LOGOUT", "GET"]
)


@given(st.lists(REQUESTS | st.text(max_size=8), min_size=1, max_size=6))
def test_no_line_ends_the_conversation_but_goodbye(words: list[str]) -> None:
    session = Session(Unit())
    session.answer(tuple(words))
    assert session.answer(("PING",)) == b"PONG\n"


@pytest.mark.parametrize("line", [("INSTCMD",), ("SET", "a"), ("HELP",), ("",), ("PING", "x")])
def test_what_is_no_request_is_told_as_such(line: tuple[str, ...]) -> None:
    assert Session(Unit()).answer(line) is None
