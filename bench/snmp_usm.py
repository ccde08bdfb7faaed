# SPDX-License-Identifier: Apache-2.0
"""A v3 authPriv manager for load: HMAC-SHA-256 and AES-128, requests encrypted beforehand.

Its own encoding of RFC 3414 and RFC 3826, so that the agent is not measured with its own
code. Answers are authenticated and decrypted, every one.
"""

from __future__ import annotations

import hmac
import itertools
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from snmp_load import FIRST_REQUEST_ID, Asked
from snmp_questions import OCTET_STRING, SEQUENCE, Question, WrongAnswer, element, parts

from tests.snmp import ber

DIGEST, DIGEST_OCTETS = "sha256", 24
KEY_OCTETS, BLOCK_OCTETS, SALT_OCTETS = 16, 16, 8
SECURED = 0x03
"""msgFlags: authenticated and encrypted."""
VERSION_3 = b"\x02\x01\x03"
USM = b"\x02\x01\x03"
MAX_SIZE = 65507
SYS_UP_TIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
DISCOVERY_TRIES = 3


@dataclass(frozen=True, slots=True)
class Credential:
    user: str
    auth_pass: str
    priv_pass: str


@dataclass(frozen=True, slots=True)
class _Opened:
    message_id: bytes
    secured: bool
    engine_id: bytes
    boots: int
    time_s: int
    scoped: bytes


class UsmTalk:
    """Meets the agent at once: its engine ID, boots and time. Raises TimeoutError when it is
    silent, WrongAnswer when it refuses.
    """

    def __init__(self, link: socket.socket, credential: Credential) -> None:
        self._user = credential.user.encode("utf-8")
        probe = ber.request(ber.GET, [SYS_UP_TIME])
        link.send(ber.v3_message(probe, b""))
        met = self._read(_await(link))
        self._engine_id = met.engine_id
        self.envelope = element(OCTET_STRING, met.engine_id) + element(OCTET_STRING, b"")
        self._auth_key = ber.password_key(credential.auth_pass.encode("utf-8"), met.engine_id)
        priv_key = ber.password_key(credential.priv_pass.encode("utf-8"), met.engine_id)
        # The block cipher alone: CFB over it costs one call to decrypt, and no deprecated mode.
        key = algorithms.AES(priv_key[:KEY_OCTETS])
        self._encrypted = Cipher(key, modes.ECB()).encryptor().update
        self._salts = itertools.count(int.from_bytes(os.urandom(SALT_OCTETS - 1), "big"))
        self._ids = itertools.count(FIRST_REQUEST_ID)
        self._boots, self._time_s = met.boots, met.time_s
        self._agree_on_time(link, element(SEQUENCE, self.envelope + ber.encode(probe)))

    def _agree_on_time(self, link: socket.socket, scoped: bytes) -> None:
        for _ in range(DISCOVERY_TRIES):
            link.send(self._message(next(self._ids).to_bytes(4, "big"), scoped))
            met = self._read(_await(link))
            self._boots, self._time_s = met.boots, met.time_s
            if met.secured:
                return
        raise WrongAnswer(f"v3 user {self._user.decode()}: refused with a Report")

    def requests(self, questions: Sequence[Question]) -> Iterator[Asked]:
        """All encrypted before the first one is asked; good for the 150 s of RFC 3414."""
        return itertools.cycle([self._request(question) for question in questions])

    def _request(self, question: Question) -> Asked:
        key = next(self._ids).to_bytes(4, "big")
        return key, self._message(key, question.head + key + question.tail), question

    def _message(self, message_id: bytes, scoped: bytes) -> bytes:
        salt = next(self._salts).to_bytes(SALT_OCTETS, "big")
        encrypted = element(OCTET_STRING, self._cfb_encrypted(self._vector(salt), scoped))
        header = element(0x02, message_id) + ber.encode(ber.integer(MAX_SIZE))
        header += element(OCTET_STRING, bytes((0x04 | SECURED,))) + USM
        security = element(OCTET_STRING, self._engine_id)
        security += ber.encode(ber.integer(self._boots)) + ber.encode(ber.integer(self._time_s))
        security += element(OCTET_STRING, self._user) + element(OCTET_STRING, bytes(DIGEST_OCTETS))
        end = element(OCTET_STRING, salt)
        security = element(OCTET_STRING, element(SEQUENCE, security + end))
        whole = VERSION_3 + element(SEQUENCE, header) + security + encrypted
        return self._signed(element(SEQUENCE, whole), len(end) + len(encrypted))

    def _signed(self, message: bytes, octets_after: int) -> bytes:
        end = len(message) - octets_after
        digest = self._digest(message)
        return message[: end - DIGEST_OCTETS] + digest + message[end:]

    def _digest(self, message: bytes) -> bytes:
        return hmac.digest(self._auth_key, message, DIGEST)[:DIGEST_OCTETS]

    def _vector(self, salt: bytes) -> bytes:
        return self._boots.to_bytes(4, "big") + self._time_s.to_bytes(4, "big") + salt

    def _cfb_encrypted(self, vector: bytes, plain: bytes) -> bytes:
        out = []
        for start in range(0, len(plain), BLOCK_OCTETS):
            block = plain[start : start + BLOCK_OCTETS]
            vector = _xor(block, self._encrypted(vector)[: len(block)])
            out.append(vector)
        return b"".join(out)

    # -- answers --------------------------------------------------------------------------

    def key_of(self, answer: bytes) -> bytes:
        places = parts(answer, 0, len(answer))
        _, header, _, _ = parts(answer, *places[0][1:])
        _, start, end = parts(answer, *header[1:])[0]
        return answer[start:end]

    def opened(self, answer: bytes) -> bytes:
        found = self._read(answer)
        if not found.secured or found.engine_id != self._engine_id:
            raise WrongAnswer("not as secure as its request")
        return found.scoped

    def _read(self, answer: bytes) -> _Opened:
        """Raises WrongAnswer for a wrong digest, IndexError or ValueError for a malformed one."""
        ((_, start, end),) = parts(answer, 0, len(answer))
        _, header, security, scoped = parts(answer, start, end)
        message_id, _, flags, _ = parts(answer, *header[1:])
        ((_, start, end),) = parts(answer, *security[1:])
        engine, boots, time_s, _, digest, salt = parts(answer, start, end)
        secured = answer[flags[1]] & SECURED == SECURED
        plain = answer[scoped[1] : scoped[2]]
        if secured:
            unsigned = answer[: digest[1]] + bytes(DIGEST_OCTETS) + answer[digest[2] :]
            if self._digest(unsigned) != answer[digest[1] : digest[2]]:
                raise WrongAnswer("wrong digest")
            times = _padded(answer, boots) + _padded(answer, time_s)
            plain = self._cfb_decrypted(times + answer[salt[1] : salt[2]], plain)
        return _Opened(
            answer[message_id[1] : message_id[2]],
            secured,
            answer[engine[1] : engine[2]],
            int.from_bytes(answer[boots[1] : boots[2]], "big"),
            int.from_bytes(answer[time_s[1] : time_s[2]], "big"),
            plain,
        )

    def _cfb_decrypted(self, vector: bytes, cipher: bytes) -> bytes:
        """CFB feeds the cipher text back, so all blocks can go through the cipher at once."""
        before = vector + cipher[: (len(cipher) - 1) // BLOCK_OCTETS * BLOCK_OCTETS]
        return _xor(cipher, self._encrypted(before)[: len(cipher)])


def _await(link: socket.socket) -> bytes:
    try:
        return link.recv(65535)
    except BlockingIOError as exc:
        raise TimeoutError("no answer to SNMPv3 discovery") from exc


def _padded(answer: bytes, place: tuple[int, int, int]) -> bytes:
    """An INTEGER's content as the four octets that the vector wants."""
    return answer[place[1] : place[2]].rjust(4, b"\0")[-4:]


def _xor(left: bytes, right: bytes) -> bytes:
    number = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return number.to_bytes(len(left), "big")
