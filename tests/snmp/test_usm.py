# SPDX-License-Identifier: Apache-2.0
"""v3 messages: against an independent implementation, and against everything but themselves."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.snmp import ciphers
from pdu_agent.snmp.ciphers import CipherUnavailable, cipher
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, SecurityLevel, User
from pdu_agent.snmp.keys import HASH_NAMES
from pdu_agent.snmp.stack import config, rfc1902
from pdu_agent.snmp.usm import (
    DecryptionFailed,
    MalformedMessage,
    UnsupportedLevel,
    UserKeys,
    WrongDigest,
    open_message,
    scoped_pdu,
    seal,
)
from pdu_agent.snmp.v3_message import InvalidFlags, UnknownSecurityModel, parse
from tests.snmp import ber
from tests.snmp.mutations import ENGINE_ID, SYS_DESCR
from tests.snmp.usm_client import AUTH, DIGEST_OCTETS, PRIV, REPORTABLE, Usm, V3Message, decrypted

AUTH_PASS, PRIV_PASS = "an auth passphrase", "a priv passphrase"
BOOTS, TIME_S = 3, 70_000
REQUEST = ber.request(ber.GET, [SYS_DESCR])
SCOPED = ber.encode(ber.sequence(ber.string(ENGINE_ID), ber.string(b""), REQUEST))

PAIRS = [
    (AuthProtocol.NONE, PrivProtocol.NONE),
    *itertools.product(list(AuthProtocol)[1:], PrivProtocol),
]


def user(auth: AuthProtocol, priv: PrivProtocol) -> User:
    auth_pass = "" if auth is AuthProtocol.NONE else AUTH_PASS
    return User("someone", auth, auth_pass, priv, "" if priv is PrivProtocol.NONE else PRIV_PASS)


def keys(auth: AuthProtocol, priv: PrivProtocol) -> UserKeys:
    return UserKeys.of(user(auth, priv), ENGINE_ID)


AUTH_PRIV = keys(AuthProtocol.SHA256, PrivProtocol.AES128)
PEER = Usm(b"someone", AUTH_PASS.encode(), PRIV_PASS.encode())
THEIRS = V3Message(
    ENGINE_ID, BOOTS, TIME_S, PEER, REQUEST, bytes((AUTH | PRIV | REPORTABLE,)), message_id=77
)


def sealed(of: UserKeys, scoped: bytes = SCOPED, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "engine_id": ENGINE_ID,
        "boots": BOOTS,
        "time_s": TIME_S,
        "msg_id": 77,
        "level": of.level,
        "reportable": True,
        "max_size": 65507,
    }
    return seal(of, scoped=scoped, **{**fields, **changes})


@pytest.mark.parametrize(("auth", "priv"), PAIRS)
def test_what_is_sealed_opens_again(auth: AuthProtocol, priv: PrivProtocol) -> None:
    both = keys(auth, priv)
    message = parse(sealed(both))
    assert message[1:4] == (77, 65507, (0, AUTH, AUTH | PRIV)[both.level - 1] | REPORTABLE)
    assert message[5:9] == (ENGINE_ID, BOOTS, TIME_S, b"someone")
    assert open_message(message, both) == SCOPED
    assert (SCOPED in message.datagram) == (both.level < SecurityLevel.AUTH_PRIV)


@pytest.mark.parametrize("auth", HASH_NAMES)
@pytest.mark.parametrize("with_priv", [False, True])
def test_an_independent_manager_is_understood(auth: AuthProtocol, with_priv: bool) -> None:
    peer = replace(PEER, hash_name=HASH_NAMES[auth], priv_pass=PEER.priv_pass * with_priv)
    theirs = replace(THEIRS, user=peer, flags=bytes((peer.flags | REPORTABLE,)))
    ours = keys(auth, PrivProtocol.AES128 if with_priv else PrivProtocol.NONE)
    message = parse(theirs.encode())
    assert open_message(message, ours) == SCOPED
    assert (message.msg_id, message.user_name, message.level) == (77, b"someone", ours.level)


@pytest.mark.parametrize("octets", [1, 15, 16, 17, 40, 700, 8000])
def test_an_independent_manager_reads_what_is_sealed(octets: int) -> None:
    scoped = ber.encode(ber.string(b"x" * octets))
    message = parse(sealed(AUTH_PRIV, scoped))
    key = PEER.priv_key(ENGINE_ID)
    assert decrypted(key, BOOTS, TIME_S, message.salt, message.data) == scoped
    digest = replace(THEIRS, digest=message.digest, salt=message.salt, scoped=scoped).encode()
    assert digest == message.datagram == replace(THEIRS, salt=message.salt, scoped=scoped).encode()


@pytest.mark.parametrize("priv", list(PrivProtocol)[1:])
def test_pysnmp_decrypts_what_is_encrypted_and_the_reverse(priv: PrivProtocol) -> None:
    services = {
        PrivProtocol.DES: config.USM_PRIV_CBC56_DES,
        PrivProtocol.AES128: config.USM_PRIV_CFB128_AES,
        PrivProtocol.AES256: config.USM_PRIV_CFB256_AES_BLUMENTHAL,
        PrivProtocol.AES256C: config.USM_PRIV_CFB256_AES,
    }
    service = config.PRIV_SERVICES[services[priv]]
    key = bytes(range(16 if priv in {PrivProtocol.DES, PrivProtocol.AES128} else 32))
    theirs, ours = rfc1902.OctetString(key), cipher(priv, key)
    secret, salt = ours.encrypt(SCOPED, BOOTS, TIME_S)
    parameters = (BOOTS, TIME_S, rfc1902.OctetString(salt))
    assert bytes(service.decrypt_data(theirs, parameters, rfc1902.OctetString(secret))).startswith(
        SCOPED
    )
    secret, salt = service.encrypt_data(theirs, (BOOTS, TIME_S, None), SCOPED)
    assert ours.decrypt(bytes(secret), bytes(salt), BOOTS, TIME_S).startswith(SCOPED)


@pytest.mark.parametrize("priv", list(PrivProtocol)[1:])
def test_no_salt_is_used_twice(priv: PrivProtocol) -> None:
    one = keys(AuthProtocol.SHA256, priv)
    messages = [parse(sealed(one)) for _ in range(300)]
    assert len({message.salt for message in messages}) == 300
    assert len({message.data for message in messages}) == 300
    other = keys(AuthProtocol.SHA256, priv)
    assert parse(sealed(other)).salt not in {message.salt for message in messages}


KINDS = {
    "clear": sealed(keys(AuthProtocol.NONE, PrivProtocol.NONE)),
    "authentic": sealed(keys(AuthProtocol.SHA256, PrivProtocol.NONE)),
    "secret": sealed(AUTH_PRIV),
    "des": sealed(keys(AuthProtocol.MD5, PrivProtocol.DES)),
}
OPENERS = {
    "clear": UserKeys(b"someone"),
    "authentic": keys(AuthProtocol.SHA256, PrivProtocol.NONE),
    "secret": AUTH_PRIV,
    "des": keys(AuthProtocol.MD5, PrivProtocol.DES),
}


def opened(datagram: bytes, of: UserKeys) -> bytes | None:
    """The plaintext, None if refused with one of the declared errors."""
    try:
        return open_message(parse(datagram), of)
    except (MalformedMessage, UnsupportedLevel, WrongDigest, DecryptionFailed):
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_cut_anywhere_is_malformed(kind: str) -> None:
    for length in range(len(KINDS[kind])):
        with pytest.raises(MalformedMessage):
            parse(KINDS[kind][:length])
    with pytest.raises(MalformedMessage):
        parse(KINDS[kind] + b"\0")


@pytest.mark.parametrize("kind", ["authentic", "secret", "des"])
def test_no_single_flipped_bit_of_an_authentic_message_is_accepted(kind: str) -> None:
    datagram, of = KINDS[kind], OPENERS[kind]
    assert opened(datagram, of) == SCOPED
    for position, bit in itertools.product(range(len(datagram)), range(8)):
        spoilt = bytearray(datagram)
        spoilt[position] ^= 1 << bit
        if opened(bytes(spoilt), of) is not None:
            # Without its flag it claims nothing: that such a level is too low is not for USM.
            assert parse(bytes(spoilt)).level is SecurityLevel.NO_AUTH_NO_PRIV


@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6), st.integers(0, 6)), max_size=4),
)
def test_bytes_changed_anywhere_raise_nothing_undeclared(
    kind: str, changes: list[tuple[int, bytes, int]]
) -> None:
    datagram = KINDS[kind]
    for position, replacement, removed in changes:
        datagram = datagram[:position] + replacement + datagram[position + removed :]
    opened(datagram, OPENERS[kind])


@given(st.binary(max_size=300))
def test_noise_raises_nothing_undeclared(noise: bytes) -> None:
    assert opened(noise, AUTH_PRIV) is None
    assert opened(b"\x30\x82" + len(noise).to_bytes(2, "big") + noise, AUTH_PRIV) is None


@given(st.binary(min_size=1, max_size=200), st.sampled_from(list(PrivProtocol)[1:]))
def test_any_ciphertext_is_plaintext_or_a_declared_error(secret: bytes, priv: PrivProtocol) -> None:
    data = ber.string(secret)
    of = OPENERS["des"] if priv is PrivProtocol.DES else AUTH_PRIV
    peer = replace(PEER, hash_name="md5") if priv is PrivProtocol.DES else PEER
    message = parse(replace(THEIRS, user=peer, data=data).encode())
    with suppress(DecryptionFailed):
        assert open_message(message, of)[0] == 0x30


@pytest.mark.parametrize("auth", HASH_NAMES)
def test_a_digest_of_any_other_length_is_refused(auth: AuthProtocol) -> None:
    """CVE-2008-0960: a manager must not choose how much of the digest is looked at."""
    hash_name = HASH_NAMES[auth]
    peer = replace(PEER, hash_name=hash_name, priv_pass=b"")
    theirs = replace(THEIRS, user=peer, flags=bytes((AUTH,)))
    of = keys(auth, PrivProtocol.NONE)
    right = DIGEST_OCTETS[hash_name]
    assert opened(theirs.encode(), of) == SCOPED
    for octets in set(range(65)) - {right}:
        with pytest.raises(WrongDigest):
            open_message(parse(replace(theirs, digest_octets=octets).encode()), of)


def test_a_level_that_the_user_has_no_keys_for_is_refused_in_both_directions() -> None:
    for of in (OPENERS["clear"], OPENERS["authentic"]):
        with pytest.raises(UnsupportedLevel):
            open_message(parse(KINDS["secret"]), of)
        with pytest.raises(UnsupportedLevel):
            sealed(of, level=SecurityLevel.AUTH_PRIV)
    with pytest.raises(UnsupportedLevel):
        open_message(parse(KINDS["authentic"]), OPENERS["clear"])
    with pytest.raises(UnsupportedLevel):
        sealed(OPENERS["clear"], level=SecurityLevel.AUTH_NO_PRIV)


def test_a_lower_level_than_the_keys_allow_can_be_sealed() -> None:
    message = parse(sealed(AUTH_PRIV, level=SecurityLevel.AUTH_NO_PRIV, reportable=False))
    assert (message.flags, message.data) == (AUTH, SCOPED)
    assert open_message(message, AUTH_PRIV) == SCOPED
    assert not message.reportable


@pytest.mark.parametrize("salt", [b"", b"1234567", b"123456789"])
@pytest.mark.parametrize("kind", ["secret", "des"])
def test_a_salt_of_another_length_cannot_be_decrypted(kind: str, salt: bytes) -> None:
    peer = replace(PEER, hash_name="md5" if kind == "des" else "sha256")
    with pytest.raises(DecryptionFailed):
        open_message(parse(replace(THEIRS, user=peer, salt=salt).encode()), OPENERS[kind])


def test_the_wrong_privacy_key_is_told_from_a_right_one() -> None:
    other = replace(PEER, priv_pass=b"some other phrase")
    for message_id in range(40):
        theirs = replace(THEIRS, user=other, salt=message_id.to_bytes(8, "big"))
        with pytest.raises(DecryptionFailed):
            open_message(parse(theirs.encode()), AUTH_PRIV)


def test_padding_is_cut_off_and_more_than_padding_is_refused() -> None:
    assert opened(replace(THEIRS, scoped=SCOPED + bytes(16)).encode(), AUTH_PRIV) == SCOPED
    assert opened(replace(THEIRS, scoped=SCOPED + bytes(17)).encode(), AUTH_PRIV) is None


def test_the_form_of_a_message_is_checked() -> None:
    for changes, error in (
        ({"max_size": 483}, MalformedMessage),
        ({"message_id": -1}, MalformedMessage),
        ({"message_id": 2**31}, MalformedMessage),
        ({"boots": -1}, MalformedMessage),
        ({"time_s": 2**31}, MalformedMessage),
        ({"flags": b""}, MalformedMessage),
        ({"flags": b"\5\5"}, MalformedMessage),
        ({"flags": bytes((PRIV,))}, InvalidFlags),
        ({"security_model": 2}, UnknownSecurityModel),
        ({"data": ber.string(b"secret?"), "flags": bytes((AUTH,))}, MalformedMessage),
        ({"user": replace(PEER, name=b"n" * 33)}, MalformedMessage),
        ({"scoped": bytes(8192), "flags": b"\0"}, MalformedMessage),
    ):
        with pytest.raises(error) as caught:
            parse(replace(THEIRS, **changes).encode())  # type: ignore[arg-type]
        assert caught.type is error, changes


def test_a_scoped_pdu_is_what_the_rfc_says() -> None:
    assert scoped_pdu(ENGINE_ID, b"", ber.encode(REQUEST)) == SCOPED


def test_a_cipher_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for modules in ("_OLD_ALGORITHMS", "_ALGORITHMS"):
        monkeypatch.setattr(ciphers, modules, "cryptography.nothing")
    for priv, name in ((PrivProtocol.DES, "TripleDES"), (PrivProtocol.AES128, "AES")):
        with pytest.raises(CipherUnavailable, match=name):
            cipher(priv, bytes(16))
