# SPDX-License-Identifier: Apache-2.0
"""Whether the certificates of the `http` section can be used, and what of it is unwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems
from pdu_agent.model.errors import ConfigError
from pdu_agent.web.settings import OFF, HttpSettings, is_loopback


def beside(http: HttpSettings, folder: Path) -> HttpSettings:
    """Its files as paths of their own: they are given relative to the folder of the settings."""
    return replace(
        http,
        certificate=_in(folder, http.certificate),
        key=_in(folder, http.key),
        client_ca=_in(folder, http.client_ca),
    )


def http_check(folder: Path, checker: Checker, problems: Problems) -> None:
    for _, http in checker.found("http"):
        if http.tls == OFF and http.listen and not is_loopback(http.listen):
            problems.warn(
                checker.place("http.tls"),
                "http.tls: off, so that passwords and tokens can be read on their way",
            )
        if http.client_ca and not http.is_tls:
            problems.warn(
                checker.place("http.client_ca"), "http.client_ca: it does nothing without TLS"
            )
        if http.certificate:
            _check_files(beside(http, folder), checker, problems)


def _check_files(http: HttpSettings, checker: Checker, problems: Problems) -> None:
    # Loaded here: most units have no certificate of their own.
    from pdu_agent.web.tls.contexts import server_context

    try:
        server_context(http.certificate, http.key, http.client_ca)
    except ConfigError as error:
        path = str(error).partition(":")[0]
        problems.error(checker.place(path), str(error))


def _in(folder: Path, name: str) -> str:
    return str(folder / name) if name else ""
