# SPDX-License-Identifier: Apache-2.0
"""v3 messages of somebody who holds the keys, with a right digest around nonsense."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.snmp.ber import (
    GET,
    GET_BULK,
    GET_NEXT,
    INFORM,
    REPORT,
    RESPONSE,
    TRAP,
    TRAP_V1,
    Node,
    children,
    decode,
    encode,
    request,
    sequence,
    string,
)
from tests.snmp.faults import (
    NO_SUCCESS,
    OPENPDU,
    REFUSAL,
    SILENCE,
    SYS_DESCR,
    Catalogue,
    Target,
    switch_off,
)
from tests.snmp.mutations_encoding import anywhere, body, flipped, harmless
from tests.snmp.mutations_requests import REQUESTS
from tests.snmp.mutations_v3 import order
from tests.snmp.usm_client import REPORTABLE, Usm

AUTHENTIC = Catalogue()
SETS = (
    "oid_with_a_wide_subidentifier",
    "oid_that_never_ends",
    "set_with_a_wrong_type",
    "set_with_no_value_at_all",
    "set_out_of_range",
    "set_that_names_an_instance_twice",
    "set_of_good_and_bad",
    "set_of_a_huge_string",
)
"""Of mutations_requests: what is wrong with any SET, whoever sends it."""


def _harmless(rng: random.Random) -> Node:
    return children(harmless(rng))[2]


@AUTHENTIC.add(NO_SUCCESS, trusted=True)
def v3_other_context_engine(rng: random.Random, target: Target) -> bytes:
    other = rng.choice((b"", target.engine_id[:-1], target.engine_id + b"\0", rng.randbytes(200)))
    return order(rng, target, target.writer, context_engine_id=other).encode()


@AUTHENTIC.add(NO_SUCCESS, trusted=True)
def v3_other_context(rng: random.Random, target: Target) -> bytes:
    context = rng.choice((b"other", b"\0", rng.randbytes(rng.choice((1, 32, 33, 255, 2000)))))
    return order(rng, target, target.writer, context=context).encode()


@AUTHENTIC.add(NO_SUCCESS, trusted=True)
def v3_salt_of_wrong_size(rng: random.Random, target: Target) -> bytes:
    salt = rng.randbytes(rng.choice((0, 1, 7, 9, 16, 200)))
    return order(rng, target, target.writer, salt=salt).encode()


@AUTHENTIC.add(NO_SUCCESS, trusted=True)
def v3_wrong_privacy_passphrase(rng: random.Random, target: Target) -> bytes:
    writer = target.writer
    user = Usm(writer.name, writer.auth_pass, b"not-the-priv-pass", writer.hash_name)
    return order(rng, target, user).encode()


@AUTHENTIC.add(NO_SUCCESS, trusted=True)
def v3_ciphertext_of_noise(rng: random.Random, target: Target) -> bytes:
    noise = string(rng.randbytes(rng.choice((0, 1, 2, 15, 16, 17, 200, 4000))))
    return order(rng, target, target.writer, data=noise).encode()


@AUTHENTIC.add(trusted=True)
def v3_octets_after_the_scoped_pdu(rng: random.Random, target: Target) -> bytes:
    """Where a block cipher would have put its padding."""
    message = order(rng, target, target.writer, pdu=request(GET, [SYS_DESCR]))
    more = rng.choice((b"\0", b"\0" * 7, rng.randbytes(5), message.scoped_pdu()))
    return replace(message, scoped=message.scoped_pdu() + more).encode()


@AUTHENTIC.add(trusted=True)
def v3_broken_scoped_pdu(rng: random.Random, target: Target) -> bytes:
    message = order(rng, target, target.writer, pdu=_harmless(rng))
    scoped = message.scoped_pdu()
    tree = decode(scoped)
    octet = rng.choice((0x80, 0x84, 0xFF, rng.randrange(256)))
    broken = rng.choice(
        (
            flipped(rng, scoped),
            scoped[: rng.randrange(len(scoped))],
            anywhere(rng, tree, lambda node: bytes((node[0], octet)) + body(node)),
            anywhere(rng, tree, lambda node: bytes((octet, len(body(node)) & 0x7F)) + body(node)),
            anywhere(rng, tree, lambda _: b""),
            anywhere(rng, tree, lambda node: encode(node) * 2),
        )
    )
    return replace(message, scoped=broken).encode()


@AUTHENTIC.add(trusted=True)
def v3_flipped_bits_under_a_right_digest(rng: random.Random, target: Target) -> bytes:
    user = rng.choice(target.users)
    message = order(rng, target, user, pdu=_harmless(rng))
    return message.encode(lambda packet: flipped(rng, packet))


@AUTHENTIC.add(trusted=True)
def v3_scoped_pdu_of_other_elements(rng: random.Random, target: Target) -> bytes:
    own, name, pdu = string(target.engine_id), string(b""), _harmless(rng)
    parts = rng.choice(
        ([], [pdu], [own, pdu], [own, name], [name, own, pdu], [own, name, pdu, pdu], [own] * 3)
    )
    return order(rng, target, target.writer, scoped=encode(sequence(*parts))).encode()


@AUTHENTIC.add(SILENCE, trusted=True)
def v3_message_for_a_manager(rng: random.Random, target: Target) -> bytes:
    """What no Report may answer, lest two agents talk to each other for ever."""
    tag = rng.choice((RESPONSE, REPORT, TRAP, TRAP_V1))
    return order(rng, target, target.writer, pdu=(tag, switch_off(rng)[1])).encode()


@AUTHENTIC.add(NO_SUCCESS, trusted=True)
def v3_unknown_request(rng: random.Random, target: Target) -> bytes:
    """Informs are for managers too; no application is here for them."""
    tag = rng.choice((INFORM, 0xA9, 0xAF, 0x80, 0x60, 0x23, 0x00))
    return order(rng, target, target.writer, pdu=(tag, switch_off(rng)[1])).encode()


@AUTHENTIC.add(NO_SUCCESS, trusted=True)
def v3_set_of_what_cannot_be(rng: random.Random, target: Target) -> bytes:
    """Names and values out of range, wrong types, good ones among bad ones."""
    made = REQUESTS[rng.choice(SETS)].make(rng, target)
    return order(rng, target, target.writer, pdu=children(decode(made))[2]).encode()


@AUTHENTIC.add(NO_SUCCESS, trusted=True)
def v3_too_many_varbinds(rng: random.Random, target: Target) -> bytes:
    names = [(1, 3, 6, 1)] * rng.randrange(129, 700)
    pdu = request(rng.choice((GET, GET_NEXT, GET_BULK)), names)
    return order(rng, target, rng.choice(target.users), pdu=pdu).encode()


@AUTHENTIC.add(trusted=True)
def v3_odd_bulk_fields(rng: random.Random, target: Target) -> bytes:
    odd = (-(2**31), -1, 0, 128, 10_000, 2**31 - 1, 2**31, 2**40)
    names = [OPENPDU] * rng.choice((0, 1, 50, 128))
    pdu = request(GET_BULK, names, status=rng.choice(odd), index=rng.choice(odd))
    return order(rng, target, rng.choice(target.users), pdu=pdu).encode()


@AUTHENTIC.add(trusted=True, room=484)
def v3_little_room(rng: random.Random, target: Target) -> bytes:
    """A sender that takes 484 octets asks for much more."""
    tag = rng.choice((GET, GET_NEXT, GET_BULK))
    names = [rng.choice((OPENPDU, SYS_DESCR)) for _ in range(rng.randrange(1, 100))]
    pdu = request(tag, names, index=50 if tag == GET_BULK else 0)
    return order(rng, target, rng.choice(target.users), pdu=pdu, max_size=484).encode()


@AUTHENTIC.add(REFUSAL, trusted=True)
def v3_set_by_a_reader(rng: random.Random, target: Target) -> bytes:
    flags = bytes((target.reader.flags | rng.choice((0, REPORTABLE)),))
    return order(rng, target, target.reader, flags=flags).encode()
