# SPDX-License-Identifier: Apache-2.0
"""Telling systemd how we are: datagrams to the socket it names, see sd_notify(3).

The watchdog is fed by whoever proves progress (the polling loop), never by a timer.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class ServiceManager:
    """The service manager that started us, if one did; without one every call does nothing.

    watchdog_interval_s: how often to call `watchdog` at least, half of what systemd waits
    (sd_watchdog_enabled(3)); None when it does not watch this process.
    """

    def __init__(self, environ: Mapping[str, str], pid: int | None = None) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL of Linux' abstract names.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_interval_s = _watchdog_interval_s(environ, pid or os.getpid())
        self._socket: socket.socket | None = None
        self._failed = False
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    def ready(self, status: str = "") -> None:
        """Start-up is complete: SNMP answers."""
        self._send("READY=1" + (f"\nSTATUS={_line(status)}" if status else ""))

    def watchdog(self) -> None:
        """The polling loop made progress. Nothing to do unless systemd watches."""
        if self.watchdog_interval_s is not None:
            self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={_line(text)}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode("utf-8", "replace"), self._address)
            self._failed = False
        except OSError as exc:
            if not self._failed:  # once, not with each feeding of the watchdog
                log.warning("cannot reach systemd at %s: %s", self._address, exc.strerror)
            self._failed = True


def _line(text: str) -> str:
    return " ".join(text.split())


def _watchdog_interval_s(environ: Mapping[str, str], pid: int) -> float | None:
    limit_us = environ.get("WATCHDOG_USEC", "")
    watched = environ.get("WATCHDOG_PID", str(pid))
    if not (limit_us.isascii() and limit_us.isdigit()) or watched != str(pid):
        return None
    return int(limit_us) / 2_000_000 or None
