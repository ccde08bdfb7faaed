# SPDX-License-Identifier: Apache-2.0
"""Certificates of an authority of one's own, as openssl makes them, and upsd's store of them.

Debian's upsd takes TLS from NSS: CERTPATH is the folder of a database that `certutil` makes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.peers import require

NICKNAME, PASSWORD = "upsd", "database"
CONF = f"CERTIDENT {NICKNAME} {PASSWORD}\n"


def authority(folder: Path, name: str = "ca") -> Path:
    """The certificate of a new one; its key lies beside it."""
    require("openssl")
    made = folder / f"{name}.pem"
    _run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", f"/CN={name} of a test", "-keyout", str(made.with_suffix(".key")),
         "-out", str(made))  # fmt: skip
    return made


def certificate(folder: Path, by: Path, host: str) -> tuple[Path, Path]:
    """The certificate for a host (a name or an IPv4 address) and its key."""
    key, request, made = (folder / f"{host}.{end}" for end in ("key", "csr", "pem"))
    extra = folder / f"{host}.ext"
    kind = "IP" if host.replace(".", "").isdigit() else "DNS"
    extra.write_text(f"subjectAltName={kind}:{host}\n", encoding="utf-8")
    _run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}",
         "-keyout", str(key), "-out", str(request))  # fmt: skip
    _run("openssl", "x509", "-req", "-in", str(request), "-CA", str(by),
         "-CAkey", str(by.with_suffix(".key")), "-CAcreateserial", "-days", "2",
         "-extfile", str(extra), "-out", str(made))  # fmt: skip
    return made, key


def database(folder: Path, by: Path, host: str) -> str:
    """Lines of upsd.conf for a new database with the host's certificate in it."""
    require("certutil", "pk12util")
    made, key = certificate(folder, by, host)
    store, secret, bundle = folder / f"nss-{host}", folder / "nss.secret", folder / f"{host}.p12"
    store.mkdir()
    secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
    database = f"sql:{store}"
    _run("certutil", "-N", "-d", database, "-f", str(secret))
    _run("certutil", "-A", "-d", database, "-f", str(secret), "-n", "ca", "-t", "CT,,",
         "-i", str(by))  # fmt: skip
    _run("openssl", "pkcs12", "-export", "-in", str(made), "-inkey", str(key),
         "-name", NICKNAME, "-out", str(bundle), "-passout", f"pass:{PASSWORD}")  # fmt: skip
    _run("pk12util", "-i", str(bundle), "-d", database, "-k", str(secret), "-W", PASSWORD)
    return f"CERTPATH {store}\n{CONF}"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
