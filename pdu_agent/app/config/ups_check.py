# SPDX-License-Identifier: Apache-2.0
"""What is wrong with `upses`, and with what rules and plans expect of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.tree import Problems
from pdu_agent.core.rules.settings import ANY_UPS, TriggerKind
from pdu_agent.model.errors import ConfigError
from pdu_agent.nut.settings import Tls, UpsSettings, is_loopback, parse_server

_Found = Iterator[tuple[str, str]]


def ups_check(checker: Checker, problems: Problems) -> None:
    """Report it; works on whatever `checker` could read."""
    for path, text in (*_names(checker), *_inlets(checker), *_named(checker)):
        problems.error(checker.place(path), f"{path}: {text}")
    doubts = [*_without_ups(checker)]
    for path, ups in checker.found("upses#"):
        for where, text in _contradictions(path, ups):
            problems.error(checker.place(where), f"{where}: {text}")
        doubts += _doubts(path, ups)
    for path, text in doubts:
        problems.warn(checker.place(path), f"{path}: {text}")


def _names(checker: Checker) -> _Found:
    first: dict[str, str] = {}
    for path, name in checker.found("upses#.name"):
        if not name or not name.isprintable() or name == ANY_UPS:
            yield path, f"{name!r}; expected a name of printable characters, and not {ANY_UPS!r}"
        if name in first:
            yield path, f"{name!r} is given to two UPSes; the first is at {first[name]}"
        first.setdefault(name, str(checker.place(path)))
    for path, name in checker.found("upses#.ups"):
        if not name.isprintable():
            yield path, f"{name!r}; expected a name of printable characters"


def _inlets(checker: Checker) -> _Found:
    numbers = {number for _, number in checker.found("inlets#.number")} or {1}
    for path, ups in checker.found("upses#"):
        for position, inlet in enumerate(ups.inlets):
            where = f"{path}.inlets[{position}]"
            if inlet not in numbers:
                yield where, f"there is no inlet {inlet}"
            elif inlet in ups.inlets[:position]:
                yield where, f"inlet {inlet} is named twice"


def _contradictions(path: str, ups: UpsSettings) -> _Found:
    if ups.user and not ups.secret_file:
        yield f"{path}.user", "there is no secret_file with the password of this user"
    if ups.secret_file and not ups.user:
        yield f"{path}.secret_file", "there is no user whose password it could hold"
    for name in ("secret_file", "ca_file"):
        file = getattr(ups, name)
        if file and not file.startswith("/"):
            yield f"{path}.{name}", f"{file!r} is no absolute path of a file"
    if ups.ca_file and ups.tls is not Tls.VERIFIED:
        yield f"{path}.ca_file", "it is of use with `tls: verified` only"
    if ups.stale_after_s <= ups.poll_s:
        text = f"{ups.stale_after_s:g} does not exceed poll_s, {ups.poll_s:g}"
        yield f"{path}.stale_after_s", text


def _doubts(path: str, ups: UpsSettings) -> _Found:
    host = _host(ups)
    is_far = bool(host) and not is_loopback(host)
    if ups.user and is_far and ups.tls is not Tls.VERIFIED:
        yield (
            f"{path}.tls",
            f"{ups.tls.value}: whoever is between here and {host} can read the password of"
            f" {ups.user}; use verified",
        )
    if ups.tls is Tls.VERIFIED and _is_number(host):
        yield (
            f"{path}.server",
            f"the certificate has to name the address {host}; most name a host, so give that",
        )
    for name, does in (("secret_file", "nobody is logged in"), ("ca_file", "nothing is trusted")):
        file = getattr(ups, name)
        if file.startswith("/"):
            yield from _doubtful_file(f"{path}.{name}", file, does, is_secret=name != "ca_file")


def _doubtful_file(path: str, file: str, without: str, is_secret: bool) -> _Found:
    try:
        mode = os.stat(file).st_mode
    except OSError as exc:
        yield path, f"{file} cannot be read: {exc.strerror}; until then {without}"
        return
    if not os.access(file, os.R_OK):
        yield path, f"{file} cannot be read by this user; until the agent can, {without}"
    if is_secret and stat.S_IMODE(mode) & stat.S_IRWXO:
        yield path, f"everybody may read {file}; chmod 640 {file}"


def _host(ups: UpsSettings) -> str:
    try:
        return parse_server(ups.server)[0]
    except ConfigError:  # reported where it stands
        return ""


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


# -- what others expect of them ---------------------------------------------------------


def _named(checker: Checker) -> _Found:
    names = [name for _, name in checker.found("upses#.name")]
    for path, trigger in checker.found("rules#.when"):
        if trigger.kind is TriggerKind.UPS and trigger.ups not in (ANY_UPS, *names):
            hint = nearest(trigger.ups, names)
            yield f"{path}.ups", f"no UPS in `upses` is called {trigger.ups!r}{hint}"


def _without_ups(checker: Checker) -> _Found:
    if checker.found("upses#.name"):
        return
    for path, trigger in checker.found("rules#.when"):
        if trigger.kind is TriggerKind.UPS and trigger.ups == ANY_UPS:
            yield f"{path}.ups", "there is none in `upses`, so this never comes true"
    for path, plan in checker.found("plans#"):
        if plan.conditions.not_on_battery:
            yield (
                f"{path}.conditions.not_on_battery",
                "there is no UPS in `upses` to tell, so the plan is always skipped",
            )
