# SPDX-License-Identifier: Apache-2.0
"""Passwords, and what is kept of them: scrypt (RFC 7914) with its parameters beside it."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import unicodedata

from pdu_agent.model.errors import InvalidValue

MIN_CHARACTERS = 8
MAX_CHARACTERS = 128
COST, BLOCK_SIZE, PARALLEL = 2**14, 8, 1
"""128 * COST * BLOCK_SIZE octets, 16 MiB, for as long as one is computed."""
MAX_COST = 2**16
SALT_OCTETS = 16
HASH_OCTETS = 32
_KIND = "scrypt"


def check_password(password: object, name: str) -> str:
    """The password, if it may be the one of the user `name`. Raises InvalidValue."""
    if not isinstance(password, str) or not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise InvalidValue(f"password: expected {MIN_CHARACTERS} to {MAX_CHARACTERS} characters")
    if password.casefold() == name.casefold():
        raise InvalidValue("password: it must not be the name of the user")
    try:
        _octets(password)
    except UnicodeEncodeError:
        raise InvalidValue("password: it has characters that nobody can type") from None
    return password


def hashed(password: str) -> str:
    """`scrypt$N$r$p$salt$hash`. Takes tens of milliseconds, and 16 MiB: not for a loop."""
    salt = secrets.token_bytes(SALT_OCTETS)
    derived = _derived(password, salt, COST, BLOCK_SIZE, PARALLEL)
    return f"{_KIND}${COST}${BLOCK_SIZE}${PARALLEL}${_text(salt)}${_text(derived)}"


def matches(password: str, kept: str) -> bool:
    """Whether `kept` was made of this password. As slow as `hashed`."""
    cost, block_size, parallel, salt, expected = _parts(kept)
    try:
        derived = _derived(password, salt, cost, block_size, parallel)
    except UnicodeEncodeError:
        return False
    return hmac.compare_digest(derived, expected)


def check_kept(kept: str) -> None:
    """Raises ValueError unless it is the outcome of `hashed`, at a cost that the board can pay."""
    _parts(kept)


NOBODYS = f"{_KIND}${COST}${BLOCK_SIZE}${PARALLEL}${'A' * 22}==${'A' * 43}="
"""Of no password: looked at in place of an unknown user's, so that the time tells nothing."""


def _parts(kept: str) -> tuple[int, int, int, bytes, bytes]:
    kind, *parts = kept.split("$")
    if kind != _KIND or len(parts) != 5:
        raise ValueError("expected scrypt$N$r$p$salt$hash")
    try:
        cost, block_size, parallel = (int(part) for part in parts[:3])
        salt, derived = (base64.b64decode(part, validate=True) for part in parts[3:])
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    is_power = cost > 1 and cost & (cost - 1) == 0
    if not (is_power and cost <= MAX_COST and block_size == BLOCK_SIZE and parallel == PARALLEL):
        raise ValueError(f"scrypt with N={cost}, r={block_size}, p={parallel} is not supported")
    if len(derived) != HASH_OCTETS or len(salt) < SALT_OCTETS:
        raise ValueError("the salt or the hash is too short")
    return cost, block_size, parallel, salt, derived


def _derived(password: str, salt: bytes, cost: int, block_size: int, parallel: int) -> bytes:
    # Loaded here: most runs of the agent see no password for hours.
    from hashlib import scrypt

    return scrypt(
        _octets(password),
        salt=salt,
        n=cost,
        r=block_size,
        p=parallel,
        maxmem=129 * cost * block_size + 2**16,
        dklen=HASH_OCTETS,
    )


def _octets(password: str) -> bytes:
    """The same however a keyboard composes an accent (NIST SP 800-63B section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode()


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
