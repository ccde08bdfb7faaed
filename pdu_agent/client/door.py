# SPDX-License-Identifier: Apache-2.0
"""The way to a unit: TCP with TLS, plain TCP on one's own machine, or its Unix socket."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from pdu_agent.client.errors import Unreachable

MAX_SOCKET_PATH = 107
"""Octets of a socket address in Linux, unix(7)."""


@dataclass(frozen=True, slots=True)
class Door:
    """address: "https://pdu.example:8443", "http://127.0.0.1:8080" or
    "unix:/run/openpdu/openpdu.sock".

    ca_file: who vouches for the unit, in PEM; without it those that this machine trusts.
    fingerprint: SHA-256 of the unit's own certificate in hexadecimal, colons or not; then it needs
    nobody to vouch for it. Raises ValueError.
    """

    address: str
    ca_file: str | None = None
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in ("https", "http", "unix"):
            raise ValueError(f"{self.address!r}: expected https://..., http://... or unix:/path")
        if parts.scheme == "unix" and not parts.path.startswith("/"):
            raise ValueError(f"{self.address!r}: expected unix: and the path of the socket")
        if parts.scheme != "unix" and not parts.hostname:
            raise ValueError(f"{self.address!r}: the host is missing")
        if self.fingerprint is not None and parts.scheme != "https":
            raise ValueError(f"{self.address!r}: only https:// has a certificate")
        if self.fingerprint is not None and len(_hex(self.fingerprint)) != 64:
            raise ValueError("fingerprint: expected the 64 hexadecimal digits of SHA-256")

    @property
    def is_private(self) -> bool:
        """May a secret pass here? Plain HTTP is for the own machine alone."""
        parts = urlsplit(self.address)
        return parts.scheme != "http" or _is_loopback(parts.hostname or "")

    def open(self, timeout_s: float) -> http.client.HTTPConnection:
        """A connection that is there and trusted. Raises Unreachable."""
        try:
            connection = self._connection(timeout_s)
            if connection.sock is None:
                connection.connect()
        except (OSError, http.client.HTTPException) as exc:
            raise Unreachable(f"{self.address}: {exc}") from exc
        if self.fingerprint is not None:
            self._require_fingerprint(connection)
        return connection

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        parts = urlsplit(self.address)
        if parts.scheme == "unix":
            connection = http.client.HTTPConnection("localhost", timeout=timeout_s)
            connection.sock = _unix(parts.path, timeout_s)
            return connection
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
        return http.client.HTTPSConnection(
            host, parts.port, timeout=timeout_s, context=self._context()
        )

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.fingerprint is not None:  # the certificate itself is known, whatever it says
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _require_fingerprint(self, connection: http.client.HTTPConnection) -> None:
        opened = connection.sock
        shown = opened.getpeercert(binary_form=True) if isinstance(opened, ssl.SSLSocket) else None
        found = hashlib.sha256(shown or b"").hexdigest()
        if not hmac.compare_digest(found, _hex(self.fingerprint or "")):
            connection.close()
            raise Unreachable(f"{self.address}: another certificate, its SHA-256 is {found}")


def _hex(fingerprint: str) -> str:
    return "".join(each for each in fingerprint.lower() if each in "0123456789abcdef")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unix(path: str, timeout_s: float) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(timeout_s)
    try:
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
            connected.connect(path)
        else:
            _connect_far(connected, path)
    except BaseException:
        connected.close()
        raise
    return connected


def _connect_far(connected: socket.socket, path: str) -> None:
    """By way of the folder, for a path that does not fit into a socket address."""
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        connected.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)
