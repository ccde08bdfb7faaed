# SPDX-License-Identifier: Apache-2.0
"""From a passphrase to the localized keys of the User-based Security Model.

RFC 3414 section 2.6 and appendix A.2 (the algorithm), RFC 7860 section 9.3 (the same with
SHA-2), RFC 3826 section 1.2 (AES takes the first 16 octets), and for 256-bit AES the key
extension of draft-blumenthal-aes-usm-04 section 3.1.2.1, which net-snmp uses.
"""

from __future__ import annotations

import hashlib

from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User

_EXPANDED_OCTETS = 1_048_576

_HASH_NAMES = {
    AuthProtocol.SHA: "sha1",
    AuthProtocol.SHA224: "sha224",
    AuthProtocol.SHA256: "sha256",
    AuthProtocol.SHA384: "sha384",
    AuthProtocol.SHA512: "sha512",
}

_PRIV_KEY_OCTETS = {PrivProtocol.AES128: 16, PrivProtocol.AES256: 32}


def auth_key(user: User, engine_id: bytes) -> bytes:
    """The user's authentication key at this engine, as long as the hash's digest."""
    return localized_key(_HASH_NAMES[user.auth], user.auth_pass, engine_id)


def priv_key(user: User, engine_id: bytes) -> bytes | None:
    """The user's encryption key at this engine (16 or 32 octets), None without privacy."""
    if user.priv is PrivProtocol.NONE:
        return None
    hash_name = _HASH_NAMES[user.auth]
    key = localized_key(hash_name, user.priv_pass, engine_id)
    octets = _PRIV_KEY_OCTETS[user.priv]
    while len(key) < octets:
        key += hashlib.new(hash_name, key).digest()
    return key[:octets]


def localized_key(hash_name: str, passphrase: str, engine_id: bytes) -> bytes:
    """RFC 3414 A.2: hash one mebibyte of the repeated passphrase, then bind it to the engine.

    hash_name: as hashlib names it. passphrase: not empty. Takes one to three milliseconds.
    """
    secret = passphrase.encode("utf-8")
    repeated = secret * (_EXPANDED_OCTETS // len(secret) + 1)
    key = hashlib.new(hash_name, repeated[:_EXPANDED_OCTETS]).digest()
    return hashlib.new(hash_name, key + engine_id + key).digest()
