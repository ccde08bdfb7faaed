# SPDX-License-Identifier: Apache-2.0
"""What signs and encrypts v3 messages: HMAC, AES in CFB mode, DES in CBC mode. No I/O.

Each object belongs to one key and is kept: making one costs more than using it.
"""

from __future__ import annotations

import hashlib
import os
from importlib import import_module
from typing import Any, Protocol

from pdu_agent.model.errors import OpenPduError
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol
from pdu_agent.snmp.keys import HASH_NAMES

SALT_OCTETS = 8
"""Of msgPrivacyParameters (RFC 3414 section 8.1.1.1, RFC 3826 section 3.1.4)."""

_DIGEST_OCTETS = {
    AuthProtocol.MD5: 12,
    AuthProtocol.SHA: 12,
    AuthProtocol.SHA224: 16,
    AuthProtocol.SHA256: 24,
    AuthProtocol.SHA384: 32,
    AuthProtocol.SHA512: 48,
}
"""RFC 3414 sections 6.3.1 and 7.3.1, RFC 7860 section 4.2.1."""

_INNER_PAD = bytes(octet ^ 0x36 for octet in range(256))
_OUTER_PAD = bytes(octet ^ 0x5C for octet in range(256))

_AES_BLOCK = 16
_FEW_BLOCKS = 4
_DES_BLOCK = 8


class CipherUnavailable(OpenPduError):
    """The cryptography package is missing, or has no such cipher."""


class BadCiphertext(OpenPduError):
    """Cannot be the work of this cipher: a salt or a length that it never makes."""


class Hmac:
    """The authentication protocol of one user with the localized key.

    octets: of the digest as it is sent. The state of the hash after each pad is kept, which
    saves half of the work for messages as short as ours (RFC 2104 section 4).
    """

    def __init__(self, protocol: AuthProtocol, key: bytes) -> None:
        self.octets = _DIGEST_OCTETS[protocol]
        hash_name = HASH_NAMES[protocol]
        block = hashlib.new(hash_name).block_size
        padded = key.ljust(block, b"\0")
        self._inner = hashlib.new(hash_name, padded.translate(_INNER_PAD))
        self._outer = hashlib.new(hash_name, padded.translate(_OUTER_PAD))

    def sign(self, message: bytes) -> bytes:
        """The truncated digest of a message whose own digest field is zero."""
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[: self.octets]


class Cipher(Protocol):
    """A privacy protocol with one key. boots, time_s: of the message's authoritative engine."""

    def encrypt(self, plaintext: bytes, boots: int, time_s: int, /) -> tuple[bytes, bytes]:
        """Ciphertext and salt; no salt is used twice."""
        ...

    def decrypt(self, ciphertext: bytes, salt: bytes, boots: int, time_s: int, /) -> bytes:
        """The plaintext, perhaps with padding behind it. Raises BadCiphertext."""
        ...


def cipher(protocol: PrivProtocol, key: bytes) -> Cipher:
    """protocol: not NONE. key: as `priv_key` gives it. Raises CipherUnavailable."""
    return DesCbc(key) if protocol is PrivProtocol.DES else AesCfb(key)


class _Salts:
    """Numbers of `bits` bits, from a random start upwards (RFC 3826 section 3.1.4.1)."""

    def __init__(self, bits: int) -> None:
        self._mask = (1 << bits) - 1
        self._octets = bits // 8
        self._last = int.from_bytes(os.urandom(self._octets), "big")

    def next(self) -> bytes:
        self._last = (self._last + 1) & self._mask
        return self._last.to_bytes(self._octets, "big")


class AesCfb:
    """RFC 3826: AES in CFB mode with 128 bits of feedback. key: 16 or 32 octets."""

    def __init__(self, key: bytes) -> None:
        ecb = _found("ECB", _MODES)()
        self._algorithm = _found("AES", _ALGORITHMS)(key)
        self._new_cfb = _found("CFB", _OLD_MODES, _MODES)
        self._new_context = _found("Cipher", _CIPHERS)
        self._encrypt_blocks = self._new_context(self._algorithm, ecb).encryptor().update
        self._salts = _Salts(64)

    def encrypt(self, plaintext: bytes, boots: int, time_s: int) -> tuple[bytes, bytes]:
        salt = self._salts.next()
        feedback = (boots << 32 | time_s).to_bytes(8, "big") + salt
        if len(plaintext) <= _FEW_BLOCKS * _AES_BLOCK:
            return self._encrypt_in_blocks(plaintext, feedback), salt
        context = self._new_context(self._algorithm, self._new_cfb(feedback))
        ciphertext: bytes = context.encryptor().update(plaintext)
        return ciphertext, salt

    def _encrypt_in_blocks(self, plaintext: bytes, feedback: bytes) -> bytes:
        """CFB by the kept context; cheaper than a new CFB context for a few blocks."""
        number, encrypt = int.from_bytes, self._encrypt_blocks
        blocks = []
        for start in range(0, len(plaintext), _AES_BLOCK):
            block = plaintext[start : start + _AES_BLOCK]
            octets = len(block)
            mixed = number(encrypt(feedback)[:octets], "big") ^ number(block, "big")
            feedback = mixed.to_bytes(octets, "big")
            blocks.append(feedback)
        return b"".join(blocks)

    def decrypt(self, ciphertext: bytes, salt: bytes, boots: int, time_s: int) -> bytes:
        if len(salt) != SALT_OCTETS:
            raise BadCiphertext(f"salt of {len(salt)} octets")
        # Each block of the key stream comes from the ciphertext before it: one call of the kept
        # context gives all of them, four times as fast as a new CFB context.
        feedback = (boots << 32 | time_s).to_bytes(8, "big") + salt + ciphertext
        whole_octets = -(-len(ciphertext) // _AES_BLOCK) * _AES_BLOCK
        return _xor(self._encrypt_blocks(feedback[:whole_octets]), ciphertext)


class DesCbc:
    """RFC 3414 section 8: DES in CBC mode. key: 16 octets, the second half is the pre-IV."""

    def __init__(self, key: bytes) -> None:
        # Triple DES with one key three times is DES, which the package has no class for.
        self._algorithm = _found("TripleDES", _OLD_ALGORITHMS, _ALGORITHMS)(key[:8] * 3)
        self._new_cbc = _found("CBC", _MODES)
        self._new_context = _found("Cipher", _CIPHERS)
        self._pre_iv = key[8:16]
        self._salts = _Salts(32)

    def encrypt(self, plaintext: bytes, boots: int, _time_s: int) -> tuple[bytes, bytes]:
        salt = boots.to_bytes(4, "big") + self._salts.next()
        padded = plaintext + bytes(-len(plaintext) % _DES_BLOCK)
        ciphertext: bytes = self._context(salt).encryptor().update(padded)
        return ciphertext, salt

    def decrypt(self, ciphertext: bytes, salt: bytes, _boots: int, _time_s: int) -> bytes:
        if len(salt) != SALT_OCTETS or len(ciphertext) % _DES_BLOCK:
            raise BadCiphertext(f"salt of {len(salt)} octets, {len(ciphertext)} octets of DES")
        plaintext: bytes = self._context(salt).decryptor().update(ciphertext)
        return plaintext

    def _context(self, salt: bytes) -> Any:
        return self._new_context(self._algorithm, self._new_cbc(_xor(self._pre_iv, salt)))


_CIPHERS = "cryptography.hazmat.primitives.ciphers"
_ALGORITHMS = f"{_CIPHERS}.algorithms"
_MODES = f"{_CIPHERS}.modes"
_OLD_ALGORITHMS = "cryptography.hazmat.decrepit.ciphers.algorithms"
_OLD_MODES = "cryptography.hazmat.decrepit.ciphers.modes"


def _found(name: str, *modules: str) -> Any:
    """A class of the cryptography package, which moves old ciphers from module to module.

    Imported when a user needs it, as it takes 7 MB. Raises CipherUnavailable.
    """
    for module in modules:
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise CipherUnavailable(f"the cryptography package is missing, or has no {name}")


def _xor(longer: bytes, data: bytes) -> bytes:
    """`data` mixed with as many octets of `longer`."""
    octets = len(data)
    mixed = int.from_bytes(longer[:octets], "big") ^ int.from_bytes(data, "big")
    return mixed.to_bytes(octets, "big")
