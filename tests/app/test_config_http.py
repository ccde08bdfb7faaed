# SPDX-License-Identifier: Apache-2.0
"""The `http` section: certificates that cannot be used, and what of it is unwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import ConfigErrors, check_file, load_settings
from pdu_agent.web.tls.self_signed import made

BASE = "schema: 1\nrelays: [{name: main, driver: mcp23008, bus: sim}]\nsnmp: {listen: []}\n"


def written(folder: Path, http: str) -> Path:
    path = folder / "openpdu.yaml"
    path.write_text(f"{BASE}http:\n{http}", encoding="utf-8")
    return path


def complaints(folder: Path, http: str) -> list[str]:
    return [str(each) for each in check_file(written(folder, http), {}) if "http" in str(each)]


def test_off_outside_loopback_is_unwise(tmp_path: Path) -> None:
    (told,) = complaints(tmp_path, "  listen: 0.0.0.0:8080\n  tls: off\n")
    assert "openpdu.yaml:6:8: warning: http.tls: off, so that passwords" in told
    assert complaints(tmp_path, "  listen: 127.0.0.1:8080\n  tls: off\n") == []
    assert complaints(tmp_path, "  listen: 0.0.0.0:8080\n") == []


def test_files_are_looked_for_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "pdu.pem").write_bytes(made(["pdu"], 1_800_000_000.0))
    path = written(tmp_path, "  certificate: pdu.pem\n")
    assert load_settings(path, {}).http.certificate == str(tmp_path / "pdu.pem")
    (told,) = complaints(tmp_path, "  certificate: none.pem\n")
    assert f"5:16: http.certificate: {tmp_path / 'none.pem'}: it cannot be read" in told


def test_a_key_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / f"{name}.pem").write_bytes(made(["pdu"], 1_800_000_000.0))
    (told,) = complaints(tmp_path, "  certificate: one.pem\n  key: other.pem\n")
    assert "the key is not the one of this certificate" in told


@pytest.mark.parametrize(
    ("http", "reason"),
    [
        ("  key: x.pem\n", "no certificate"),
        ("  client_roles: [{name: ops, role: operator}]\n", "client_ca"),
        ("  tls: maybe\n", "auto, on, off"),
        ("  client_ca: x\n  client_roles: [{name: a, role: root}]\n", "viewer"),
        ("  client_ca: x\n  client_roles: [{name: a, role: admin, outlets: {1: none}}]\n", "admin"),
        ("  session_idle_s: 1\n", "60"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, http: str, reason: str) -> None:
    with pytest.raises(ConfigErrors, match=reason):
        load_settings(written(tmp_path, http), {})


def test_an_authority_without_tls_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(made(["ca"], 1_800_000_000.0))
    (told,) = complaints(tmp_path, "  client_ca: ca.pem\n")
    assert "warning: http.client_ca: it does nothing without TLS" in told
