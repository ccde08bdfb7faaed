# SPDX-License-Identifier: Apache-2.0
"""v1 and v2c messages with one fault in their BER: tags, lengths, cuts and doubles.

Where the fault may leave a correct message, nothing in it can be SET; where it cannot, the
message would switch outlets off.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.snmp.ber import (
    GET,
    GET_BULK,
    GET_NEXT,
    SET,
    Node,
    children,
    encode,
    integer,
    length,
    message,
    null,
    request,
    string,
)
from tests.snmp.faults import SILENCE, SYS_DESCR, Catalogue, Target, switch_off

Path = tuple[int, ...]
ENCODING = Catalogue()


def harmless(rng: random.Random) -> Node:
    """A correct v1 or v2c message with the read-write community; its SETs are refused."""
    version = rng.choice((0, 1))
    tag = rng.choice((GET, GET_NEXT, SET) + ((GET_BULK,) if version else ()))
    names = [(*SYS_DESCR[:-1], rng.randrange(3)) for _ in range(rng.randrange(1, 5))]
    values: list[Node] = [null() if tag != SET else string(b"x" * rng.randrange(9)) for _ in names]
    return message(version, b"private", request(tag, names, values, rng.randrange(1 << 31)))


def harmful(rng: random.Random) -> Node:
    """A correct message that switches outlets off."""
    return message(rng.choice((0, 1)), b"private", switch_off(rng))


def paths(node: Node, here: Path = ()) -> list[Path]:
    """Where the elements of a tree are, the root first."""
    found = [here]
    if isinstance(node[1], list):
        for number, child in enumerate(node[1]):
            found += paths(child, (*here, number))
    return found


def replaced(node: Node, path: Path, change: Callable[[Node], bytes]) -> bytes:
    """The encoding with the element at `path` written by `change`; its parents are correct."""
    if not path:
        return change(node)
    encoded = b"".join(
        replaced(child, path[1:], change) if number == path[0] else encode(child)
        for number, child in enumerate(children(node))
    )
    return bytes((node[0],)) + length(len(encoded)) + encoded


def anywhere(rng: random.Random, tree: Node, change: Callable[[Node], bytes]) -> bytes:
    return replaced(tree, rng.choice(paths(tree)), change)


def body(node: Node) -> bytes:
    return node[1] if isinstance(node[1], bytes) else b"".join(map(encode, node[1]))


def flipped(rng: random.Random, packet: bytes) -> bytes:
    """With one to three bits changed."""
    changed = bytearray(packet)
    for place in rng.sample(range(len(packet) * 8), rng.randrange(1, 4)):
        changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


@ENCODING.add(SILENCE)
def noise(rng: random.Random, _: Target) -> bytes:
    return rng.randbytes(rng.randrange(300))


@ENCODING.add(SILENCE)
def noise_after_a_sequence_header(rng: random.Random, _: Target) -> bytes:
    content = rng.randbytes(rng.randrange(1, 120))
    return b"\x30" + length(len(content)) + content


@ENCODING.add(SILENCE)
def bare_headers(rng: random.Random, _: Target) -> bytes:
    header = rng.choice((b"", b"\x30", b"\x30\0", b"\x30\x80", b"\x30\x80\0\0", b"\x30\x84\xff"))
    return header + bytes(rng.randrange(2))


@ENCODING.add(SILENCE)
def truncated(rng: random.Random, _: Target) -> bytes:
    packet = encode(harmful(rng))
    return packet[: rng.randrange(len(packet))]


@ENCODING.add(SILENCE)
def trailing_octets(rng: random.Random, _: Target) -> bytes:
    return encode(harmful(rng)) + rng.randbytes(rng.randrange(1, 20))


@ENCODING.add(SILENCE)
def two_messages_in_a_datagram(rng: random.Random, _: Target) -> bytes:
    return encode(harmful(rng)) + encode(harmful(rng))


@ENCODING.add()
def flipped_bits(rng: random.Random, _: Target) -> bytes:
    return flipped(rng, encode(harmless(rng)))


@ENCODING.add()
def octets_put_in_or_left_out(rng: random.Random, _: Target) -> bytes:
    packet = encode(harmless(rng))
    place = rng.randrange(len(packet))
    if rng.random() < 0.5:
        return packet[:place] + packet[place + rng.randrange(1, 4) :]
    return packet[:place] + rng.randbytes(rng.randrange(1, 4)) + packet[place:]


@ENCODING.add()
def spliced(rng: random.Random, _: Target) -> bytes:
    head, tail = encode(harmless(rng)), encode(harmless(rng))
    return head[: rng.randrange(len(head))] + tail[rng.randrange(len(tail)) :]


@ENCODING.add()
def wrong_length_octet(rng: random.Random, _: Target) -> bytes:
    return anywhere(
        rng, harmless(rng), lambda node: bytes((node[0], rng.randrange(256))) + body(node)
    )


@ENCODING.add()
def length_one_off(rng: random.Random, _: Target) -> bytes:
    def change(node: Node) -> bytes:
        octets = max(0, len(body(node)) + rng.choice((-1, 1)))
        return bytes((node[0],)) + length(octets) + body(node)

    return anywhere(rng, harmless(rng), change)


@ENCODING.add()
def padded_length(rng: random.Random, _: Target) -> bytes:
    """Longer than needed, which BER allows."""

    def change(node: Node) -> bytes:
        wide = rng.choice((1, 2, 3, 4, 9))
        octets = len(body(node)).to_bytes(wide, "big")
        return bytes((node[0], 0x80 | wide)) + octets + body(node)

    return anywhere(rng, harmless(rng), change)


@ENCODING.add(SILENCE)
def indefinite_length(rng: random.Random, _: Target) -> bytes:
    return anywhere(rng, harmful(rng), lambda node: bytes((node[0], 0x80)) + body(node) + b"\0\0")


@ENCODING.add(SILENCE)
def huge_length(rng: random.Random, _: Target) -> bytes:
    wide = rng.choice((4, 5, 8, 126))
    octets = b"\x7f" * wide
    return anywhere(
        rng, harmful(rng), lambda node: bytes((node[0], 0x80 | wide)) + octets + body(node)
    )


@ENCODING.add(SILENCE)
def reserved_length_form(rng: random.Random, _: Target) -> bytes:
    return anywhere(rng, harmful(rng), lambda node: bytes((node[0], 0xFF)) + body(node))


@ENCODING.add()
def wrong_tag(rng: random.Random, _: Target) -> bytes:
    def change(node: Node) -> bytes:
        return bytes((rng.randrange(256),)) + length(len(body(node))) + body(node)

    return anywhere(rng, harmless(rng), change)


@ENCODING.add(SILENCE)
def tag_of_many_octets(rng: random.Random, _: Target) -> bytes:
    def change(node: Node) -> bytes:
        tag = bytes((node[0] | 0x1F,)) + b"\x81" * rng.randrange(9) + b"\x01"
        return tag + length(len(body(node))) + body(node)

    return anywhere(rng, harmful(rng), change)


@ENCODING.add(SILENCE)
def constructed_string(rng: random.Random, _: Target) -> bytes:
    """A community in pieces, as BER allows and SNMP does not."""
    community = b"private"
    for _depth in range(rng.randrange(1, 400)):
        tag = b"\x04" if community == b"private" else b"\x24"
        community = tag + length(len(community)) + community
    parts = encode(integer(1)) + b"\x24" + length(len(community)) + community
    parts += encode(switch_off(rng))
    return b"\x30" + length(len(parts)) + parts


@ENCODING.add(SILENCE)
def nested_sequences(rng: random.Random, _: Target) -> bytes:
    nested = b""
    for _depth in range(rng.randrange(2, 1500)):
        nested = b"\x30" + length(len(nested)) + nested
    return nested


@ENCODING.add()
def missing_element(rng: random.Random, _: Target) -> bytes:
    return anywhere(rng, harmless(rng), lambda _: b"")


@ENCODING.add()
def repeated_element(rng: random.Random, _: Target) -> bytes:
    return anywhere(rng, harmless(rng), lambda node: encode(node) * rng.randrange(2, 5))


@ENCODING.add()
def empty_element(rng: random.Random, _: Target) -> bytes:
    return anywhere(rng, harmless(rng), lambda node: bytes((node[0], 0)))


@ENCODING.add()
def foreign_element(rng: random.Random, _: Target) -> bytes:
    """Something more at the end of an element."""

    def change(node: Node) -> bytes:
        extra = rng.choice((b"\x05\0", b"\0\0", b"\x30\0", b"\x04\x01x", rng.randbytes(5)))
        return bytes((node[0],)) + length(len(body(node)) + len(extra)) + body(node) + extra

    return anywhere(rng, harmless(rng), change)


@ENCODING.add()
def elements_in_another_order(rng: random.Random, _: Target) -> bytes:
    tree = harmless(rng)
    lists = [path for path in paths(tree) if isinstance(_at(tree, path)[1], list)]

    def change(node: Node) -> bytes:
        return encode((node[0], rng.sample(children(node), len(children(node)))))

    return replaced(tree, rng.choice(lists), change)


def _at(node: Node, path: Path) -> Node:
    for number in path:
        node = children(node)[number]
    return node
