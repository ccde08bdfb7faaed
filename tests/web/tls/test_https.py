# SPDX-License-Identifier: Apache-2.0
"""HTTPS with a certificate made here or one's own, client certificates, and plain HTTP on it."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.access.accounts.role import Role
from pdu_agent.access.grant import Rights
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ConfigError, StoreError
from pdu_agent.web.auth.auth import Auth
from pdu_agent.web.server import WebServer
from pdu_agent.web.services import Services
from pdu_agent.web.settings import ClientRole, HttpSettings
from pdu_agent.web.tls import listener
from pdu_agent.web.tls.contexts import FILE_NAME, context_of, server_context
from pdu_agent.web.tls.self_signed import LIFE, RENEWED_BEFORE_END, is_good, made
from tests.peers import require
from tests.web.fake_agent import ADMIN_TOKEN, FakeController, RunningAgent

NOW_S = ManualClock().wall_s()


class Secure:
    """The real server over TLS, in a thread of its own."""

    def __init__(self, folder: Path, accounts: Any, settings: HttpSettings) -> None:
        self.controller = FakeController()
        self.settings = settings
        self.folder = folder
        self.services = Services(auth=Auth(accounts))
        self.port = 0
        self.server: WebServer | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self._ready, self._failure = threading.Event(), None
        self._stop: asyncio.Event | None = None
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self.loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.server = WebServer(
            self.controller, self.settings, services=self.services, state_dir=self.folder
        )
        await self.server.start()
        self.port = self.server.tcp_port or 0
        self._ready.set()
        await self._stop.wait()
        await self.server.stop()

    def __enter__(self) -> Secure:
        self.thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.loop is not None
        assert self._stop is not None
        self.loop.call_soon_threadsafe(self._stop.set)
        self.thread.join(20)
        assert not self.thread.is_alive()

    def ask(
        self, context: ssl.SSLContext, method: str, path: str, **headers: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=10, context=context
        )
        try:
            connection.request(
                method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
            )
            answer = connection.getresponse()
            answer.read()
            return answer
        finally:
            connection.close()


@contextmanager
def secure(tmp_path: Path, **changes: Any) -> Iterator[Secure]:
    accounts = RunningAgent(tmp_path / "unused.sock").accounts
    settings = HttpSettings(**{"listen": "127.0.0.1:0", "tls": "on", **changes})
    with Secure(tmp_path, accounts, settings) as running:
        yield running


def trusting(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    text = pem.read_text(encoding="ascii")
    context.load_verify_locations(cadata=text[text.index("-----BEGIN CERT") :])
    return context


BEARER = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


def test_a_made_certificate_is_for_its_address_and_kept_to_its_owner(tmp_path: Path) -> None:
    with secure(tmp_path) as running:
        pem = tmp_path / FILE_NAME
        assert stat.S_IMODE(pem.stat().st_mode) == 0o600
        answer = running.ask(trusting(pem), "GET", "/api/v1/status", **BEARER)
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"] is None
        assert running.services.auth.urls == [f"https://127.0.0.1:{running.port}"]
    before = pem.read_bytes()
    with secure(tmp_path):
        assert pem.read_bytes() == before


def test_a_cookie_is_secure_over_tls(tmp_path: Path) -> None:
    with secure(tmp_path) as running:
        context = trusting(tmp_path / FILE_NAME)
        connection = http.client.HTTPSConnection("127.0.0.1", running.port, context=context)
        body = b'{"name": "opdu", "password": "correct horse"}'
        connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 200
        assert "Secure" in answer.headers["Set-Cookie"]


def test_plain_http_is_told_to_use_https(tmp_path: Path) -> None:
    with secure(tmp_path) as running:
        with socket.create_connection(("127.0.0.1", running.port), 10) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while got := client.recv(4096):
                answer += got
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"https://" in answer
        assert running.ask(trusting(tmp_path / FILE_NAME), "GET", "/", **BEARER).status == 200


def test_old_tls_is_refused(tmp_path: Path) -> None:
    with secure(tmp_path) as running:
        context = trusting(tmp_path / FILE_NAME)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(OSError, match=r"."):
            running.ask(context, "GET", "/", **BEARER)


def test_handshakes_that_never_end_keep_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HANDSHAKE_S", 0.5)
    monkeypatch.setattr(listener, "MAX_HANDSHAKES", 8)
    with secure(tmp_path) as running:
        context = trusting(tmp_path / FILE_NAME)
        idle = [socket.create_connection(("127.0.0.1", running.port), 10) for _ in range(30)]
        idle[0].sendall(b"\x16\x03\x01\x02\x00")
        for client in idle:
            assert client.recv(10) == b""  # closed, at once or in time
            client.close()
        assert running.ask(context, "GET", "/", **BEARER).status == 200
        half = socket.create_connection(("127.0.0.1", running.port), 10)
    half.close()


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem, other.pem; ops.pem, guest.pem signed by ca, stranger.pem by other."""
    require("openssl")
    folder = tmp_path_factory.mktemp("authority")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    for name in ("ca", "other"):
        openssl(
            folder, "req", "-x509", *curve, "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip
    for name, signer in (("ops", "ca"), ("guest", "ca"), ("stranger", "other")):
        who = "ops" if name == "stranger" else name
        openssl(
            folder, "req", *curve, "-subj", f"/CN={who}", "-keyout", f"{name}.key",
            "-out", f"{name}.csr",
        )  # fmt: skip
        openssl(
            folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.pem", "-CAkey",
            f"{signer}.key", "-set_serial", "7", "-days", "2", "-out", f"{name}.pem",
        )  # fmt: skip
    openssl(
        folder, "req", "-x509", *curve, "-subj", "/CN=pdu", "-addext",
        "subjectAltName=IP:127.0.0.1", "-keyout", "pdu.key", "-out", "pdu.pem",
    )  # fmt: skip
    return folder


@pytest.mark.peer
def test_a_client_certificate_has_the_role_of_its_name(tmp_path: Path, authority: Path) -> None:
    roles = (ClientRole(name="ops", role=Role.OPERATOR, outlets={"2": Rights.NONE}),)
    changes = {"client_ca": str(authority / "ca.pem"), "client_roles": roles}
    with secure(tmp_path, **changes) as running:

        def ask(name: str, method: str, path: str, **headers: str) -> int:
            context = trusting(tmp_path / FILE_NAME)
            context.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
            return running.ask(context, method, path, **headers).status

        assert ask("ops", "GET", "/api/v1/outlets/1") == 200
        assert ask("ops", "GET", "/api/v1/outlets/2") == 404
        assert ask("ops", "POST", "/api/v1/outlets/1/off") == 200
        assert str(running.controller.batches[0][1]) == "http certificate ops from 127.0.0.1"
        assert ask("ops", "GET", "/api/v1/users") == 403
        assert ask("ops", "POST", "/api/v1/outlets/1/on", Origin="https://evil.example") == 403
        assert ask("guest", "GET", "/api/v1/outlets/1") == 401
        with pytest.raises(OSError, match=r"."):
            ask("stranger", "GET", "/api/v1/outlets/1")
        plain = trusting(tmp_path / FILE_NAME)
        assert running.ask(plain, "GET", "/api/v1/outlets/1").status == 401
        assert running.ask(plain, "GET", "/api/v1/outlets/1", **BEARER).status == 200


@pytest.mark.peer
def test_a_certificate_of_ones_own_is_taken_anew_without_a_restart(
    tmp_path: Path, authority: Path
) -> None:
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    certificate.write_bytes((authority / "pdu.pem").read_bytes())
    key.write_bytes((authority / "pdu.key").read_bytes())
    with secure(tmp_path, certificate=str(certificate), key=str(key)) as running:
        answer = running.ask(trusting(certificate), "GET", "/", **BEARER)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert not (tmp_path / FILE_NAME).exists()
        new = tmp_path / "new.pem"
        new.write_bytes(made(["127.0.0.1"], _now_s()))
        assert running.server is not None
        assert running.loop is not None
        renew = running.server.renew_certificate
        broken = HttpSettings(tls="on", certificate=str(tmp_path / "none.pem"))
        running.loop.call_soon_threadsafe(renew, broken)
        running.loop.call_soon_threadsafe(renew, HttpSettings(tls="on", certificate=str(new)))
        _wait_until_trusted(running, trusting(new))
        running.loop.call_soon_threadsafe(renew, broken)
        assert running.ask(trusting(new), "GET", "/", **BEARER).status == 200


def _now_s() -> float:
    import time

    return time.time()


def _wait_until_trusted(running: Secure, context: ssl.SSLContext) -> None:
    for _ in range(200):
        try:
            assert running.ask(context, "GET", "/", **BEARER).status == 200
        except ssl.SSLError:
            threading.Event().wait(0.02)
        else:
            return
    pytest.fail("the new certificate is not in force")


@pytest.mark.peer
@pytest.mark.parametrize(
    ("certificate", "key", "ca", "reason"),
    [
        ("none.pem", "", "", "http.certificate: .*cannot be read: No such file"),
        ("pdu.pem", "none.key", "", "http.certificate: .*none.key cannot be read"),
        ("pdu.pem", "ca.key", "", "http.certificate: .*the key is not the one of this"),
        ("pdu.pem", "", "", "http.certificate: .*no PEM file that can be used"),
        ("pdu.key", "pdu.key", "", "http.certificate: .*no PEM file that can be used"),
        ("pdu.pem", "locked.key", "", "http.certificate: .*its key is encrypted"),
        ("pdu.pem", "pdu.key", "none.pem", "http.client_ca: .*cannot be read: No such file"),
        ("pdu.pem", "pdu.key", "pdu.key", "http.client_ca: .*no PEM file"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    authority: Path, certificate: str, key: str, ca: str, reason: str
) -> None:
    if not (authority / "locked.key").exists():
        openssl(authority, "ec", "-in", "pdu.key", "-aes128", "-passout", "pass:secret",
                "-out", "locked.key")  # fmt: skip
    with pytest.raises(ConfigError, match=reason):
        server_context(
            str(authority / certificate),
            str(authority / key) if key else "",
            str(authority / ca) if ca else "",
        )


def test_a_made_certificate_is_renewed_before_it_ends_and_when_names_come(tmp_path: Path) -> None:
    pem = made(["pdu", "192.0.2.1"], NOW_S)
    assert is_good(pem, ["192.0.2.1", "pdu"], NOW_S)
    assert not is_good(pem, ["192.0.2.2"], NOW_S)
    ends_s = NOW_S + LIFE.total_seconds() - RENEWED_BEFORE_END.total_seconds()
    assert not is_good(pem, ["pdu"], ends_s)
    assert not is_good(pem, ["pdu"], NOW_S - 2 * 86400)
    for broken in (b"", b"x", pem[:100], pem[pem.find(b"-----BEGIN CERT") :]):
        assert not is_good(broken, ["pdu"], NOW_S)
    settings = HttpSettings(tls="on")
    context_of(settings, ["pdu"], tmp_path, NOW_S)
    first = (tmp_path / FILE_NAME).read_bytes()
    context_of(settings, ["pdu"], tmp_path, NOW_S)
    assert (tmp_path / FILE_NAME).read_bytes() == first
    context_of(settings, ["pdu", "2001:db8::1"], tmp_path, NOW_S)
    assert (tmp_path / FILE_NAME).read_bytes() != first


def test_a_name_that_no_certificate_holds_is_left_out() -> None:
    assert is_good(made(["x" * 64, "pdu"], NOW_S), ["x" * 64, "pdu"], NOW_S)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=str(tmp_path)):
        context_of(HttpSettings(tls="on"), ["pdu"], tmp_path, NOW_S)


@pytest.mark.parametrize(
    ("listen", "tls", "is_on"),
    [
        ("127.0.0.1:8080", "auto", False),
        ("[::1]:8080", "auto", False),
        ("localhost:8080", "auto", False),
        ("0.0.0.0:8443", "auto", True),
        ("192.0.2.1:8443", "auto", True),
        ("127.0.0.1:8080", "on", True),
        ("0.0.0.0:8443", "off", False),
    ],
)
def test_tls_is_on_wherever_somebody_could_listen(listen: str, tls: str, is_on: bool) -> None:
    assert HttpSettings(listen=listen, tls=tls).is_tls is is_on


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "x.key"},
        {"client_roles": (ClientRole(name="a"),)},
        {"client_ca": "x", "client_roles": (ClientRole(name="a"), ClientRole(name="a"))},
    ],
)
def test_settings_that_contradict_each_other(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        HttpSettings(**changes)
