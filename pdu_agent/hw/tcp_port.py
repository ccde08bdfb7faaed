# SPDX-License-Identifier: Apache-2.0
"""A TCP connection that is used as a serial line is: the far end is a gateway or a meter."""

from __future__ import annotations

import socket

from pdu_agent.hw.serial_port import READ_SLICE_S, WRITE_TIMEOUT_S
from pdu_agent.model.errors import BusTimeout, ChipNotFound

CONNECT_TIMEOUT_S = 0.5
RECEIVE_BYTES = 4096


class TcpPort:
    """For one thread; open and close may alternate. Methods as those of SerialPort."""

    def __init__(self, driver: str, host: str, port: int) -> None:
        self.path = f"{host}:{port}"
        self._driver = driver
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Raises ChipNotFound where nobody takes the connection in CONNECT_TIMEOUT_S."""
        self.close()
        try:
            self._socket = socket.create_connection(self._address, CONNECT_TIMEOUT_S)
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

    def _line(self, operation: str) -> socket.socket:
        if self._socket is None:
            raise BusTimeout(self._driver, f"{operation} {self.path}", "not connected")
        return self._socket
