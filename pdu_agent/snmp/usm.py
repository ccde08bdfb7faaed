# SPDX-License-Identifier: Apache-2.0
"""SNMPv3 messages with the User-based Security Model, for agents and managers. No I/O.

RFC 3412 section 6 (the message), RFC 3414 section 2.4 (the security parameters), 6 to 8
and RFC 7860 (digests), RFC 3826 (AES). Bounded: a message is at most MAX_V3_OCTETS long,
is looked at once, and nothing of it is kept.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pdu_agent.model.errors import OpenPduError
from pdu_agent.snmp.ber import (
    OCTET_STRING,
    SEQUENCE,
    MalformedMessage,
    element,
    encode_integer,
    enter,
    head,
    integer_at,
)
from pdu_agent.snmp.ciphers import BadCiphertext, Cipher, Hmac, cipher
from pdu_agent.snmp.credentials import MAX_USER_NAME_OCTETS, SecurityLevel, User
from pdu_agent.snmp.envelope import MAX_V3_OCTETS, VERSION_3, UnknownVersion
from pdu_agent.snmp.keys import auth_key, priv_key

REPORTABLE = 0x04
"""The flag that asks for a Report when a message cannot be served."""

_AUTH, _PRIV = 0x01, 0x02
_USM = 3
_LEAST_MAX_SIZE = 484
_VERSION_FIELD = _MODEL_FIELD = b"\x02\x01\x03"
_REMEMBERED = 128
_REMEMBERED_LENGTHS = 4
_MOST_PADDING = 16
"""A block of AES, which needs none; gufo_snmp fills it all the same, and pysnmp one of DES."""

_LEVELS = (
    SecurityLevel.NO_AUTH_NO_PRIV,
    SecurityLevel.AUTH_NO_PRIV,
    None,
    SecurityLevel.AUTH_PRIV,
)
_FLAGS = (0, *(_LEVELS.index(level) for level in SecurityLevel))
"""By level; the hash of a member of an Enum is slow."""


class UnknownSecurityModel(MalformedMessage):
    """A v3 message of another security model than USM: snmpUnknownSecurityModels."""


class InvalidFlags(MalformedMessage):
    """msgFlags that ask for privacy without authentication: snmpInvalidMsgs."""


class UnsupportedLevel(OpenPduError):
    """The message is protected in a way that the user has no keys for."""


class WrongDigest(OpenPduError):
    """Not written by someone who has the key, or changed on its way."""


class DecryptionFailed(OpenPduError):
    """Not encrypted with the user's key, or not with the user's protocol."""


@dataclass(frozen=True, slots=True)
class UserKeys:
    """A user at one engine. hmac and cipher are None where the user has no such protection."""

    name: bytes
    hmac: Hmac | None = None
    cipher: Cipher | None = None

    @property
    def level(self) -> SecurityLevel:
        """The highest level that the keys are good for."""
        if self.hmac is None:
            return SecurityLevel.NO_AUTH_NO_PRIV
        return SecurityLevel.AUTH_NO_PRIV if self.cipher is None else SecurityLevel.AUTH_PRIV

    @staticmethod
    def of(user: User, engine_id: bytes) -> UserKeys:
        """The user's keys, localized to the engine; takes some milliseconds.

        Raises CipherUnavailable, or ValueError for a hash that this machine does not have.
        """
        auth, priv = auth_key(user, engine_id), priv_key(user, engine_id)
        return UserKeys(
            user.name.encode("utf-8"),
            None if auth is None else Hmac(user.auth, auth),
            None if priv is None else cipher(user.priv, priv),
        )


class V3Message(NamedTuple):
    """A message whose form is right, and of which nothing has been proven yet.

    boots, time_s: what the sender believes of the authoritative engine (0 to 2^31-1).
    digest_start: where msgAuthenticationParameters begin in `datagram`. data: the scoped PDU,
    encrypted where the level says so. (A frozen dataclass takes five times longer to make.)
    """

    datagram: bytes
    msg_id: int
    max_size: int
    flags: int
    level: SecurityLevel
    engine_id: bytes
    boots: int
    time_s: int
    user_name: bytes
    digest_start: int
    digest: bytes
    salt: bytes
    data: bytes

    @property
    def reportable(self) -> bool:
        return bool(self.flags & REPORTABLE)


class _Claims(NamedTuple):
    """The fields from msgMaxSize to the digest, and octets of what they have the length of.

    A manager repeats them word for word for a second, so they are taken apart once.
    header_octets: of msgGlobalData from msgMaxSize on. tail_octets: of the USM parameters
    from the digest on.
    """

    max_size: int
    flags: int
    level: SecurityLevel
    engine_id: bytes
    boots: int
    time_s: int
    user_name: bytes
    digest_octets: int
    header_octets: int
    tail_octets: int


class _Memory:
    """What was claimed lately, by the octets that it was claimed with. Bounded."""

    def __init__(self) -> None:
        self._claims: dict[bytes, _Claims] = {}
        self._lengths: tuple[int, ...] = ()

    def find(self, data: bytes, position: int) -> tuple[_Claims, int] | None:
        """Known claims at `position`, and where they stop."""
        for octets in self._lengths:
            claims = self._claims.get(data[position : position + octets])
            if claims is not None:
                return claims, position + octets
        return None

    def keep(self, octets: bytes, claims: _Claims) -> None:
        if len(self._claims) >= _REMEMBERED:
            self._claims.clear()
            self._lengths = ()
        self._claims[octets] = claims
        if len(octets) not in self._lengths:
            self._lengths = (len(octets), *self._lengths[: _REMEMBERED_LENGTHS - 1])


_memory = _Memory()


def parse(datagram: bytes) -> V3Message:
    """Take a v3 message apart.

    Raises UnknownVersion, UnknownSecurityModel, InvalidFlags, or MalformedMessage for
    everything else that RFC 3412 section 6 and RFC 3417 section 8 do not allow.
    """
    if len(datagram) > MAX_V3_OCTETS:
        raise MalformedMessage("v3 message larger than announced")
    data, end = datagram, len(datagram)
    position, stop = enter(data, 0, end, SEQUENCE)
    if stop != end:
        raise MalformedMessage("octets after the message")
    if data[position : position + 3] == _VERSION_FIELD:
        position += 3
    else:
        version, position = _number(data, position, end)
        if version != VERSION_3:
            raise UnknownVersion(f"message version {version}")
    position, header_stop = enter(data, position, end, SEQUENCE)
    msg_id, position = _number(data, position, header_stop)
    claims, digest_start = _claims_at(data, position, header_stop, end)
    digest_stop = digest_start + claims.digest_octets
    salt_start, salt_stop = enter(
        data, digest_stop, digest_start + claims.tail_octets, OCTET_STRING
    )
    if salt_stop != digest_start + claims.tail_octets:
        raise MalformedMessage("USM parameters of another shape")
    if claims.flags & _PRIV:
        start, stop = enter(data, salt_stop, end, OCTET_STRING)
    else:
        start, (_, stop) = salt_stop, enter(data, salt_stop, end, SEQUENCE)
    if stop != end:
        raise MalformedMessage("octets after the scoped PDU")
    return V3Message(
        data,
        msg_id,
        claims.max_size,
        claims.flags,
        claims.level,
        claims.engine_id,
        claims.boots,
        claims.time_s,
        claims.user_name,
        digest_start,
        data[digest_start:digest_stop],
        data[salt_start:salt_stop],
        data[start:stop],
    )


def _claims_at(data: bytes, position: int, header_stop: int, end: int) -> tuple[_Claims, int]:
    """What a message claims from msgMaxSize at `position` on, and where its digest starts."""
    known = _memory.find(data, position)
    if known is not None:
        claims, digest_start = known
        if (
            claims.header_octets == header_stop - position
            and digest_start + claims.tail_octets <= end
        ):
            return known
    claims, digest_start = _take_claims(data, position, header_stop, end)
    _memory.keep(data[position:digest_start], claims)
    return claims, digest_start


def _take_claims(data: bytes, start: int, header_stop: int, end: int) -> tuple[_Claims, int]:
    max_size, flags = _parse_header(data, start, header_stop)
    position, stop = enter(data, header_stop, end, OCTET_STRING)
    position, inner_stop = enter(data, position, stop, SEQUENCE)
    if inner_stop != stop:
        raise MalformedMessage("octets after the USM parameters")
    id_start, position = enter(data, position, stop, OCTET_STRING)
    engine_id = data[id_start:position]
    boots, position = _number(data, position, stop)
    time_s, position = _number(data, position, stop)
    name_start, position = enter(data, position, stop, OCTET_STRING)
    if position - name_start > MAX_USER_NAME_OCTETS:
        raise MalformedMessage(f"user name of {position - name_start} octets")
    digest_start, digest_stop = enter(data, position, stop, OCTET_STRING)
    level = _LEVELS[flags & (_AUTH | _PRIV)]
    if level is None:
        raise InvalidFlags("privacy without authentication")
    claims = _Claims(
        max_size,
        flags,
        level,
        engine_id,
        boots,
        time_s,
        data[name_start:position],
        digest_stop - digest_start,
        header_stop - start,
        stop - digest_start,
    )
    return claims, digest_start


def _parse_header(data: bytes, position: int, end: int) -> tuple[int, int]:
    """msgMaxSize and msgFlags of msgGlobalData that ends at `end`."""
    max_size, position = _number(data, position, end)
    if max_size < _LEAST_MAX_SIZE:
        raise MalformedMessage(f"msgMaxSize {max_size}")
    flags_start, position = enter(data, position, end, OCTET_STRING)
    if position != flags_start + 1:
        raise MalformedMessage("msgFlags are not one octet")
    model, position = _number(data, position, end)
    if position != end:
        raise MalformedMessage("octets after msgGlobalData")
    if model != _USM:
        raise UnknownSecurityModel(f"security model {model}")
    return max_size, data[flags_start]


def _number(data: bytes, position: int, end: int) -> tuple[int, int]:
    """An INTEGER of 0 to 2^31-1 and where it stops; anything else is refused, not cut."""
    number, stop = integer_at(data, position, end)
    if number < 0:
        raise MalformedMessage(f"{number} where a positive number belongs")
    return number, stop


def open_message(message: V3Message, keys: UserKeys) -> bytes:
    """The scoped PDU as it was written, checked as far as the message's own level goes.

    The caller decides whether that level is enough, and checks the time. Raises
    UnsupportedLevel, WrongDigest or DecryptionFailed.
    """
    verify(message, keys)
    return decrypt(message, keys)


def verify(message: V3Message, keys: UserKeys) -> None:
    """Check the digest, if the message claims to be authentic.

    Raises UnsupportedLevel or WrongDigest.
    """
    if not message.flags & _AUTH:
        return
    if keys.hmac is None or (message.flags & _PRIV and keys.cipher is None):
        raise UnsupportedLevel("the user has no keys for that")
    # The protocol says how long a digest is, not the message: one octet is soon guessed.
    octets = keys.hmac.octets
    if len(message.digest) != octets:
        raise WrongDigest(f"digest of {len(message.digest)} octets")
    data, start = message.datagram, message.digest_start
    expected = keys.hmac.sign(data[:start] + bytes(octets) + data[start + octets :])
    if not hmac.compare_digest(expected, message.digest):
        raise WrongDigest("the digest is another one")


def decrypt(message: V3Message, keys: UserKeys) -> bytes:
    """The scoped PDU without padding. Raises UnsupportedLevel or DecryptionFailed."""
    if not message.flags & _PRIV:
        return message.data
    if keys.cipher is None:
        raise UnsupportedLevel("the user has no privacy key")
    try:
        plaintext = keys.cipher.decrypt(message.data, message.salt, message.boots, message.time_s)
        _, stop = enter(plaintext, 0, len(plaintext), SEQUENCE)
    except (BadCiphertext, MalformedMessage) as exc:
        raise DecryptionFailed(str(exc)) from None
    if len(plaintext) - stop > _MOST_PADDING:
        raise DecryptionFailed("more behind the scoped PDU than padding")
    return plaintext[:stop]


def seal(
    keys: UserKeys,
    *,
    engine_id: bytes,
    boots: int,
    time_s: int,
    msg_id: int,
    scoped: bytes,
    level: SecurityLevel,
    reportable: bool,
    max_size: int = MAX_V3_OCTETS,
) -> bytes:
    """A message with the scoped PDU, authenticated and encrypted as `level` says.

    engine_id, boots, time_s: of the authoritative engine, for which the keys have been
    localized. max_size: the msgMaxSize to announce. Raises UnsupportedLevel.
    """
    flags = _FLAGS[level]
    salt, digest_octets = b"", 0
    if flags & _PRIV:
        if keys.cipher is None:
            raise UnsupportedLevel("the user has no privacy key")
        ciphertext, salt = keys.cipher.encrypt(scoped, boots, time_s)
        scoped = head(OCTET_STRING, len(ciphertext)) + ciphertext
    if flags & _AUTH:
        if keys.hmac is None:
            raise UnsupportedLevel("the user has no authentication key")
        digest_octets = keys.hmac.octets
    if reportable:
        flags |= REPORTABLE
    header_octets, common = _up_to_digest(
        max_size, flags, engine_id, boots, time_s, keys.name, digest_octets, len(salt)
    )
    number = encode_integer(msg_id)
    before = _VERSION_FIELD + head(SEQUENCE, len(number) + header_octets) + number + common
    after = head(OCTET_STRING, len(salt)) + salt + scoped
    before = head(SEQUENCE, len(before) + digest_octets + len(after)) + before
    if keys.hmac is None or not digest_octets:
        return before + after
    return before + keys.hmac.sign(before + bytes(digest_octets) + after) + after


@lru_cache(maxsize=64)
def _up_to_digest(
    max_size: int,
    flags: int,
    engine_id: bytes,
    boots: int,
    time_s: int,
    user_name: bytes,
    digest_octets: int,
    salt_octets: int,
) -> tuple[int, bytes]:
    """What follows msgID: octets of msgGlobalData, and all there is up to the digest.

    Many messages in a row have it in common, so it is encoded once.
    """
    header_end = encode_integer(max_size) + bytes((OCTET_STRING, 1, flags)) + _MODEL_FIELD
    fields = (
        element(OCTET_STRING, engine_id)
        + encode_integer(boots)
        + encode_integer(time_s)
        + element(OCTET_STRING, user_name)
        + head(OCTET_STRING, digest_octets)
    )
    fields_octets = len(fields) + digest_octets + 2 + salt_octets
    parameters = head(SEQUENCE, fields_octets) + fields
    parameters_octets = len(parameters) - len(fields) + fields_octets
    return len(header_end), header_end + head(OCTET_STRING, parameters_octets) + parameters


def scoped_pdu(context_engine_id: bytes, context_name: bytes, pdu: bytes) -> bytes:
    """RFC 3412 section 6: a PDU with the context that it is about."""
    return element(
        SEQUENCE,
        element(OCTET_STRING, context_engine_id) + element(OCTET_STRING, context_name) + pdu,
    )
