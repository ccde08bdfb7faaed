# SPDX-License-Identifier: Apache-2.0
"""Getting to a NUT server: its address, TLS, and the login."""

from __future__ import annotations

import asyncio
import socket
import ssl
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pdu_agent.access.authorities import verifying
from pdu_agent.model.errors import OpenPduError
from pdu_agent.nut.client.link import Link, NoAnswer
from pdu_agent.nut.client.protocol import Refused
from pdu_agent.nut.settings import Tls, UpsSettings, parse_server

CONNECT_S = 4.0
"""For one address. A name may have several, and all of it has to fit into OPEN_S."""
OPEN_S = 15.0
MAX_SECRET_OCTETS = 500
"""A word of upsd's protocol is at most 512 long."""


class Unusable(OpenPduError):
    """The server cannot be used as configured: what is wrong, and what helps."""


@dataclass(frozen=True, slots=True)
class Server:
    """All UPSes that have this in common share one connection."""

    host: str
    port: int
    user: str
    secret_file: str
    tls: Tls
    ca_file: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def server_of(settings: UpsSettings) -> Server:
    """Raises ConfigError for what is no address."""
    host, port = parse_server(settings.server)
    return Server(host, port, settings.user, settings.secret_file, settings.tls, settings.ca_file)


async def opened(server: Server, ups: str, executor: Executor) -> Link:
    """A connection with TLS and login done. ups: the one to log in to, where there is a user.

    executor: runs what blocks, as the resolver does. Raises OpenPduError that says what helps.
    """
    try:
        async with asyncio.timeout(OPEN_S):
            link = await _connected(server, executor)
            try:
                if server.tls is not Tls.NEVER:
                    await _encrypt(link, server, executor)
                if server.user:
                    await _log_in(link, server, ups, executor)
            except BaseException:
                link.close()
                raise
            return link
    except TimeoutError:
        raise NoAnswer(f"{server} was not reached within {OPEN_S:g} s") from None


async def _connected(server: Server, executor: Executor) -> Link:
    trouble: OSError | TimeoutError | None = None
    for family, address in await _addresses(server, executor):
        try:
            async with asyncio.timeout(CONNECT_S):
                return await _connect(family, address)
        except (OSError, TimeoutError) as exc:
            trouble = exc
    if isinstance(trouble, ConnectionRefusedError):
        raise NoAnswer(f"nothing listens at {server}: is upsd started, and its LISTEN right?")
    why = getattr(trouble, "strerror", None) or f"no answer within {CONNECT_S:g} s"
    raise NoAnswer(f"{server} cannot be reached: {why}")


async def _connect(family: socket.AddressFamily, address: tuple[Any, ...]) -> Link:
    loop = asyncio.get_running_loop()
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        await loop.sock_connect(made, address)
        _, link = await loop.create_connection(Link, sock=made)
    except BaseException:
        made.close()
        raise
    return link


async def _addresses(
    server: Server, executor: Executor
) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(
            executor, lambda: socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise NoAnswer(f"{server.host} cannot be resolved: {why}") from exc
    return [(family, address) for family, _, _, _, address in found]


async def _encrypt(link: Link, server: Server, executor: Executor) -> None:
    try:
        await link.ask("STARTTLS")
    except Refused as exc:
        if server.tls is Tls.IF_OFFERED:
            return
        raise Unusable(f"{server} offers no TLS, and tls is verified: {exc}") from exc
    loop = asyncio.get_running_loop()
    context = await loop.run_in_executor(executor, _context, server)
    try:
        await link.begin_tls(context, server.host)
    except ssl.SSLCertVerificationError as exc:
        raise Unusable(f"the certificate of {server} is not trusted: {_why(exc, server)}") from exc
    except (ssl.SSLError, OSError) as exc:
        raise Unusable(f"TLS with {server} failed: {getattr(exc, 'reason', None) or exc}") from exc


def _why(error: ssl.SSLCertVerificationError, server: Server) -> str:
    text = error.verify_message.rstrip(".")
    if error.verify_code in (_WRONG_HOST, _WRONG_ADDRESS):
        return f"{text}; give in `server` a name that it was made for"
    authority = server.ca_file or "the system's authorities"
    return f"{text}, by {authority}; name its authority in ca_file"


_WRONG_HOST, _WRONG_ADDRESS = 62, 64
"""X509_V_ERR_HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH of OpenSSL."""


def _context(server: Server) -> ssl.SSLContext:
    """Blocks: files are read. Raises Unusable."""
    if server.tls is Tls.VERIFIED:
        try:
            return verifying(server.ca_file)
        except OSError as exc:
            why = exc.strerror or exc
            raise Unusable(f"ca_file {server.ca_file} cannot be used: {why}") from exc
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _log_in(link: Link, server: Server, ups: str, executor: Executor) -> None:
    loop = asyncio.get_running_loop()
    secret = await loop.run_in_executor(executor, read_secret, server.secret_file)
    try:
        await link.ask("USERNAME", server.user)
        await link.ask("PASSWORD", secret)
        await link.ask("LOGIN", ups)
    except Refused as exc:
        if exc.code == "UNKNOWN-UPS":  # only now is the name looked at; reading it tells that
            return
        raise Unusable(
            f"{server} refuses the login of {server.user}: its password in {server.secret_file} has"
            " to be that of upsd.users, and its section there needs the line `upsmon secondary`"
            f" ({exc.code})"
        ) from exc


def read_secret(file: str) -> str:
    """The first line of the file. Blocks. Raises Unusable, which tells nothing of what it holds."""
    try:
        with Path(file).open("rb") as opened_file:
            raw = opened_file.read(MAX_SECRET_OCTETS + 2)
    except OSError as exc:
        raise Unusable(f"secret_file {file} cannot be read: {exc.strerror}") from exc
    line = raw.split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        raise Unusable(f"secret_file {file} is empty; expected the password in its first line")
    text = line.decode("ascii", "replace")
    if len(line) > MAX_SECRET_OCTETS or not text.isascii() or not text.isprintable():
        raise Unusable(
            f"secret_file {file}: expected up to {MAX_SECRET_OCTETS} printable ASCII characters,"
            " all that upsd reads"
        )
    return text
