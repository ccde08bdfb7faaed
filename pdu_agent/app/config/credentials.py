# SPDX-License-Identifier: Apache-2.0
"""The secrets file: communities and v3 users, readable by nobody else, never repeated."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.access.networks import NETWORK_EXPECTED, parse_network
from pdu_agent.access.outlet_rights import OUTLETS_EXPECTED, outlet_span
from pdu_agent.app.config import versions, yaml12
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.schema import SecretsFile
from pdu_agent.app.config.tree import Place, Problems
from pdu_agent.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the secrets file grants, None when something in it is wrong, and the checker that
    knows what is right and where it stands.
    """

    file: SecretsFile | None
    checker: Checker


def read_secrets(path: Path, environ: Mapping[str, str], problems: Problems) -> Secrets | None:
    """What the file grants; None when it cannot be read, with the reason in `problems`."""
    place = Place(str(path))
    try:
        raw = _read_private(path, environ)
    except OSError as exc:
        problems.error(place, f"cannot be read: {exc.strerror}; `openpdu init` makes one")
        return None
    except ConfigError as exc:
        problems.error(place, str(exc))
        return None
    root = yaml12.parse(raw, str(path), problems, conceal=True)
    tree = versions.upgraded(root, str(path), problems) if root is not None else None
    if tree is None:
        return None
    checker = Checker(problems, _JUDGES, key_judges=_KEY_JUDGES, conceal=True)
    return Secrets(checker.record(SecretsFile, tree), checker)


def _network(text: str) -> None:
    try:
        parse_network(text)
    except ConfigError:
        raise ConfigError(f"this value does not fit; expected {NETWORK_EXPECTED}") from None


def _outlets(key: str) -> None:
    try:
        outlet_span(key)
    except ConfigError:
        raise ConfigError(f"this key does not fit; expected {OUTLETS_EXPECTED}") from None


# They say what was expected, but not what stands there: it may be a secret gone astray.
_JUDGES = {"users.networks": _network, "communities.networks": _network}
_KEY_JUDGES = {"users.outlets": _outlets, "communities.outlets": _outlets}


def _read_private(path: Path, environ: Mapping[str, str]) -> bytes:
    # The opened file is judged, not the name, which somebody could exchange in between;
    # O_NONBLOCK so that a FIFO of that name does not stop the start.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError("expected a regular file")
        if found.st_uid not in (0, os.geteuid()):
            raise ConfigError(
                f"belongs to uid {found.st_uid}; expected root or the user of the agent"
            )
        if stat.S_IMODE(found.st_mode) & _forbidden_bits(path, environ):
            mode = stat.S_IMODE(found.st_mode)
            raise ConfigError(f"others may read it (mode {mode:04o}); chmod 600 {path}")
        return file.read(yaml12.MAX_FILE_BYTES + 1)


def _forbidden_bits(path: Path, environ: Mapping[str, str]) -> int:
    """No bit for group and others, but for one thing: a credential that systemd hands over
    is granted by an access list, whose mask shows as group permission.
    """
    handed_over = environ.get("CREDENTIALS_DIRECTORY")
    if handed_over and path.parent == Path(handed_over):
        return stat.S_IRWXO | stat.S_IWGRP
    return stat.S_IRWXG | stat.S_IRWXO
