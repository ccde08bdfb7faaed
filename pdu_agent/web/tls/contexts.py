# SPDX-License-Identifier: Apache-2.0
"""What the TLS socket is set up with. Everything here blocks: not for the loop."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from pathlib import Path

from pdu_agent.model.errors import ConfigError, StoreError
from pdu_agent.store.private_file import replace_file
from pdu_agent.web.settings import HttpSettings

log = logging.getLogger(__name__)

FILE_NAME = "https.pem"


def server_context(certificate: str, key: str, client_ca: str = "") -> ssl.SSLContext:
    """TLS 1.2 or newer. key: empty where it stands in the file of the certificate. client_ca: of
    whom a certificate may be, where a client shows one. Raises ConfigError naming the setting.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        # Without a password of our own OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key or None, password=lambda: b"-")
    except (OSError, ValueError) as error:
        raise ConfigError(f"http.certificate: {certificate}: {_words(error, key)}") from error
    if client_ca:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"http.client_ca: {client_ca}: {_words(error, '')}") from error
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def context_of(
    settings: HttpSettings, names: Sequence[str], state_dir: Path, now_wall_s: float
) -> ssl.SSLContext:
    """With the certificate of the settings, or one made here. Raises ConfigError, StoreError."""
    if settings.certificate:
        return server_context(settings.certificate, settings.key, settings.client_ca)
    path = state_dir / FILE_NAME
    _ensure(path, names, now_wall_s)
    return server_context(str(path), "", settings.client_ca)


def _ensure(path: Path, names: Sequence[str], now_wall_s: float) -> None:
    # Loaded here: whoever has a certificate of their own does not carry it.
    from pdu_agent.web.tls.self_signed import is_good, made

    try:
        if is_good(path.read_bytes(), names, now_wall_s):
            return
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    replace_file(path, made(names, now_wall_s))
    log.info("made a certificate for %s: %s", ", ".join(names), path)


def _words(error: Exception, key: str) -> str:
    if isinstance(error, ssl.SSLError):
        reason = error.reason or "PEM"
        if reason == "KEY_VALUES_MISMATCH":
            return "the key is not the one of this certificate"
        return f"it is no PEM file that can be used, or its key is encrypted ({reason})"
    about = f" or {key}" if key else ""
    return f"it{about} cannot be read: {getattr(error, 'strerror', None) or error}"
