# SPDX-License-Identifier: Apache-2.0
"""An SNMPv3 agent's way from a datagram to an answer, up to the request inside and back.

RFC 3412 section 7.2 (receiving), RFC 3414 section 3.2 (who, and when), with this engine as
the authoritative one. Whoever has not proven to be a user gets a Report, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.snmp.access import AccessPolicy, Credential
from pdu_agent.snmp.ber import (
    OCTET_STRING,
    REPORT,
    RESPONSE,
    SEQUENCE,
    element,
    enter,
    header,
)
from pdu_agent.snmp.credentials import SecurityLevel, User
from pdu_agent.snmp.envelope import (
    MAX_V3_OCTETS,
    MAX_VARBINDS,
    VERSION_3,
    open_request,
    too_big_response,
)
from pdu_agent.snmp.limits import Limits
from pdu_agent.snmp.reports import NOT_PROVEN, Refusal, report_pdu, request_id_of, small_enough
from pdu_agent.snmp.security import user_keys, warn_of_weak_protocols
from pdu_agent.snmp.usm import DecryptionFailed, UserKeys, WrongDigest, decrypt, seal, verify
from pdu_agent.snmp.v3_message import InvalidFlags, UnknownSecurityModel, V3Message, parse

MAX_BOOTS = 2**31 - 1
"""RFC 3414 section 2.3: an engine that got here accepts no authenticated message."""

TIME_WINDOW_S = 150
"""RFC 3414 section 2.2.3: how far a message may be from our time, before and after."""

_UNCONFIRMED = frozenset({RESPONSE, REPORT, 0xA4, 0xA7})  # and v1 traps, traps
_INFORM = 0xA6

# Of a Response: its header and that of the list of varbinds, request-id, status, index.
_PDU_HEADERS = 4 + 4 + 6 + 3 + 4
# What the headers of the message, the scoped PDU and the ciphertext grow by when they are no
# longer short, and the padding of DES.
_GROWTH = 3 * 2 + 7

_NOBODY = frozenset({Refusal.UNKNOWN_ENGINE, Refusal.UNKNOWN_USER})
"""Reports that name no user: where there is no such user, net-snmp's tools drop a Report to it,
and with it what they need to know.
"""


class Slow(Enum):
    """An authentic request that somebody else has to answer."""

    SLOW = "slow"


SLOW: Final = Slow.SLOW


class Reader(Protocol):
    """Answers requests that only read."""

    def respond(
        self, data: bytes, start: int, stop: int, version: int, credential: Credential, room: int
    ) -> bytes | None:
        """The Response to the request data[start:stop], None if it is not for a reader.

        room: octets that the varbinds of the Response may take. Raises MalformedMessage.
        """
        ...


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class _Account:
    """A user with keys for this engine. overhead: octets of a Response around its varbinds."""

    name: str
    keys: UserKeys
    level: SecurityLevel
    overhead: int


class V3:
    """Answers v3 messages to `engine`.

    failed: called with the host when somebody does not prove to be who they claim to be.
    Raises ConfigError when the protocols of a user do not work on this machine.
    """

    def __init__(
        self,
        engine: OwnEngine,
        users: Sequence[User],
        policy: AccessPolicy,
        reader: Reader,
        limits: Limits,
        counters: SnmpCounters,
        failed: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._policy = policy
        self._reader = reader
        self._limits = limits
        self._counters = counters
        self._failed = failed
        self._context = element(OCTET_STRING, engine.engine_id) + element(OCTET_STRING, b"")
        warn_of_weak_protocols(users)
        self._accounts = {user.name.encode("utf-8"): self._account(user) for user in users}

    def _account(self, user: User) -> _Account:
        engine_id = self._engine.engine_id
        keys = user_keys(user, engine_id)
        longest = seal(
            keys,
            engine_id=engine_id,
            boots=MAX_BOOTS,
            time_s=MAX_BOOTS,
            msg_id=MAX_BOOTS,
            scoped=element(SEQUENCE, self._context),
            level=user.level,
            reportable=False,
        )
        return _Account(user.name, keys, user.level, len(longest) + _GROWTH + _PDU_HEADERS)

    def process(self, datagram: bytes, source: tuple[Any, ...]) -> bytes | Slow | None:
        """The answer to a v3 message, None where none is due, SLOW for an authentic request
        that the reader leaves to others.

        source: numeric host, and what else a socket address has. Raises MalformedMessage.
        """
        try:
            message = parse(datagram)
        except UnknownSecurityModel:
            self._counters.unknown_security_models += 1
            return None
        except InvalidFlags:
            self._counters.invalid_messages += 1
            return None
        try:
            account = self._authenticate(message)
            scoped = self._open(message, account)
        except _Refused as refused:
            return self._refuse(message, refused.refusal, source[0])
        credential = self._policy.for_user(account.name, message.level, source[0])
        if credential is None:
            return None
        return self._answer(message, scoped, account, credential, source[0])

    def _authenticate(self, message: V3Message) -> _Account:
        """RFC 3414 section 3.2, steps 3 to 6. Raises _Refused."""
        if message.engine_id != self._engine.engine_id:
            raise _Refused(Refusal.UNKNOWN_ENGINE)
        account = self._accounts.get(message.user_name)
        if account is None:
            raise _Refused(Refusal.UNKNOWN_USER)
        if message.level > account.level:
            raise _Refused(Refusal.UNSUPPORTED_LEVEL)
        try:
            verify(message, account.keys)
        except WrongDigest:
            raise _Refused(Refusal.WRONG_DIGEST) from None
        return account

    def _open(self, message: V3Message, account: _Account) -> bytes:
        """The scoped PDU of a message that comes in time: steps 7 and 8. Raises _Refused."""
        if message.level is not SecurityLevel.NO_AUTH_NO_PRIV and not self._in_time(message):
            raise _Refused(Refusal.NOT_IN_TIME_WINDOW)
        # A level below the user's own is good for asking what time it is (RFC 3414 section 4).
        if message.level is not account.level:
            raise _Refused(Refusal.UNSUPPORTED_LEVEL)
        try:
            return decrypt(message, account.keys)
        except DecryptionFailed:
            raise _Refused(Refusal.DECRYPTION) from None

    def _in_time(self, message: V3Message) -> bool:
        return (
            message.boots == self._engine.boots != MAX_BOOTS
            and abs(message.time_s - self._engine.time_s()) <= TIME_WINDOW_S
        )

    def _answer(
        self,
        message: V3Message,
        scoped: bytes,
        account: _Account,
        credential: Credential,
        host: str,
    ) -> bytes | Slow | None:
        """RFC 3412 section 4.2.2 and RFC 3413 section 3.2, for a sender who is known."""
        position, stop = enter(scoped, 0, len(scoped), SEQUENCE)
        if not scoped.startswith(self._context, position):
            return self._elsewhere(message, scoped, account.keys)
        position += len(self._context)
        tag, _, _ = header(scoped, position, stop)
        if tag in _UNCONFIRMED:
            return None
        if tag == _INFORM:
            return self._report(message, Refusal.UNKNOWN_HANDLER, account.keys, scoped)
        most_octets = MAX_V3_OCTETS
        if account.level is SecurityLevel.NO_AUTH_NO_PRIV:
            most_octets = self._limits.unproven_octets(host)
        room = min(message.max_size, most_octets) - account.overhead
        response = self._reader.respond(scoped, position, stop, VERSION_3, credential, room)
        if response is None:
            _, request_id, varbinds = open_request(scoped, position, stop, VERSION_3)
            if varbinds <= MAX_VARBINDS:
                return SLOW
            response = too_big_response(request_id)
        return self._seal(message, response, account.keys)

    def _elsewhere(self, message: V3Message, scoped: bytes, keys: UserKeys) -> bytes | None:
        """The Report to a request for another context than the only one there is."""
        position, stop = enter(scoped, 0, len(scoped), SEQUENCE)
        start, position = enter(scoped, position, stop, OCTET_STRING)
        enter(scoped, position, stop, OCTET_STRING)
        if scoped[start:position] != self._engine.engine_id:
            return self._report(message, Refusal.UNKNOWN_HANDLER, keys, scoped)
        return self._report(message, Refusal.UNKNOWN_CONTEXT, keys, scoped)

    def _refuse(self, message: V3Message, refusal: Refusal, host: str) -> bytes | None:
        """The Report to a message that was not opened; only one that came too late or too
        early is known to be from the user, and needs an answer that can be trusted.
        """
        if refusal in NOT_PROVEN and message.user_name:
            self._failed(host)
        readable = b"" if message.level is SecurityLevel.AUTH_PRIV else message.data
        keys = UserKeys(message.user_name)
        if refusal in _NOBODY:
            keys = UserKeys(b"")
        elif refusal is Refusal.NOT_IN_TIME_WINDOW:
            keys = UserKeys(message.user_name, self._accounts[message.user_name].keys.hmac)
        return self._report(message, refusal, keys, readable)

    def _report(
        self, message: V3Message, refusal: Refusal, keys: UserKeys, readable: bytes
    ) -> bytes | None:
        """A Report as well protected as the keys allow. readable: a scoped PDU, or nothing."""
        count = getattr(self._counters, refusal.counter) + 1
        setattr(self._counters, refusal.counter, count)
        if not message.reportable:
            return None
        answer = self._seal(message, report_pdu(refusal, count, request_id_of(readable)), keys)
        return answer if small_enough(answer, message.datagram) else None

    def _seal(self, message: V3Message, pdu: bytes, keys: UserKeys) -> bytes:
        engine = self._engine
        return seal(
            keys,
            engine_id=engine.engine_id,
            boots=engine.boots,
            time_s=engine.time_s(),
            msg_id=message.msg_id,
            scoped=element(SEQUENCE, self._context + pdu),
            level=keys.level,
            reportable=False,
        )
