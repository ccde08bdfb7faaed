# SPDX-License-Identifier: Apache-2.0
"""A small BER writer and reader for tests, independent of the agent's code.

A tree node is (tag, content); content is bytes, or a list of nodes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence

Node = tuple[int, "bytes | list[Node]"]

GET, GET_NEXT, RESPONSE, SET, TRAP_V1, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5
INFORM, TRAP, REPORT = 0xA6, 0xA7, 0xA8
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82


def integer(value: int, tag: int = 0x02) -> Node:
    octets = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tag, value.to_bytes(octets, "big", signed=True)


def string(value: bytes) -> Node:
    return 0x04, value


def null() -> Node:
    return 0x05, b""


def oid(subids: tuple[int, ...]) -> Node:
    content = b""
    for subid in (subids[0] * 40 + subids[1], *subids[2:]):
        septets = [subid & 0x7F]
        while subid := subid >> 7:
            septets.append(0x80 | subid & 0x7F)
        content += bytes(reversed(septets))
    return 0x06, content


def sequence(*children: Node) -> Node:
    return 0x30, list(children)


def length(octets: int) -> bytes:
    if octets < 0x80:
        return bytes((octets,))
    body = octets.to_bytes((octets.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(body),)) + body


def encode(node: Node) -> bytes:
    tag, content = node
    body = content if isinstance(content, bytes) else b"".join(map(encode, content))
    return bytes((tag,)) + length(len(body)) + body


def decode(data: bytes) -> Node:
    """The tree of one element that fills `data` exactly; ValueError when it does not."""
    nodes = list(_elements(data))
    if len(nodes) != 1:
        raise ValueError(f"{len(nodes)} elements where one was expected")
    return nodes[0]


def _elements(data: bytes) -> Iterator[Node]:
    position = 0
    while position < len(data):
        if position + 2 > len(data):
            raise ValueError("ends inside a header")
        tag, octets = data[position], data[position + 1]
        position += 2
        if octets & 0x80:
            wide = octets & 0x7F
            if not 1 <= wide <= 3:
                raise ValueError(f"length octet 0x{octets:02x}")
            octets = int.from_bytes(data[position : position + wide], "big")
            position += wide
        if position + octets > len(data):
            raise ValueError("element reaches beyond its parent")
        body = data[position : position + octets]
        yield (tag, list(_elements(body)) if tag & 0x20 else body)
        position += octets


def children(node: Node) -> list[Node]:
    """The parts of a constructed element; ValueError when it is a primitive one."""
    if isinstance(node[1], bytes):
        raise ValueError(f"element with tag 0x{node[0]:02x} has no parts")
    return node[1]


def content(node: Node) -> bytes:
    """The octets of a primitive element; ValueError when it is a constructed one."""
    if not isinstance(node[1], bytes):
        raise ValueError(f"element with tag 0x{node[0]:02x} has parts")
    return node[1]


def to_int(node: Node) -> int:
    assert isinstance(node[1], bytes)
    return int.from_bytes(node[1], "big", signed=True)


def to_oid(node: Node) -> tuple[int, ...]:
    assert isinstance(node[1], bytes)
    subids, value = [], 0
    for octet in node[1]:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            subids.append(value)
            value = 0
    first = min(subids[0] // 40, 2)
    return (first, subids[0] - 40 * first, *subids[1:])


def request(
    tag: int,
    names: Sequence[tuple[int, ...]],
    values: Sequence[Node] | None = None,
    request_id: int = 77,
    status: int = 0,
    index: int = 0,
) -> Node:
    """A PDU; status and index are non-repeaters and max-repetitions of a GETBULK."""
    values = values or [null()] * len(names)
    bindings = [sequence(oid(name), value) for name, value in zip(names, values, strict=True)]
    return tag, [integer(request_id), integer(status), integer(index), sequence(*bindings)]


def message(version: int, community: bytes, pdu: Node) -> Node:
    return sequence(integer(version), string(community), pdu)


def v3_message(
    pdu: Node,
    engine_id: bytes,
    user: bytes = b"",
    boots: int = 0,
    time_s: int = 0,
    flags: int = 0x04,
    message_id: int = 5,
    max_size: int = 65507,
    key: bytes | None = None,
    digest_octets: int = 24,
    hash_name: str = "sha256",
    context: bytes = b"",
) -> bytes:
    """A plaintext v3 message, authenticated by HMAC when a localized key is given."""
    digest = b"\0" * (digest_octets if key else 0)

    def build(authentication: bytes) -> bytes:
        security = sequence(
            string(engine_id),
            integer(boots),
            integer(time_s),
            string(user),
            string(authentication),
            string(b""),
        )
        header = sequence(
            integer(message_id), integer(max_size), string(bytes((flags,))), integer(3)
        )
        scoped = sequence(string(engine_id), string(context), pdu)
        return encode(sequence(integer(3), header, string(encode(security)), scoped))

    if key is None:
        return build(digest)
    return build(hmac.new(key, build(digest), hash_name).digest()[:digest_octets])


def password_key(passphrase: bytes, engine_id: bytes, hash_name: str = "sha256") -> bytes:
    """RFC 3414 A.2.2, in the octet-by-octet form that the RFC prints."""
    digest = hashlib.new(hash_name)
    for block in range(16384):
        start = block * 64
        digest.update(bytes(passphrase[(start + i) % len(passphrase)] for i in range(64)))
    key = digest.digest()
    return hashlib.new(hash_name, key + engine_id + key).digest()
