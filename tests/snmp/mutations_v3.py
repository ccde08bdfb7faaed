# SPDX-License-Identifier: Apache-2.0
"""v3 messages that prove nothing: broken headers, foreign engines, forged, stale or no digests.

Every one of them would switch outlets off, if it were believed.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from tests.snmp.ber import (
    GET,
    Node,
    children,
    content,
    decode,
    encode,
    integer,
    length,
    message,
    request,
    sequence,
    string,
)
from tests.snmp.faults import (
    NO_SUCCESS,
    REPORT,
    SILENCE,
    SYS_DESCR,
    Catalogue,
    Outcome,
    Target,
    switch_off,
)
from tests.snmp.mutations_encoding import anywhere, body, flipped
from tests.snmp.usm_client import AUTH, PRIV, REPORTABLE, Usm, V3Message

UNAUTHENTICATED = Catalogue()
UNSUPPORTED_LEVEL, NOT_IN_WINDOW, UNKNOWN_USER, UNKNOWN_ENGINE, WRONG_DIGEST, NOT_DECRYPTED = range(
    1, 7
)
REPORT_OR_SILENCE = frozenset({Outcome.REPORT, Outcome.SILENCE})
WINDOW_S = 150
LAST_BOOTS = 2**31 - 1


def order(rng: random.Random, target: Target, user: Usm, **changes: Any) -> V3Message:
    """A message of `user` in good order that switches outlets off, with some fields changed."""
    fields: dict[str, Any] = {
        "engine_id": target.engine_id,
        "boots": target.boots,
        "time_s": target.time_s(),
        "user": user,
        "pdu": switch_off(rng),
        "flags": bytes((user.flags | REPORTABLE,)),
        "message_id": rng.randrange(1 << 31),
        "salt": rng.randbytes(8),
    }
    return V3Message(**{**fields, **changes})


@UNAUTHENTICATED.add(SILENCE)
def v3_privacy_without_authentication(rng: random.Random, target: Target) -> bytes:
    flags = bytes((rng.choice((PRIV, PRIV | REPORTABLE)),))
    return order(rng, target, target.writer, flags=flags).encode()


@UNAUTHENTICATED.add(SILENCE)
def v3_flags_of_wrong_size(rng: random.Random, target: Target) -> bytes:
    flags = rng.choice((b"", bytes((7, 7)), bytes(2), bytes((4,)) * 9, bytes((7,)) * 300))
    return order(rng, target, target.writer, flags=flags).encode()


@UNAUTHENTICATED.add(SILENCE)
def v3_other_security_model(rng: random.Random, target: Target) -> bytes:
    model = rng.choice((0, 1, 2, 4, 255, -1, 2**31 - 1, 2**32 + 3, 2**8 + 3))
    return order(rng, target, target.writer, security_model=model).encode()


@UNAUTHENTICATED.add(SILENCE)
def v3_sizes_out_of_range(rng: random.Random, target: Target) -> bytes:
    changes = rng.choice(
        (
            {"message_id": rng.choice((-1, -(2**31), 2**31, 2**40))},
            {"max_size": rng.choice((0, 1, 483, -1, -(2**31), 2**31, 2**32 + 1472))},
        )
    )
    return order(rng, target, target.writer, **changes).encode()


@UNAUTHENTICATED.add(REPORT, report=UNKNOWN_ENGINE)
def v3_foreign_engine(rng: random.Random, target: Target) -> bytes:
    own = target.engine_id
    near = (own[:-1], own + b"\0", own[:-1] + bytes((own[-1] ^ 1,)), bytes(len(own)))
    engine_id = rng.choice((*near, rng.randbytes(rng.choice((1, 4, 5, 12, 32, 33, 200)))))
    user = rng.choice((target.reader, target.writer, Usm(b""), Usm(b"nobody")))
    return order(rng, target, user, engine_id=engine_id).encode()


@UNAUTHENTICATED.add(REPORT, report=UNKNOWN_ENGINE)
def v3_discovery_that_also_commands(rng: random.Random, target: Target) -> bytes:
    """No engine ID, as in discovery, but a user, a clock or a digest."""
    user = rng.choice((Usm(b""), Usm(b"operator"), target.reader, target.writer))
    clock = {"boots": rng.choice((0, target.boots)), "time_s": rng.choice((0, target.time_s()))}
    context = rng.choice((None, target.engine_id))
    return order(rng, target, user, engine_id=b"", context_engine_id=context, **clock).encode()


@UNAUTHENTICATED.add(REPORT, report=UNKNOWN_USER)
def v3_unknown_user(rng: random.Random, target: Target) -> bytes:
    name = target.writer.name
    near = (b"", name[:-1], name + b"\0", name.upper(), b" " + name, b"x" * 32)
    user = Usm(rng.choice((*near, rng.randbytes(rng.randrange(1, 33)))), b"some-pass-phrase")
    flags = bytes((rng.choice((0, AUTH)) | REPORTABLE,))
    return order(rng, target, user, flags=flags).encode()


@UNAUTHENTICATED.add(REPORT_OR_SILENCE)
def v3_user_name_too_long(rng: random.Random, target: Target) -> bytes:
    name = rng.choice((b"x", b"\xff", target.writer.name)) * rng.choice((33, 300, 1000))
    return order(rng, target, Usm(name)).encode()


@UNAUTHENTICATED.add(REPORT, report=WRONG_DIGEST)
def v3_wrong_digest(rng: random.Random, target: Target) -> bytes:
    user = rng.choice(target.users)
    octets = user.digest_octets
    digest = rng.choice((bytes(octets), b"\xff" * octets, rng.randbytes(octets)))
    return order(rng, target, user, digest=digest).encode()


@UNAUTHENTICATED.add(REPORT_OR_SILENCE, report=WRONG_DIGEST)
def v3_digest_of_other_length(rng: random.Random, target: Target) -> bytes:
    """A digest that is right as far as it goes must not be believed for being short."""
    user = rng.choice(target.users)
    octets = rng.choice((0, 1, 4, 12, user.digest_octets - 1, user.digest_octets + 1, 64, 300))
    return order(rng, target, user, digest_octets=octets).encode()


@UNAUTHENTICATED.add(REPORT, report=WRONG_DIGEST)
def v3_wrong_passphrase(rng: random.Random, target: Target) -> bytes:
    user = rng.choice(target.users)
    guess = rng.choice((b"password", b"maplesyrup", b"operator", user.auth_pass + b"x"))
    liar = Usm(user.name, guess, user.priv_pass, user.hash_name)
    return order(rng, target, liar).encode()


@UNAUTHENTICATED.add(REPORT, report=WRONG_DIGEST)
def v3_wrong_hash_function(rng: random.Random, target: Target) -> bytes:
    """The right passphrase, and a digest of the right length."""
    user = rng.choice(target.users)
    other = rng.choice(sorted({"md5", "sha1", "sha224", "sha384", "sha512"} - {user.hash_name}))
    liar = Usm(user.name, user.auth_pass, user.priv_pass, other)
    return order(rng, target, liar, digest_octets=user.digest_octets).encode()


@UNAUTHENTICATED.add(REPORT, report=NOT_IN_WINDOW)
def v3_replay_from_before_a_restart(rng: random.Random, target: Target) -> bytes:
    boots = rng.randrange(target.boots)
    time_s = rng.choice((0, 1, target.time_s(), 10**6, LAST_BOOTS))
    return order(rng, target, rng.choice(target.users), boots=boots, time_s=time_s).encode()


@UNAUTHENTICATED.add(REPORT, report=NOT_IN_WINDOW)
def v3_boots_of_the_future(rng: random.Random, target: Target) -> bytes:
    boots = rng.choice((target.boots + 1, target.boots + 1000, LAST_BOOTS))
    return order(rng, target, rng.choice(target.users), boots=boots).encode()


@UNAUTHENTICATED.add(REPORT, report=NOT_IN_WINDOW)
def v3_time_outside_the_window(rng: random.Random, target: Target) -> bytes:
    away_s = WINDOW_S + rng.choice((10, 60, 3600, 86_400))
    now_s = target.time_s()
    time_s = rng.choice((now_s + away_s, max(now_s - away_s, 0), LAST_BOOTS))
    if abs(time_s - now_s) <= WINDOW_S + 5:
        time_s = now_s + away_s  # the agent has not run for long enough to be behind
    return order(rng, target, rng.choice(target.users), time_s=time_s).encode()


@UNAUTHENTICATED.add(NO_SUCCESS)
def v3_clock_out_of_range(rng: random.Random, target: Target) -> bytes:
    odd = rng.choice((-1, -(2**31), 2**31, 2**32, 2**40))
    wrapped = 2**32 + rng.choice((target.boots, target.time_s()))
    changes = {rng.choice(("boots", "time_s")): rng.choice((odd, wrapped))}
    return order(rng, target, rng.choice(target.users), **changes).encode()


@UNAUTHENTICATED.add(NO_SUCCESS)
def v3_less_protection_than_is_due(rng: random.Random, target: Target) -> bytes:
    user, flags = rng.choice(((target.reader, 0), (target.writer, 0), (target.writer, AUTH)))
    flag = flags | rng.choice((0, REPORTABLE))
    return order(rng, target, user, flags=bytes((flag,))).encode()


@UNAUTHENTICATED.add(NO_SUCCESS)
def v3_data_of_the_other_kind(rng: random.Random, target: Target) -> bytes:
    """Plaintext where the flags say encrypted, and the other way round."""
    message = order(rng, target, target.writer)
    plain = replace(message, data=decode(message.scoped_pdu()))
    secret = replace(message, flags=bytes((AUTH | REPORTABLE,)), data=string(rng.randbytes(60)))
    return rng.choice((plain, secret)).encode()


@UNAUTHENTICATED.add(SILENCE)
def v3_forged_and_not_reportable(rng: random.Random, target: Target) -> bytes:
    """Nobody can tell what an encrypted message asks for, and its flag asks for no Report."""
    digest = rng.randbytes(target.writer.digest_octets)
    return order(rng, target, target.writer, flags=bytes((AUTH | PRIV,)), digest=digest).encode()


@UNAUTHENTICATED.add(NO_SUCCESS)
def v3_flipped_bits(rng: random.Random, target: Target) -> bytes:
    return flipped(rng, order(rng, target, rng.choice(target.users)).encode())


@UNAUTHENTICATED.add(NO_SUCCESS)
def v3_flipped_bit_in_one_field(rng: random.Random, target: Target) -> bytes:
    """In the content of a field, so that the structure stays as it is."""
    tree = decode(order(rng, target, rng.choice(target.users)).encode())
    version, header, parameters, data = children(tree)
    security = decode(content(parameters))
    fields = children(rng.choice((header, security)))
    place = rng.choice([at for at, field in enumerate(fields) if content(field)])
    octets = content(fields[place])
    changed = int.from_bytes(octets, "big") ^ 1 << rng.randrange(len(octets) * 8)
    fields[place] = (fields[place][0], changed.to_bytes(len(octets), "big"))
    return encode(sequence(version, header, string(encode(security)), data))


@UNAUTHENTICATED.add(NO_SUCCESS)
def v3_broken_encoding(rng: random.Random, target: Target) -> bytes:
    tree = decode(order(rng, target, rng.choice(target.users)).encode())
    octet = rng.choice((0x80, 0x84, 0xFF, rng.randrange(256)))
    changes = (
        lambda node: bytes((node[0], octet)) + body(node),
        lambda node: bytes((rng.randrange(256),)) + length(len(body(node))) + body(node),
        lambda _: b"",
        lambda node: encode(node) * 2,
        lambda node: bytes((node[0], 0)),
    )
    return anywhere(rng, tree, rng.choice(changes))


@UNAUTHENTICATED.add(SILENCE)
def v3_truncated(rng: random.Random, target: Target) -> bytes:
    packet = order(rng, target, target.writer).encode()
    return packet[: rng.randrange(len(packet))]


@UNAUTHENTICATED.add(SILENCE)
def v3_trailing_octets(rng: random.Random, target: Target) -> bytes:
    return order(rng, target, target.writer).encode() + rng.randbytes(rng.randrange(1, 40))


@UNAUTHENTICATED.add(SILENCE)
def v3_security_parameters_of_another_shape(rng: random.Random, target: Target) -> bytes:
    fields: list[Node] = [
        string(target.engine_id),
        integer(target.boots),
        integer(target.time_s()),
        string(target.writer.name),
        string(bytes(24)),
        string(bytes(8)),
    ]
    place = rng.randrange(6)
    fields[place : place + 1] = rng.choice(([], [fields[place]] * 2, [(0x06, b"\x2b\x06")]))
    shapes = (encode(sequence(*fields)), rng.randbytes(rng.randrange(60)), b"", b"\x30\0")
    header = sequence(integer(9), integer(2000), string(b"\x07"), integer(3))
    parts = (integer(3), header, string(rng.choice(shapes)), string(rng.randbytes(40)))
    return encode(sequence(*parts))


@UNAUTHENTICATED.add(SILENCE)
def v3_in_the_form_of_another_version(rng: random.Random, target: Target) -> bytes:
    parts = children(decode(order(rng, target, target.writer).encode()))
    community = message(3, b"private", switch_off(rng))
    return encode(rng.choice((sequence(integer(rng.randrange(2)), *parts[1:]), community)))


@UNAUTHENTICATED.add(SILENCE)
def v3_larger_than_announced(rng: random.Random, target: Target) -> bytes:
    names = [SYS_DESCR] * rng.randrange(800, 3000)
    return order(rng, target, target.reader, pdu=request(GET, names)).encode()
