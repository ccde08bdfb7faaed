# SPDX-License-Identifier: Apache-2.0
"""Broken SNMP messages by class: each function makes one packet with one kind of fault."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.snmp.ber import (
    GET,
    GET_BULK,
    GET_NEXT,
    INFORM,
    REPORT,
    RESPONSE,
    SET,
    TRAP,
    TRAP_V1,
    Node,
    encode,
    integer,
    length,
    message,
    null,
    oid,
    request,
    sequence,
    string,
    v3_message,
)

SYS_DESCR = (1, 3, 6, 1, 2, 1, 1, 1, 0)
ENGINE_ID = bytes.fromhex("8000000003aabbccddeeff")
Path = tuple[int, ...]
Mutation = Callable[[random.Random], bytes]
CLASSES: dict[str, Mutation] = {}


def _class(mutation: Mutation) -> Mutation:
    CLASSES[mutation.__name__] = mutation
    return mutation


def _sample(rng: random.Random) -> Node:
    """A correct v1 or v2c message with the read-write community."""
    version = rng.choice((0, 1))
    tag = rng.choice((GET, GET_NEXT, SET) + ((GET_BULK,) if version else ()))
    names = [(*SYS_DESCR[:-1], rng.randrange(3)) for _ in range(rng.randrange(1, 5))]
    values: list[Node] = [null() if tag != SET else string(b"x" * rng.randrange(9)) for _ in names]
    return message(version, b"private", request(tag, names, values, rng.randrange(1 << 31)))


def _paths(node: Node, here: Path = ()) -> list[Path]:
    found = [here]
    if isinstance(node[1], list):
        for number, child in enumerate(node[1]):
            found += _paths(child, (*here, number))
    return found


def _replaced(node: Node, path: Path, change: Callable[[Node], bytes]) -> bytes:
    """The encoding with the element at `path` written by `change`; its parents are correct."""
    if not path:
        return change(node)
    tag, children = node
    assert isinstance(children, list)
    body = b"".join(
        _replaced(child, path[1:], change) if number == path[0] else encode(child)
        for number, child in enumerate(children)
    )
    return bytes((tag,)) + length(len(body)) + body


def _anywhere(rng: random.Random, change: Callable[[Node], bytes]) -> bytes:
    tree = _sample(rng)
    return _replaced(tree, rng.choice(_paths(tree)), change)


def _body(node: Node) -> bytes:
    return node[1] if isinstance(node[1], bytes) else b"".join(map(encode, node[1]))


@_class
def noise(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(0, 300))


@_class
def noise_after_a_sequence_header(rng: random.Random) -> bytes:
    body = rng.randbytes(rng.randrange(1, 120))
    return b"\x30" + length(len(body)) + body


@_class
def truncated(rng: random.Random) -> bytes:
    packet = encode(_sample(rng))
    return packet[: rng.randrange(len(packet))]


@_class
def trailing_octets(rng: random.Random) -> bytes:
    return encode(_sample(rng)) + rng.randbytes(rng.randrange(1, 20))


@_class
def flipped_bits(rng: random.Random) -> bytes:
    packet = bytearray(encode(_sample(rng)))
    for _ in range(rng.randrange(1, 4)):
        packet[rng.randrange(len(packet))] ^= 1 << rng.randrange(8)
    return bytes(packet)


@_class
def wrong_length_octet(rng: random.Random) -> bytes:
    return _anywhere(rng, lambda node: bytes((node[0], rng.randrange(256))) + _body(node))


@_class
def indefinite_length(rng: random.Random) -> bytes:
    return _anywhere(rng, lambda node: bytes((node[0], 0x80)) + _body(node) + b"\0\0")


@_class
def huge_length(rng: random.Random) -> bytes:
    wide = rng.choice((4, 5, 8, 126))
    return _anywhere(rng, lambda node: bytes((node[0], 0x80 | wide)) + b"\x7f" * wide + _body(node))


@_class
def reserved_length_form(rng: random.Random) -> bytes:
    return _anywhere(rng, lambda node: bytes((node[0], 0xFF)) + _body(node))


@_class
def wrong_tag(rng: random.Random) -> bytes:
    return _anywhere(
        rng, lambda node: bytes((rng.randrange(256),)) + length(len(_body(node))) + _body(node)
    )


@_class
def constructed_string(rng: random.Random) -> bytes:
    depth = rng.randrange(1, 400)
    nested = b"a"
    for _ in range(depth):
        nested = b"\x24" + length(len(nested)) + nested
    body = encode(integer(1)) + nested + encode(request(GET, [SYS_DESCR]))
    return b"\x30" + length(len(body)) + body


@_class
def nested_sequences(rng: random.Random) -> bytes:
    nested = b""
    for _ in range(rng.randrange(2, 1500)):
        nested = b"\x30" + length(len(nested)) + nested
    return nested


@_class
def missing_element(rng: random.Random) -> bytes:
    return _anywhere(rng, lambda _: b"")


@_class
def repeated_element(rng: random.Random) -> bytes:
    return _anywhere(rng, lambda node: encode(node) * rng.randrange(2, 5))


@_class
def empty_element(rng: random.Random) -> bytes:
    return _anywhere(rng, lambda node: bytes((node[0], 0)))


@_class
def wide_integer(rng: random.Random) -> bytes:
    wide = rng.randrange(5, 40)
    number = bytes((0x02, wide)) + rng.randbytes(wide)
    tree = _sample(rng)
    return _replaced(tree, rng.choice(((0,), (2, 0), (2, 1), (2, 2))), lambda _: number)


@_class
def version_that_wraps_to_a_known_one(rng: random.Random) -> bytes:
    version = (1 << rng.choice((32, 64))) + rng.choice((0, 1, 3))
    return encode(message(version, b"private", request(SET, [SYS_DESCR], [string(b"x")])))


@_class
def unknown_version(rng: random.Random) -> bytes:
    version = rng.choice((2, 4, 5, 127, -1, -(2**31), 2**31 - 1))
    return encode(message(version, b"private", request(GET, [SYS_DESCR])))


@_class
def bulk_in_v1(rng: random.Random) -> bytes:
    return encode(message(0, b"private", request(GET_BULK, [SYS_DESCR], index=rng.randrange(99))))


@_class
def negative_bulk_fields(rng: random.Random) -> bytes:
    pdu = request(GET_BULK, [SYS_DESCR], status=-rng.randrange(1, 99), index=-rng.randrange(1, 99))
    return encode(message(1, b"private", pdu))


@_class
def message_for_a_manager(rng: random.Random) -> bytes:
    tag = rng.choice((RESPONSE, TRAP_V1, INFORM, TRAP, REPORT))
    return encode(message(rng.choice((0, 1)), b"private", request(tag, [SYS_DESCR])))


@_class
def unknown_request(rng: random.Random) -> bytes:
    tag = rng.choice((0xA9, 0xAF, 0x80, 0x60, 0x00))
    return encode(message(1, b"private", request(tag, [SYS_DESCR])))


@_class
def oid_with_a_wide_subidentifier(rng: random.Random) -> bytes:
    body = b"\x2b\x06" + b"\xff" * rng.randrange(5, 60) + b"\x7f"
    return _with_name((0x06, body))


@_class
def oid_that_never_ends(rng: random.Random) -> bytes:
    return _with_name((0x06, b"\x2b\x06\x01" + b"\x81" * rng.randrange(1, 9)))


@_class
def oid_with_too_many_subidentifiers(rng: random.Random) -> bytes:
    return _with_name((0x06, b"\x2b" + b"\x01" * rng.randrange(128, 900)))


@_class
def empty_oid(rng: random.Random) -> bytes:
    return _with_name((0x06, b""))


@_class
def value_of_wrong_size(rng: random.Random) -> bytes:
    tag = rng.choice((0x02, 0x05, 0x40, 0x41, 0x42, 0x43, 0x46))
    value = (tag, rng.randbytes(rng.choice((0, 1, 3, 6, 10, 50))))
    return encode(message(1, b"private", request(SET, [SYS_DESCR], [value])))


@_class
def too_many_varbinds(rng: random.Random) -> bytes:
    names = [SYS_DESCR] * rng.randrange(129, 900)
    return encode(message(rng.choice((0, 1)), b"private", request(GET, names)))


@_class
def wrong_community(rng: random.Random) -> bytes:
    community = rng.randbytes(rng.randrange(0, 60))
    return encode(message(rng.choice((0, 1)), community, request(GET, [SYS_DESCR])))


@_class
def v3_bad_flags(rng: random.Random) -> bytes:
    return v3_message(request(GET, []), b"", flags=rng.choice((0x02, 0x06, 0xFF, 0x03)))


@_class
def v3_bad_sizes(rng: random.Random) -> bytes:
    return v3_message(
        request(GET, []),
        b"",
        message_id=rng.choice((-1, 1 << 31, 1 << 40, 7)),
        max_size=rng.choice((0, 483, -1, 1 << 40)),
    )


@_class
def v3_foreign_engine(rng: random.Random) -> bytes:
    engine_id = rng.randbytes(rng.choice((1, 4, 5, 12, 32, 33, 200)))
    return v3_message(request(GET, [SYS_DESCR]), engine_id, rng.choice((b"", b"operator")))


@_class
def v3_guessed_digest(rng: random.Random) -> bytes:
    return v3_message(
        request(SET, [SYS_DESCR], [string(b"x")]),
        ENGINE_ID,
        rng.choice((b"switcher", b"operator", b"compat", b"nobody")),
        boots=rng.choice((0, 1, 2**31 - 1)),
        time_s=rng.randrange(10),
        flags=0x05,
        key=rng.randbytes(32),
        digest_octets=rng.choice((0, 1, 12, 24, 25, 64)),
    )


@_class
def v3_garbage_for_security_parameters(rng: random.Random) -> bytes:
    header = sequence(integer(9), integer(2000), string(b"\x04"), integer(rng.choice((1, 3, 4))))
    scoped = sequence(string(b""), string(b""), request(GET, []))
    garbage = string(rng.randbytes(rng.randrange(60)))
    return encode(sequence(integer(3), header, garbage, scoped))


@_class
def v3_flipped_bits(rng: random.Random) -> bytes:
    packet = bytearray(v3_message(request(GET, [SYS_DESCR]), ENGINE_ID, b"operator", 1, 1))
    for _ in range(rng.randrange(1, 4)):
        packet[rng.randrange(len(packet))] ^= 1 << rng.randrange(8)
    return bytes(packet)


@_class
def v3_ciphertext_of_noise(rng: random.Random) -> bytes:
    header = sequence(integer(9), integer(2000), string(b"\x07"), integer(3))
    security = sequence(
        string(ENGINE_ID),
        integer(1),
        integer(1),
        string(b"operator"),
        string(rng.randbytes(24)),
        string(rng.randbytes(rng.choice((0, 7, 8, 9)))),
    )
    secret = string(rng.randbytes(rng.randrange(200)))
    return encode(sequence(integer(3), header, string(encode(security)), secret))


def _with_name(name: Node) -> bytes:
    binding = sequence(name, null())
    pdu: Node = (GET, [integer(1), integer(0), integer(0), sequence(binding)])
    return encode(message(1, b"private", pdu))


__all__ = ["CLASSES", "ENGINE_ID", "SYS_DESCR", "oid"]
