# SPDX-License-Identifier: Apache-2.0
"""The `hooks` section: what may be run before and after an outlet is switched, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pdu_agent.app.config.shape import inline
from pdu_agent.core.shutdown.settings import HookTerms
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting


@dataclass(frozen=True, slots=True)
class CommandHook:
    """A program of this machine. It gets no shell and no input."""

    command: tuple[str, ...] = setting(
        max_length=64, doc="the program by its whole path, and its arguments"
    )


@dataclass(frozen=True, slots=True)
class HttpHook:
    """One HTTP request; any status of 200 to 299 is success."""

    url: str = setting(max_length=2048, doc="http:// or https://")
    method: str = setting("POST", choices=("GET", "POST", "PUT", "PATCH", "DELETE"))
    headers: dict[str, str] = setting(default_factory=dict, doc="no secrets: see header_files")
    header_files: dict[str, str] = setting(
        default_factory=dict, doc="header -> file whose content is its value, read at each call"
    )
    body: str = setting("", max_length=16_384, doc="empty: what happens, as JSON")
    ca_file: str = setting("", max_length=4096, doc="PEM file to trust in place of the system's")


@dataclass(frozen=True, slots=True)
class FsdHook:
    """The upsmon of the server behind the outlet is told to shut down, through NUT."""

    wait_s: float = setting(
        0.0, minimum=0, maximum=3600, doc="so long afterwards; for outlets without `graceful`"
    )


_KINDS: dict[str, type] = {"command": CommandHook, "http": HttpHook, "fsd": FsdHook}


def _settings_of(kind: str) -> type:
    if kind not in _KINDS:
        raise ConfigError(f"{kind!r} is no kind of hook; expected one of {', '.join(_KINDS)}")
    return _KINDS[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEntry:
    """One entry of `hooks`; the settings of its kind stand beside these."""

    name: str = setting(max_length=32, doc="what outlets call it")
    kind: str = setting(max_length=16, doc="command, http or fsd")
    time_limit_s: float = setting(
        30.0, minimum=0.1, maximum=3600, doc="afterwards it is ended, and has failed"
    )
    ignore_errors: bool = setting(False, doc="its failure stops nothing and is no alarm")
    options: Any = field(metadata=inline("kind", _settings_of))

    @property
    def terms(self) -> HookTerms:
        return HookTerms(self.name, self.time_limit_s, self.ignore_errors)
