# SPDX-License-Identifier: Apache-2.0
"""The manager's half of SNMPv3: messages whose every field can be wrong, and their keys.

Independent of the agent's code: RFC 3412 section 6 (message), RFC 3414 section 2.4 and 6.3.2
(security parameters, digest), RFC 7860 (SHA-2), RFC 3826 section 3.1.3 (AES).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from tests.snmp.ber import Node, encode, integer, sequence, string

AUTH, PRIV, REPORTABLE = 0x01, 0x02, 0x04
USM = 3
DIGEST_OCTETS = {"md5": 12, "sha1": 12, "sha224": 16, "sha256": 24, "sha384": 32, "sha512": 48}
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Usm:
    """A user with AES-128 privacy if priv_pass is given, no authentication if auth_pass is not.

    hash_name: as hashlib names it.
    """

    name: bytes
    auth_pass: bytes = b""
    priv_pass: bytes = b""
    hash_name: str = "sha256"

    @property
    def digest_octets(self) -> int:
        return DIGEST_OCTETS[self.hash_name]

    @property
    def flags(self) -> int:
        """The security level that the user is configured with."""
        return (AUTH if self.auth_pass else 0) | (PRIV if self.priv_pass else 0)

    def auth_key(self, engine_id: bytes) -> bytes:
        return localized_key(self.auth_pass, engine_id, self.hash_name)

    def priv_key(self, engine_id: bytes) -> bytes:
        return localized_key(self.priv_pass, engine_id, self.hash_name)[:_BLOCK]


@cache
def _expanded(passphrase: bytes, hash_name: str) -> bytes:
    """RFC 3414 A.2: the digest of one mebibyte of the repeated passphrase."""
    digest = hashlib.new(hash_name)
    block = passphrase * 64
    for _ in range(2**20 // len(block)):
        digest.update(block)
    digest.update(block[: 2**20 % len(block)])
    return digest.digest()


def localized_key(passphrase: bytes, engine_id: bytes, hash_name: str) -> bytes:
    """Bound to one engine; as long as the digest of the hash function."""
    key = _expanded(passphrase, hash_name)
    return hashlib.new(hash_name, key + engine_id + key).digest()


def encrypted(key: bytes, boots: int, time_s: int, salt: bytes, plain: bytes) -> bytes:
    """CFB with 128-bit feedback; a salt of any length is cut or filled up to the eight octets."""
    return _cfb(key, _start(boots, time_s, salt), plain, feed_back_output=True)


def decrypted(key: bytes, boots: int, time_s: int, salt: bytes, secret: bytes) -> bytes:
    return _cfb(key, _start(boots, time_s, salt), secret, feed_back_output=False)


def _start(boots: int, time_s: int, salt: bytes) -> bytes:
    clock = (boots % 2**32).to_bytes(4, "big") + (time_s % 2**32).to_bytes(4, "big")
    return clock + salt[:8].ljust(8, b"\0")


def _cfb(key: bytes, feedback: bytes, data: bytes, *, feed_back_output: bool) -> bytes:
    block = Cipher(AES(key), ECB()).encryptor()
    result = b""
    for start in range(0, len(data), _BLOCK):
        piece = data[start : start + _BLOCK]
        done = bytes(a ^ b for a, b in zip(piece, block.update(feedback), strict=False))
        result += done
        feedback = done if feed_back_output else piece
    return result


def unchanged(packet: bytes) -> bytes:
    return packet


@dataclass(frozen=True, slots=True)
class V3Message:
    """One message. Nothing is checked: dataclasses.replace() makes any field wrong.

    scoped: in place of the scoped PDU of context_engine_id, context and pdu. data: in place
    of msgData, encrypted or not. digest: in place of the right one. digest_octets: in place
    of what the hash function asks for.
    """

    engine_id: bytes = b""
    boots: int = 0
    time_s: int = 0
    user: Usm = field(default_factory=lambda: Usm(b""))
    pdu: Node = (0xA0, [integer(1), integer(0), integer(0), sequence()])
    flags: bytes = bytes((REPORTABLE,))
    message_id: int = 5
    max_size: int = 65507
    security_model: int = USM
    salt: bytes = b"\0\0\0\0\0\0\0\1"
    context_engine_id: bytes | None = None
    context: bytes = b""
    scoped: bytes | None = None
    data: Node | None = None
    digest: bytes | None = None
    digest_octets: int | None = None

    @property
    def _has_auth(self) -> bool:
        return bool(self.flags and self.flags[0] & AUTH and self.user.auth_pass)

    @property
    def _has_priv(self) -> bool:
        return bool(self.flags and self.flags[0] & PRIV and self.user.priv_pass)

    def encode(self, spoil: Callable[[bytes], bytes] = unchanged) -> bytes:
        """The message; `spoil` changes its octets before the digest is computed over them.

        Octets that reach into the digest must keep their number.
        """
        if self.digest is not None or not self._has_auth:
            return spoil(self._with_digest(self.digest or b""))
        octets = self.user.digest_octets if self.digest_octets is None else self.digest_octets
        bare, marked = self._with_digest(bytes(octets)), self._with_digest(b"\xa5" * octets)
        place = next((at for at, octet in enumerate(marked) if octet != bare[at]), len(bare))
        bare = spoil(bare)
        key = self.user.auth_key(self.engine_id)
        right = hmac.new(key, bare, self.user.hash_name).digest().ljust(octets, b"\0")[:octets]
        return bare[:place] + right + bare[place + octets :]

    def scoped_pdu(self) -> bytes:
        """contextEngineID, contextName and the request (RFC 3412 section 6)."""
        if self.scoped is not None:
            return self.scoped
        engine_id = self.engine_id if self.context_engine_id is None else self.context_engine_id
        return encode(sequence(string(engine_id), string(self.context), self.pdu))

    def _with_digest(self, digest: bytes) -> bytes:
        header = sequence(
            integer(self.message_id),
            integer(self.max_size),
            string(self.flags),
            integer(self.security_model),
        )
        security = sequence(
            string(self.engine_id),
            integer(self.boots),
            integer(self.time_s),
            string(self.user.name),
            string(digest),
            string(self.salt if self._has_priv else b""),
        )
        parts = encode(integer(3)) + encode(header) + encode(string(encode(security)))
        return encode((0x30, parts + self._message_data()))

    def _message_data(self) -> bytes:
        if self.data is not None:
            return encode(self.data)
        if not self._has_priv:
            return self.scoped_pdu()
        key = self.user.priv_key(self.engine_id)
        secret = encrypted(key, self.boots, self.time_s, self.salt, self.scoped_pdu())
        return encode(string(secret))


def discovery(message_id: int = 5) -> bytes:
    """RFC 3414 section 4: no engine, no user, and an answer that tells the engine ID."""
    return V3Message(message_id=message_id).encode()
