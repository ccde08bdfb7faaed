# SPDX-License-Identifier: Apache-2.0
"""A small SNMPv2c client over one UDP socket, for tests and benches of the running agent."""

from __future__ import annotations

import contextlib
import select
import socket
import time

from tests.snmp import ber

Name = tuple[int, ...]
Value = int | bytes | None
"""An integer of any kind, octets, or None where there is no such object or instance."""

INTEGER, UNSIGNED32 = 0x02, 0x42
_TEXT_TAGS = (0x04, 0x06, 0x40, 0x44)
_NOTHING_TAGS = (0x05, ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE, ber.END_OF_MIB_VIEW)


def name(dotted: str, *more: int) -> Name:
    """`name("1.3.6.1", 2, 1)` is 1.3.6.1.2.1."""
    return (*(int(part) for part in dotted.split(".")), *more)


class SnmpClient:
    """One request at a time to 127.0.0.1:`port`. Silence is None, never an exception."""

    def __init__(self, port: int, community: str = "private") -> None:
        self._community = community.encode("ascii")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)
        self._request_id = 0

    def close(self) -> None:
        self._socket.close()

    def get(self, *names: Name, timeout_s: float = 1.0) -> list[Value] | None:
        """One value for each name."""
        self._send(ber.GET, list(names), None)
        answer = self._await_answer(timeout_s)
        return answer[1] if answer is not None else None

    def set(
        self, numbers: dict[Name, int], timeout_s: float = 1.0, tag: int = INTEGER
    ) -> int | None:
        """Write numbers of one type in one request: the error-status, 0 for success."""
        values = [ber.integer(number, tag) for number in numbers.values()]
        self._send(ber.SET, list(numbers), values)
        answer = self._await_answer(timeout_s)
        return answer[0] if answer is not None else None

    def await_agent(self, *names: Name, limit_s: float, pause_s: float = 0.005) -> list[Value]:
        """Ask until the agent answers. Raises TimeoutError after `limit_s`."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            values = self.get(*names, timeout_s=pause_s)
            if values is not None:
                return values
        raise TimeoutError(f"no SNMP answer within {limit_s:g} s")

    def _send(self, tag: int, names: list[Name], values: list[ber.Node] | None) -> None:
        self._request_id += 1
        pdu = ber.request(tag, names, values, self._request_id)
        message = ber.encode(ber.message(1, self._community, pdu))
        # A closed port shows at the next call on the socket: that call is still a question.
        with contextlib.suppress(ConnectionRefusedError):
            self._socket.send(message)

    def _await_answer(self, timeout_s: float) -> tuple[int, list[Value]] | None:
        """(error-status, values) of the answer to the newest request."""
        end_s = time.monotonic() + timeout_s
        while (rest_s := end_s - time.monotonic()) > 0:
            select.select([self._socket], [], [], rest_s)
            try:
                answer = _opened(self._socket.recv(65535))
            except BlockingIOError:
                continue
            except ConnectionRefusedError:
                time.sleep(max(0.0, min(rest_s, 0.005)))
                continue
            if answer[0] == self._request_id:
                return answer[1:]
        return None


def _opened(data: bytes) -> tuple[int, int, list[Value]]:
    """(request-id, error-status, values) of a response message."""
    _version, _community, (tag, fields) = _children(ber.decode(data))
    if tag != ber.RESPONSE or isinstance(fields, bytes):
        raise ValueError(f"message with tag 0x{tag:02x} where a response was due")
    request_id, status, _index, bindings = fields
    values = [_value(_children(binding)[1]) for binding in _children(bindings)]
    return ber.to_int(request_id), ber.to_int(status), values


def _children(node: ber.Node) -> list[ber.Node]:
    content = node[1]
    if isinstance(content, bytes):
        raise ValueError(f"element with tag 0x{node[0]:02x} has no parts")
    return content


def _value(node: ber.Node) -> Value:
    tag, content = node
    if tag in _NOTHING_TAGS or not isinstance(content, bytes):
        return None
    return content if tag in _TEXT_TAGS else ber.to_int(node)
