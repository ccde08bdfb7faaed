# SPDX-License-Identifier: Apache-2.0
"""What the security of messages rests on: keys that work here, and pysnmp's share in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.ciphers import CipherUnavailable
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from pdu_agent.snmp.keys import auth_key, priv_key
from pdu_agent.snmp.stack import (
    AbstractSecurityModel,
    PySnmpError,
    StatusInformation,
    config,
    encoder,
    errind,
    rfc1902,
)
from pdu_agent.snmp.usm import UserKeys

log = logging.getLogger(__name__)

_AUTH_SERVICES = {
    AuthProtocol.NONE: config.USM_AUTH_NONE,
    AuthProtocol.MD5: config.USM_AUTH_HMAC96_MD5,
    AuthProtocol.SHA: config.USM_AUTH_HMAC96_SHA,
    AuthProtocol.SHA224: config.USM_AUTH_HMAC128_SHA224,
    AuthProtocol.SHA256: config.USM_AUTH_HMAC192_SHA256,
    AuthProtocol.SHA384: config.USM_AUTH_HMAC256_SHA384,
    AuthProtocol.SHA512: config.USM_AUTH_HMAC384_SHA512,
}

_PRIV_SERVICES = {
    PrivProtocol.NONE: config.USM_PRIV_NONE,
    PrivProtocol.DES: config.USM_PRIV_CBC56_DES,
    PrivProtocol.AES128: config.USM_PRIV_CFB128_AES,
    PrivProtocol.AES256: config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    PrivProtocol.AES256C: config.USM_PRIV_CFB256_AES,
}

_PRIV_KEY_OCTETS = 32
_SAMPLE = b"longer than one block of AES, and no multiple of it"


class CommunitySecurity(AbstractSecurityModel):  # type: ignore[misc]
    """v1 and v2c: a message is from whom `recognise` says its community is, or it is dropped.

    The credential takes the place of a security name, so the secret ends here. engine_id:
    stands in for the context engine, which these messages do not carry (RFC 3584 5.1.2).
    """

    def __init__(self, recognise: Callable[[bytes], Credential | None], engine_id: Any) -> None:
        super().__init__()
        self._recognise = recognise
        self._engine_id = engine_id

    def process_incoming_message(self, *arguments: Any) -> tuple[Any, ...]:
        _, _, max_size, (community, _), _, _, _, message = arguments
        credential = self._recognise(community.asOctets())
        if credential is None:
            raise StatusInformation(errorIndication=errind.unknownCommunityName)
        scoped = (self._engine_id, b"", message.getComponentByPosition(2).getComponent())
        state = self._cache.push(community=community)
        return self._engine_id, credential, scoped, max_size, state

    def generate_response_message(self, *arguments: Any) -> tuple[Any, bytes]:
        (message,), state = arguments[2], arguments[9]
        community = self._cache.pop(state)["community"]
        message.setComponentByPosition(1, community)
        return community, encoder.encode(message)


def add_user(engine: Any, user: User) -> None:
    """Make a user known to pysnmp by localized keys; it never sees the passphrases."""
    engine_id = engine.snmpEngineID.asOctets()
    config.add_v3_user(
        engine,
        rfc1902.OctetString(user.name.encode("utf-8")),
        _AUTH_SERVICES[user.auth],
        auth_key(user, engine_id),
        _PRIV_SERVICES[user.priv],
        priv_key(user, engine_id),
        authKeyType=config.USM_KEY_TYPE_LOCALIZED,
        privKeyType=config.USM_KEY_TYPE_LOCALIZED,
    )


def symbol(engine: Any, module: str, name: str) -> Any:
    """An object of pysnmp's own MIB tree, which is where it keeps its state."""
    return engine.get_mib_builder().import_symbols(module, name)[0]


def user_keys(user: User, engine_id: bytes) -> UserKeys:
    """The user's keys at this engine. Raises ConfigError if its protocols do not work here."""
    try:
        return UserKeys.of(user, engine_id)
    except CipherUnavailable as exc:
        raise ConfigError(_advice(user, str(exc))) from exc
    except ValueError as exc:
        raise ConfigError(
            f"snmp user {user.name}: this machine has no {user.auth.value} ({exc}); choose sha256"
        ) from exc


def check_privacy(users: Iterable[User]) -> None:
    """Let pysnmp encrypt and decrypt one message with each privacy protocol in use.

    A cryptography package that is missing, or too old for this pysnmp, is otherwise not an
    error before the first SET of a v3 user times out. Raises ConfigError.
    """
    for user in {user.priv: user for user in users}.values():
        if user.priv is not PrivProtocol.NONE and not _encrypts(user.priv):
            raise ConfigError(_advice(user, "pysnmp cannot encrypt with it"))


def _encrypts(protocol: PrivProtocol) -> bool:
    key = rfc1902.OctetString(bytes(range(_PRIV_KEY_OCTETS)))
    service = config.PRIV_SERVICES[_PRIV_SERVICES[protocol]]
    try:
        ciphertext, salt = service.encrypt_data(key, (1, 1, None), _SAMPLE)
        plaintext = service.decrypt_data(key, (1, 1, salt), ciphertext)
    except PySnmpError:
        return False
    return bool(plaintext[: len(_SAMPLE)] == _SAMPLE)  # DES leaves its padding


def warn_of_weak_protocols(users: Iterable[User]) -> None:
    """One line for all users whose protocols protect no more than the name says."""
    weak = [
        f"{user.name} ({'/'.join((user.auth.value, user.priv.value))})"
        for user in users
        if user.auth is AuthProtocol.MD5 or user.priv is PrivProtocol.DES
    ]
    if weak:
        log.warning(
            "MD5 and DES can be broken; give these snmp users sha256 and aes128: %s",
            ", ".join(weak),
        )


def _advice(user: User, reason: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # costs 20 ms of start-up

    installed = []
    for package in ("pysnmp", "cryptography"):
        try:
            installed.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            installed.append(f"no {package}")
    return (
        f"snmp user {user.name}: {user.priv.value} privacy does not work here: {reason}"
        f" ({', '.join(installed)}); install cryptography 47 or newer, or with an older"
        " cryptography pysnmp 7.1.29"
    )
