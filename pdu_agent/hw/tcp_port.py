# SPDX-License-Identifier: Apache-2.0
"""A TCP connection that is used as a serial line is: the far end is a gateway or a meter."""

from __future__ import annotations

import ipaddress
import socket
import threading
from concurrent.futures import Future

from pdu_agent.hw.serial_port import READ_SLICE_S, WRITE_TIMEOUT_S
from pdu_agent.model.errors import BusTimeout, ChipNotFound

CONNECT_TIMEOUT_S = 0.5
LOOKUP_TIMEOUT_S = 0.5
RECEIVE_BYTES = 4096


class TcpPort:
    """For one thread; open and close may alternate. Methods as those of SerialPort.

    host: an address, or a name that is looked up at each opening.
    """

    def __init__(self, driver: str, host: str, port: int) -> None:
        self.path = f"{host}:{port}"
        self._driver = driver
        self._host = host
        self._port = port
        self._lookup: Future[str] | None = None
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Raises ChipNotFound where nobody takes the connection in CONNECT_TIMEOUT_S, or the name
        is not known, and BusTimeout where that is not told in LOOKUP_TIMEOUT_S.
        """
        self.close()
        address = self._found_address()
        try:
            self._socket = socket.create_connection((address, self._port), CONNECT_TIMEOUT_S)
        except OSError as exc:
            detail = f"{exc}; is it powered, and are the address and the port right?"
            raise ChipNotFound(self._driver, f"connect to {self.path}", detail) from exc
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> bytes:
        """Whatever has arrived; waits up to READ_SLICE_S for the first byte."""
        line = self._line("read")
        line.settimeout(READ_SLICE_S)
        try:
            data = line.recv(RECEIVE_BYTES)
        except TimeoutError:
            return b""
        except OSError as exc:
            raise BusTimeout(self._driver, f"read {self.path}", str(exc)) from exc
        if not data:
            raise BusTimeout(self._driver, f"read {self.path}", "the other end hung up")
        return data

    def write(self, data: bytes) -> None:
        """Send it all, within WRITE_TIMEOUT_S."""
        line = self._line("write")
        line.settimeout(WRITE_TIMEOUT_S)
        try:
            line.sendall(data)
        except OSError as exc:
            raise BusTimeout(self._driver, f"write {self.path}", str(exc)) from exc

    def drop_input(self) -> None:
        """Forget what has arrived and was not read. That the other end hung up shows later."""
        line = self._line("read")
        line.settimeout(0)
        try:
            while line.recv(RECEIVE_BYTES):
                pass
        except BlockingIOError:
            return
        except OSError as exc:
            raise BusTimeout(self._driver, f"read {self.path}", str(exc)) from exc

    def close(self) -> None:
        """Safe to call at any time."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _found_address(self) -> str:
        if _is_address(self._host):
            return self._host
        if self._lookup is None:
            self._lookup = _looked_up(self._host)
        try:
            address = self._lookup.result(LOOKUP_TIMEOUT_S)
        except TimeoutError:  # it goes on; the next opening asks for its result
            detail = "no name server answers; give the address in numbers"
            raise BusTimeout(self._driver, f"look up {self._host}", detail) from None
        except OSError as exc:
            self._lookup = None
            detail = f"{exc}; give the right name, or the address in numbers"
            raise ChipNotFound(self._driver, f"look up {self._host}", detail) from exc
        self._lookup = None
        return address

    def _line(self, operation: str) -> socket.socket:
        if self._socket is None:
            raise BusTimeout(self._driver, f"{operation} {self.path}", "not connected")
        return self._socket


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _looked_up(host: str) -> Future[str]:
    """In a thread of its own: a dead name server holds getaddrinfo up for half a minute."""
    found: Future[str] = Future()

    def look() -> None:
        try:
            found.set_result(str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0]))
        except Exception as exc:
            found.set_exception(exc if isinstance(exc, OSError) else OSError(str(exc)))

    threading.Thread(target=look, name=f"look up {host}", daemon=True).start()
    return found
