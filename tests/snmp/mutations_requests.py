# SPDX-License-Identifier: Apache-2.0
"""v1 and v2c messages that are BER throughout and still not what an agent may obey."""

from __future__ import annotations

import random

from tests.snmp.ber import (
    END_OF_MIB_VIEW,
    GET,
    GET_BULK,
    GET_NEXT,
    INFORM,
    NO_SUCH_INSTANCE,
    NO_SUCH_OBJECT,
    REPORT,
    RESPONSE,
    SET,
    TRAP,
    TRAP_V1,
    Node,
    content,
    encode,
    integer,
    message,
    null,
    oid,
    request,
    sequence,
    string,
)
from tests.snmp.faults import (
    FREE_OUTLETS,
    NO_SUCCESS,
    OFF,
    OPENPDU,
    OUTLET_COMMAND,
    OUTLET_STATE,
    REFUSAL,
    SILENCE,
    SYS_DESCR,
    SYS_NAME,
    Catalogue,
    Target,
    switch_off,
)
from tests.snmp.mutations_encoding import harmless, replaced

REQUESTS = Catalogue()
V1_OR_V2C = (0, 1)


def _sent(pdu: Node, rng: random.Random, community: bytes = b"private") -> bytes:
    return encode(message(rng.choice(V1_OR_V2C), community, pdu))


def _with_name(name: Node, rng: random.Random, tag: int = GET) -> bytes:
    value = integer(OFF) if tag == SET else null()
    pdu: Node = (tag, [integer(1), integer(0), integer(0), sequence(sequence(name, value))])
    return _sent(pdu, rng)


def _command(rng: random.Random) -> tuple[int, ...]:
    return (*OUTLET_COMMAND, rng.choice(FREE_OUTLETS))


@REQUESTS.add()
def wide_integer(rng: random.Random, _: Target) -> bytes:
    """Of five to forty octets: version, request-id, error-status or error-index."""
    wide = rng.randrange(5, 40)
    number = bytes((0x02, wide)) + rng.randbytes(wide)
    place = rng.choice(((0,), (2, 0), (2, 1), (2, 2)))
    return replaced(harmless(rng), place, lambda _: number)


@REQUESTS.add()
def integer_with_padding(rng: random.Random, _: Target) -> bytes:
    padding = rng.choice((b"\0", b"\xff")) * rng.randrange(1, 9)
    place = rng.choice(((0,), (2, 0), (2, 1), (2, 2)))

    def padded(node: Node) -> bytes:
        return encode((node[0], padding + content(node)))

    return replaced(harmless(rng), place, padded)


@REQUESTS.add(SILENCE)
def version_that_wraps_to_a_known_one(rng: random.Random, _: Target) -> bytes:
    version = (1 << rng.choice((8, 16, 32, 64))) + rng.choice((0, 1, 3))
    return encode(message(version, b"private", switch_off(rng)))


@REQUESTS.add(SILENCE)
def unknown_version(rng: random.Random, _: Target) -> bytes:
    version = rng.choice((2, 4, 5, 127, 128, 255, -1, -(2**31), 2**31 - 1))
    return encode(message(version, b"private", switch_off(rng)))


@REQUESTS.add(SILENCE)
def bulk_in_v1(rng: random.Random, _: Target) -> bytes:
    return encode(message(0, b"private", request(GET_BULK, [SYS_DESCR], index=rng.randrange(99))))


@REQUESTS.add()
def odd_bulk_fields(rng: random.Random, _: Target) -> bytes:
    odd = (-1, -(2**31), -(2**40), 2**31 - 1, 2**31, 2**32 + 1, 0, 10_000)
    names = [OPENPDU] * rng.choice((0, 1, 3, 50, 128))
    pdu = request(GET_BULK, names, status=rng.choice(odd), index=rng.choice(odd))
    return encode(message(1, b"public", pdu))


@REQUESTS.add()
def error_fields_in_a_request(rng: random.Random, _: Target) -> bytes:
    odd = (1, 5, 19, 255, -1, 2**31 - 1, 2**31, -(2**63))
    tag = rng.choice((GET, GET_NEXT))
    pdu = request(tag, [SYS_DESCR], status=rng.choice(odd), index=rng.choice(odd))
    return _sent(pdu, rng)


@REQUESTS.add(SILENCE)
def message_for_a_manager(rng: random.Random, _: Target) -> bytes:
    tag = rng.choice((RESPONSE, TRAP_V1, INFORM, TRAP, REPORT))
    return _sent((tag, switch_off(rng)[1]), rng)


@REQUESTS.add(SILENCE)
def unknown_request(rng: random.Random, _: Target) -> bytes:
    return _sent((rng.choice((0xA9, 0xAF, 0x80, 0x60, 0x23, 0x00)), switch_off(rng)[1]), rng)


@REQUESTS.add(SILENCE)
def oid_with_a_wide_subidentifier(rng: random.Random, _: Target) -> bytes:
    """Of more than 32 bits; cut to 32 it would be an outlet's."""
    *start, last = _command(rng)
    wide = last + (1 << rng.choice((32, 33, 64, 300)))
    return _with_name(oid((*start, wide)), rng, SET)


@REQUESTS.add(SILENCE)
def oid_that_never_ends(rng: random.Random, _: Target) -> bytes:
    name = content(oid(_command(rng)))
    return _with_name((0x06, name[:-1] + b"\x81" * rng.randrange(1, 9)), rng, SET)


@REQUESTS.add()
def oid_with_padding(rng: random.Random, _: Target) -> bytes:
    """A sub-identifier with leading zeros, which X.690 section 8.19.2 forbids."""
    name = content(oid((*OUTLET_STATE, 1)))
    return _with_name((0x06, name[:-1] + b"\x80" * rng.randrange(1, 9) + name[-1:]), rng)


@REQUESTS.add(SILENCE)
def oid_with_too_many_subidentifiers(rng: random.Random, _: Target) -> bytes:
    return _with_name((0x06, b"\x2b" + b"\x01" * rng.randrange(128, 900)), rng)


@REQUESTS.add()
def oid_of_another_root(rng: random.Random, _: Target) -> bytes:
    """Arcs of two numbers in one, up to the largest, as names and in GETNEXT."""
    first = rng.choice((0, 39, 40, 79, 80, 119, 120, 1079, 2**28, 2**32 - 1))
    more = tuple(rng.choice((0, 1, 127, 128, 2**32 - 1)) for _ in range(rng.randrange(127)))
    octets = b"".join(map(_septets, (first, *more)))
    return _with_name((0x06, octets), rng, rng.choice((GET, GET_NEXT)))


def _septets(subid: int) -> bytes:
    octets = bytes((subid & 0x7F,))
    while subid := subid >> 7:
        octets = bytes((0x80 | subid & 0x7F,)) + octets
    return octets


@REQUESTS.add(SILENCE)
def empty_oid(rng: random.Random, _: Target) -> bytes:
    return _with_name((0x06, b""), rng, rng.choice((GET, GET_NEXT, SET)))


@REQUESTS.add()
def value_of_wrong_size(rng: random.Random, _: Target) -> bytes:
    tag = rng.choice((0x02, 0x05, 0x06, 0x40, 0x41, 0x42, 0x43, 0x46))
    value = (tag, rng.randbytes(rng.choice((0, 1, 3, 6, 10, 50))))
    return encode(message(1, b"private", request(SET, [SYS_DESCR], [value])))


@REQUESTS.add(NO_SUCCESS)
def counter64_in_v1(rng: random.Random, _: Target) -> bytes:
    values = [integer(rng.randrange(1 << 63), 0x46)]
    return encode(message(0, b"private", request(SET, [_command(rng)], values)))


@REQUESTS.add(NO_SUCCESS)
def too_many_varbinds(rng: random.Random, _: Target) -> bytes:
    names = [SYS_DESCR] * rng.randrange(129, 400)
    tag = rng.choice((GET, GET_NEXT, SET))
    return _sent(request(tag, names), rng)


@REQUESTS.add(NO_SUCCESS)
def thousands_of_names(rng: random.Random, _: Target) -> bytes:
    names = [(1, 3, 6, 1, number % 128) for number in range(rng.randrange(1000, 4000))]
    return _sent(request(rng.choice((GET, GET_NEXT)), names), rng)


@REQUESTS.add(SILENCE)
def wrong_community(rng: random.Random, _: Target) -> bytes:
    near = (b"", b"privat", b"private\0", b"Private", b"private ", b"p" * 5000)
    community = rng.choice((*near, rng.randbytes(rng.randrange(60))))
    return _sent(switch_off(rng), rng, community)


@REQUESTS.add(REFUSAL)
def set_with_a_read_only_community(rng: random.Random, _: Target) -> bytes:
    return _sent(switch_off(rng), rng, b"public")


@REQUESTS.add(REFUSAL)
def set_with_a_wrong_type(rng: random.Random, _: Target) -> bytes:
    values = [string(b"2"), string(b"\x02"), oid((1, 3, 2)), null(), integer(2, 0x41)]
    values += (integer(2, 0x42), integer(2, 0x43), (0x40, b"\0\0\0\x02"), (0x44, b"\x02"))
    return _sent(request(SET, [_command(rng)], [rng.choice(values)]), rng)


@REQUESTS.add(NO_SUCCESS)
def set_with_no_value_at_all(rng: random.Random, _: Target) -> bytes:
    values: tuple[Node, ...] = ((NO_SUCH_OBJECT, b""), (NO_SUCH_INSTANCE, b""))
    values += ((END_OF_MIB_VIEW, b""), (0x05, b"\x02"), (0x02, b""), (0x30, []), (0x01, b"\xff"))
    return _sent(request(SET, [_command(rng)], [rng.choice(values)]), rng)


@REQUESTS.add(NO_SUCCESS)
def set_out_of_range(rng: random.Random, _: Target) -> bytes:
    """Values that would be off(2) to somebody who looks at some of their bits only."""
    number = OFF + (1 << rng.choice((7, 8, 16, 31, 32, 64)))
    return _sent(request(SET, [_command(rng)], [integer(rng.choice((number, -number)))]), rng)


@REQUESTS.add(REFUSAL)
def set_that_names_an_instance_twice(rng: random.Random, _: Target) -> bytes:
    name = _command(rng)
    names = [name, *([SYS_NAME] if rng.random() < 0.5 else []), name]
    values = [integer(OFF) if each == name else string(b"x") for each in names]
    return _sent(request(SET, names, values), rng)


@REQUESTS.add(REFUSAL)
def set_of_good_and_bad(rng: random.Random, _: Target) -> bytes:
    """All of it must fail, wherever the bad one stands."""
    good = [((*OUTLET_COMMAND, outlet), integer(OFF)) for outlet in FREE_OUTLETS]
    bad = [
        ((*OUTLET_COMMAND, 99), integer(OFF)),
        ((*OUTLET_COMMAND, 0), integer(OFF)),
        (OUTLET_COMMAND, integer(OFF)),
        ((*OUTLET_COMMAND, 1, 1), integer(OFF)),
        ((*OUTLET_STATE, 1), integer(OFF)),
        ((*OUTLET_COMMAND, 1), integer(77)),
        ((*OUTLET_COMMAND, 2), string(b"2")),
        (SYS_DESCR, string(b"x")),
        (SYS_NAME, string(b"x" * 300)),
        ((1, 3, 6, 1, 2, 1, 999), integer(1)),
    ]
    varbinds = [*rng.sample(good, rng.randrange(1, 4)), rng.choice(bad)]
    rng.shuffle(varbinds)
    names, values = zip(*varbinds, strict=True)
    pdu = request(SET, list(names), list(values), rng.randrange(1 << 31))
    return _sent(pdu, rng)


@REQUESTS.add(NO_SUCCESS)
def set_of_a_huge_string(rng: random.Random, _: Target) -> bytes:
    value = string(b"x" * rng.choice((256, 1500, 30_000, 60_000)))
    return _sent(request(SET, [_command(rng), SYS_NAME], [integer(OFF), value]), rng)


@REQUESTS.add()
def request_about_nothing(rng: random.Random, _: Target) -> bytes:
    return _sent(request(rng.choice((GET, GET_NEXT, SET)), []), rng)
