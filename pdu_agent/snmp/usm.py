# SPDX-License-Identifier: Apache-2.0
"""The User-based Security Model of SNMPv3, for agents and managers. No I/O.

RFC 3414 sections 6 to 8 and RFC 7860 (digests), RFC 3826 (AES): whether a message is from who
it says, what is in it, and how one is written.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache

from pdu_agent.model.errors import OpenPduError
from pdu_agent.snmp.ber import (
    OCTET_STRING,
    SEQUENCE,
    MalformedMessage,
    element,
    encode_integer,
    enter,
    head,
)
from pdu_agent.snmp.ciphers import BadCiphertext, Cipher, Hmac, cipher
from pdu_agent.snmp.credentials import SecurityLevel, User
from pdu_agent.snmp.envelope import MAX_V3_OCTETS
from pdu_agent.snmp.keys import auth_key, priv_key
from pdu_agent.snmp.v3_message import (
    AUTH,
    LEVELS,
    MODEL_FIELD,
    PRIV,
    REPORTABLE,
    VERSION_FIELD,
    V3Message,
)

_MOST_PADDING = 16
"""A block of AES, which needs none; gufo_snmp fills it all the same, and pysnmp one of DES."""

_FLAGS = (0, *(LEVELS.index(level) for level in SecurityLevel))
"""By level; the hash of a member of an Enum is slow."""


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
    if not message.flags & AUTH:
        return
    if keys.hmac is None or (message.flags & PRIV and keys.cipher is None):
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
    if not message.flags & PRIV:
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
    if flags & PRIV:
        if keys.cipher is None:
            raise UnsupportedLevel("the user has no privacy key")
        ciphertext, salt = keys.cipher.encrypt(scoped, boots, time_s)
        scoped = head(OCTET_STRING, len(ciphertext)) + ciphertext
    if flags & AUTH:
        if keys.hmac is None:
            raise UnsupportedLevel("the user has no authentication key")
        digest_octets = keys.hmac.octets
    if reportable:
        flags |= REPORTABLE
    header_octets, common = _up_to_digest(
        max_size, flags, engine_id, boots, time_s, keys.name, digest_octets, len(salt)
    )
    number = encode_integer(msg_id)
    before = VERSION_FIELD + head(SEQUENCE, len(number) + header_octets) + number + common
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
    header_end = encode_integer(max_size) + bytes((OCTET_STRING, 1, flags)) + MODEL_FIELD
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
