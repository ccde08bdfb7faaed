# SPDX-License-Identifier: Apache-2.0
"""The lines that snmpd and a `pass_persist` program exchange (snmpd.conf(5)). No I/O.

    PING                    PONG
    get       .OID          .OID, type, value; or NONE
    getnext   .OID          as get
    set       .OID          DONE, or what RFC 3416 calls the error: not-writable
              type value

Each word, OID and value is a line of its own; empty lines between questions mean nothing. There
is no test phase: of a SET with several varbinds, snmpd hands on one after the other, and each
is done or refused by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.tree import dotted
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, Absence, MibView, VarBind
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Actor, Controller
from pdu_agent.model.errors import OpenPduError
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.permitted import permitted_plan

MAX_LINE_OCTETS = 8192
"""snmpd's own buffer has 4096; a name of 128 numbers has 1408 at most."""
MAX_LINES = 64
"""At once: snmpd waits for each answer."""
MAX_SUBIDS = 128

NONE, DONE, PONG = "NONE", "DONE", "PONG"

_WORDS = {
    Tag.INTEGER: "integer",
    Tag.OBJECT_IDENTIFIER: "objectid",
    Tag.IP_ADDRESS: "ipaddress",
    Tag.COUNTER32: "counter",
    Tag.UNSIGNED32: "gauge",
    Tag.TIME_TICKS: "timeticks",
    Tag.OPAQUE: "opaque",
    Tag.COUNTER64: "counter64",
}
_NUMBERS = {
    "integer": (Tag.INTEGER, -0x8000_0000, 0x7FFF_FFFF),
    "counter": (Tag.COUNTER32, 0, 0xFFFF_FFFF),
    "gauge": (Tag.UNSIGNED32, 0, 0xFFFF_FFFF),
    "unsigned": (Tag.UNSIGNED32, 0, 0xFFFF_FFFF),
    "timeticks": (Tag.TIME_TICKS, 0, 0xFFFF_FFFF),
    "counter64": (Tag.COUNTER64, 0, 0xFFFF_FFFF_FFFF_FFFF),
}
_PRINTABLE = re.compile(rb"[ -~]*")
_OID = re.compile(r"\.?\d{1,10}(?:\.\d{1,10})*", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,20}", re.ASCII)


class NotAnExchange(OpenPduError):
    """The other side does not speak this protocol."""


class PassService:
    """Answers single questions about `view`, as far as `credential` may ask them."""

    def __init__(
        self, view: MibView, controller: Controller, credential: Credential, actor: Actor
    ) -> None:
        self._view = view
        self._writer = MibWriter(view, controller)
        self._controller = controller
        self._credential = credential
        self._actor = actor

    def get(self, oid: Oid) -> VarBind | None:
        snapshot = self._controller.snapshot
        if not self._may_read(oid, snapshot):
            return None
        value = self._view.get(oid, snapshot)
        return None if isinstance(value, Absence) else (oid, value)

    def get_next(self, oid: Oid) -> VarBind | None:
        snapshot = self._controller.snapshot
        step = self._view.next(oid, snapshot)
        while step is not END_OF_MIB_VIEW and not self._may_read(step[0], snapshot):
            step = self._view.next(step[0], snapshot)
        return None if step is END_OF_MIB_VIEW else step

    def set(self, oid: Oid, value: Value) -> None:
        """Raises SetError."""
        varbinds = [(oid, value)]
        plan = permitted_plan(
            self._writer, varbinds, self._credential, self._controller.snapshot, self._actor
        )
        self._writer.submit(plan, self._actor)

    def _may_read(self, oid: Oid, snapshot: Snapshot) -> bool:
        if self._credential.reads_everything:
            return True
        place = self._view.object_of(oid)
        outlet = self._view.outlet_of(place, oid, snapshot) if place is not None else None
        return self._credential.may_read(oid, outlet)


class LineSession:
    """One connection: what has arrived in, what to send out.

    failed: told what went wrong through a defect of ours.
    """

    def __init__(self, service: PassService, failed: Callable[[Exception], None]) -> None:
        self._service = service
        self._failed = failed
        self._buffer = b""
        self._lines: list[str] = []

    def feed(self, data: bytes) -> bytes:
        """Raises NotAnExchange when there is no use in going on."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(lines) > MAX_LINES or max(map(len, (*lines, self._buffer))) > MAX_LINE_OCTETS:
            raise NotAnExchange("more than anybody asks who waits for the answer")
        answers = [self._line(line.decode("latin-1").rstrip("\r")) for line in lines]
        return "".join(answers).encode("latin-1")

    def _line(self, line: str) -> str:
        """What to answer when this line completes a question."""
        self._lines.append(line)
        word = self._lines[0].strip().lower()
        if not word:  # snmpd ends a set with one
            self._lines.clear()
            return ""
        if len(self._lines) < {"get": 2, "getnext": 2, "set": 3}.get(word, 1):
            return ""
        question, self._lines = self._lines, []
        try:
            return self._answer(word, question[1:]) + "\n"
        except Exception as exc:
            self._failed(exc)
            return ("gen-error" if word == "set" else NONE) + "\n"

    def _answer(self, word: str, rest: Sequence[str]) -> str:
        if word == "ping":
            return PONG
        oid = read_oid(rest[0]) if rest else None
        if oid is None:
            return "no-creation" if word == "set" else NONE
        if word == "set":
            return self._set(oid, rest[1])
        found = self._service.get(oid) if word == "get" else self._service.get_next(oid)
        return NONE if found is None else "\n".join((f".{dotted(found[0])}", *shown(found[1])))

    def _set(self, oid: Oid, text: str) -> str:
        value = read_value(text)
        try:
            if value is None:
                raise SetError(ErrorStatus.WRONG_TYPE, 1, f"{text[:40]!r} is no value")
            self._service.set(oid, value)
        except SetError as exc:
            return exc.status.name.lower().replace("_", "-")
        return DONE


def read_oid(text: str) -> Oid | None:
    """The OID of a line, None if there is none in it."""
    if not _OID.fullmatch(text.strip()):
        return None
    oid = tuple(map(int, text.strip().removeprefix(".").split(".")))
    return oid if len(oid) <= MAX_SUBIDS and max(oid) <= 0xFFFF_FFFF else None


def shown(value: Value) -> tuple[str, str]:
    """The word for the type, and the value."""
    content = value.content
    if isinstance(content, bytes):
        if value.tag is Tag.IP_ADDRESS:
            return _WORDS[value.tag], ".".join(map(str, content))
        if value.tag is Tag.OCTET_STRING and _PRINTABLE.fullmatch(content):
            return "string", content.decode("ascii")
        return _WORDS.get(value.tag, "octet"), content.hex(" ")
    if isinstance(content, tuple):
        return _WORDS[value.tag], f".{dotted(content)}"
    return _WORDS[value.tag], str(content)


def read_value(text: str) -> Value | None:
    """The value of a set's last line: a word for the type, and the value; None if it is none."""
    word, _, rest = text.partition(" ")
    word = word.lower()
    if word in _NUMBERS:
        return _read_number(*_NUMBERS[word], rest.strip())
    if rest[:1] == '"' and rest[-1:] == '"' and len(rest) > 1:
        rest = rest[1:-1]
    if word == "string":
        return Value(Tag.OCTET_STRING, rest.encode("latin-1"))
    if word in ("octet", "opaque"):
        return _read_octets(Tag.OPAQUE if word == "opaque" else Tag.OCTET_STRING, rest)
    if word == "objectid":
        oid = read_oid(rest)
        return None if oid is None or len(oid) < 2 else Value(Tag.OBJECT_IDENTIFIER, oid)
    if word == "ipaddress":
        oid = read_oid(rest)
        fits = oid is not None and len(oid) == 4 and max(oid) < 256
        return Value(Tag.IP_ADDRESS, bytes(oid)) if oid is not None and fits else None
    return None


def _read_number(tag: Tag, minimum: int, maximum: int, text: str) -> Value | None:
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    if minimum == 0 and -0x8000_0000 <= number < 0:
        number &= 0xFFFF_FFFF  # snmpd prints 32 bits without a sign as if they had one
    return Value(tag, number) if minimum <= number <= maximum else None


def _read_octets(tag: Tag, text: str) -> Value | None:
    try:
        return Value(tag, bytes.fromhex(text))
    except ValueError:
        return None
