# SPDX-License-Identifier: Apache-2.0
"""From a passphrase to the localized keys of the User-based Security Model.

RFC 3414 section 2.6 and appendix A.2 (the algorithm), RFC 7860 section 9.3 (the same with
SHA-2), RFC 3826 section 1.2 (AES takes the first 16 octets). Where a hash is shorter than
256-bit AES needs, two extensions are in use: that of draft-blumenthal-aes-usm-04 section
3.1.2.1, and that of draft-reeder-snmpv3-usm-3desede-00 section 2.1, found in Cisco's devices.
"""

from __future__ import annotations

import hashlib

from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User

_EXPANDED_OCTETS = 1_048_576

HASH_NAMES = {
    AuthProtocol.MD5: "md5",
    AuthProtocol.SHA: "sha1",
    AuthProtocol.SHA224: "sha224",
    AuthProtocol.SHA256: "sha256",
    AuthProtocol.SHA384: "sha384",
    AuthProtocol.SHA512: "sha512",
}
"""As hashlib names them."""

_PRIV_KEY_OCTETS = {
    PrivProtocol.DES: 16,
    PrivProtocol.AES128: 16,
    PrivProtocol.AES256: 32,
    PrivProtocol.AES256C: 32,
}


def auth_key(user: User, engine_id: bytes) -> bytes | None:
    """The user's authentication key at this engine, as long as the hash's digest; None
    without authentication.
    """
    if user.auth is AuthProtocol.NONE:
        return None
    return localized_key(HASH_NAMES[user.auth], user.auth_pass.encode("utf-8"), engine_id)


def priv_key(user: User, engine_id: bytes) -> bytes | None:
    """The user's encryption key at this engine (16 or 32 octets), None without privacy."""
    if user.priv is PrivProtocol.NONE:
        return None
    hash_name = HASH_NAMES[user.auth]
    octets = _PRIV_KEY_OCTETS[user.priv]
    key = part = localized_key(hash_name, user.priv_pass.encode("utf-8"), engine_id)
    while len(key) < octets:
        if user.priv is PrivProtocol.AES256C:
            part = localized_key(hash_name, part, engine_id)
        else:
            part = _hash(hash_name, key)
        key += part
    return key[:octets]


def localized_key(hash_name: str, passphrase: bytes, engine_id: bytes) -> bytes:
    """RFC 3414 A.2: hash one mebibyte of the repeated passphrase, then bind it to the engine.

    hash_name: as hashlib names it. passphrase: not empty. Takes one to three milliseconds.
    Raises ValueError for a hash that this machine does not have.
    """
    repeated = passphrase * (_EXPANDED_OCTETS // len(passphrase) + 1)
    key = _hash(hash_name, repeated[:_EXPANDED_OCTETS])
    return _hash(hash_name, key + engine_id + key)


def _hash(hash_name: str, data: bytes) -> bytes:
    return hashlib.new(hash_name, data).digest()
