# SPDX-License-Identifier: Apache-2.0
"""The first configuration of a unit: the shipped file, and credentials that nobody else has."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pdu_agent.app.config import versions
from pdu_agent.model.errors import ConfigError

CONFIG_NAME = "openpdu.yaml"
SECRETS_NAME = "secrets.yaml"
ADMIN = "admin"
# Copied by hand and pasted into shells: no look-alikes, nothing that begins an option.
UNAMBIGUOUS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
PASSPHRASE_LENGTH = 28  # 163 bits

_NO_CREDENTIALS = 'credentials: ""'


@dataclass(frozen=True, slots=True)
class InitResult:
    """What was written. `text` shows the passphrases: print it once, log it never."""

    config: Path
    secrets: Path
    text: str


def shipped_text() -> str:
    """The annotated configuration that this program came with."""
    return (resources.files(__package__) / CONFIG_NAME).read_text(encoding="utf-8")


def write_initial(directory: Path) -> InitResult:
    """Write openpdu.yaml and secrets.yaml (mode 0600) with one random SNMPv3 user.

    Raises ConfigError when one of the two is there already or cannot be written; then
    nothing is left behind.
    """
    config, secret_file = directory / CONFIG_NAME, directory / SECRETS_NAME
    auth_pass, priv_pass = _passphrase(), _passphrase()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"{directory}: cannot be made: {exc.strerror}") from exc
    _write_new(secret_file, _secrets_text(auth_pass, priv_pass), mode=0o600)
    try:
        _write_new(config, _config_text(), mode=0o644)
    except ConfigError:
        secret_file.unlink()
        raise
    return InitResult(config, secret_file, _shown_once(config, secret_file, auth_pass, priv_pass))


def _passphrase() -> str:
    return "".join(secrets.choice(UNAMBIGUOUS) for _ in range(PASSPHRASE_LENGTH))


def _config_text() -> str:
    return shipped_text().replace(_NO_CREDENTIALS, f"credentials: {SECRETS_NAME}", 1)


def _write_new(path: Path, text: str, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as exc:
        raise ConfigError(f"{path}: is there already; it was not changed") from exc
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be written: {exc.strerror}") from exc
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        path.unlink()
        raise ConfigError(f"{path}: cannot be written: {exc.strerror}") from exc


def _secrets_text(auth_pass: str, priv_pass: str) -> str:
    return f"""\
# Who may use SNMP. Keep this file at mode 0600 and put every secret in quotes.
schema: {versions.newest()}

users:                     # SNMPv3
  - name: {ADMIN}
    rights: write          # none read switch write, each with those before it
    auth: sha256           # sha sha224 sha256 sha384 sha512
    auth_pass: "{auth_pass}"
    priv: aes128           # none aes128 aes256 aes256c
    priv_pass: "{priv_pass}"

# SNMPv1 and v2c send their community readable over the network. Where a client knows
# nothing better, give it one to read with:
# communities:
#   - name: old-monitor    # how logs call it
#     community: "..."     # the secret
#     rights: read
#     networks: [192.0.2.0/24]
communities: []

# Both may be limited to some outlets, to a part of the tree and to networks: docs/access.md.
"""


def _shown_once(config: Path, secret_file: Path, auth_pass: str, priv_pass: str) -> str:
    return f"""\
Wrote {config} and {secret_file} (mode 0600).

SNMPv3 user  {ADMIN}  (SHA-256, AES-128), may do everything. Shown only now:

  authentication passphrase  {auth_pass}
  privacy passphrase         {priv_pass}

Start:  openpdu run --config {config}
Try:    snmpwalk -v3 -l authPriv -u {ADMIN} -a SHA-256 -A {auth_pass} \\
          -x AES -X {priv_pass} 127.0.0.1:1161 system
"""
