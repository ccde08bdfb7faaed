# SPDX-License-Identifier: Apache-2.0
"""Hooks that cannot be run as they are written, and outlets whose wishes cannot come true."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.hooks import CommandHook, FsdHook, HookEntry, HttpHook
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.tree import Problems
from pdu_agent.core.settings import OutletSettings
from pdu_agent.model.commands import Target, TargetKind

MOMENTS = ("before_on", "after_on", "before_off", "after_off")
ONLY = "it tells the server of one outlet, as its before_off"
_Found = Iterator[tuple[str, str]]


def hook_check(checker: Checker, problems: Problems) -> None:
    """Report them; works on whatever `checker` could read."""
    errors = [*_names(checker), *_outlets(checker), *_bad_tellers(checker)]
    warnings: list[tuple[str, str]] = [*_hasty_tellers(checker)]
    for path, hook in checker.found("hooks#"):
        if isinstance(hook.options, CommandHook):
            errors += _bad_command(path, hook.options)
            warnings += _doubtful_command(path, hook.options)
        elif isinstance(hook.options, HttpHook):
            errors += _bad_request(path, hook.options)
            warnings += _doubtful_files(path, hook.options)
    for path, text in errors:
        problems.error(checker.place(path), f"{path}: {text}")
    for path, text in warnings:
        problems.warn(checker.place(path), f"{path}: {text}")


def _names(checker: Checker) -> _Found:
    first: dict[str, str] = {}
    for path, name in checker.found("hooks#.name"):
        if not name or not name.isprintable():
            yield path, f"{name!r}; expected a name of printable characters"
        if name in first:
            yield path, f"{name!r} is given to two hooks; the first is at {first[name]}"
        first.setdefault(name, str(checker.place(path)))


def _outlets(checker: Checker) -> _Found:
    names = [name for _, name in checker.found("hooks#.name")]
    points = {
        target
        for pattern in ("meters#.currents#.feeds", "meters#.channels.[^.]+")
        for _, target in checker.found(pattern)
    }
    for moment in MOMENTS:
        for path, name in checker.found(f"outlets#.{moment}"):
            if name and name not in names:
                yield path, f"no hook in `hooks` is called {name!r}{nearest(name, names)}"
    for path, outlet in checker.found("outlets#"):
        yield from _without_means(path, outlet, points)


def _without_means(path: str, outlet: OutletSettings, points: set[Target]) -> _Found:
    wished = [moment for moment in MOMENTS if getattr(outlet, moment)]
    if outlet.graceful is not None:
        wished.append("graceful")
        if Target(TargetKind.OUTLET, outlet.number) not in points:
            yield (
                f"{path}.graceful",
                f"no meter in `meters` feeds outlet {outlet.number}: nobody could tell that it "
                "is idle",
            )
    if wished and outlet.relay is None:
        yield f"{path}.{wished[0]}", "this outlet has no relay: it is never switched"


def _tellers(checker: Checker) -> dict[str, HookEntry]:
    hooks = (hook for _, hook in checker.found("hooks#"))
    return {hook.name: hook for hook in hooks if isinstance(hook.options, FsdHook)}


def _bad_tellers(checker: Checker) -> _Found:
    """What would tell a server where there is none, or could never end."""
    tellers = _tellers(checker)
    elsewhere = [f"outlets#.{moment}" for moment in MOMENTS if moment != "before_off"]
    for pattern in (*elsewhere, "plans#.hook", "rules#.then#.hook", "rules#.otherwise#.hook"):
        for path, name in checker.found(pattern):
            if name in tellers:
                yield path, f"{name} is of kind fsd; expected one that can be run there: {ONLY}"
    has_device = any(path for _, path in checker.found("nut.state_path"))
    for path, hook in checker.found("hooks#"):
        if hook.name not in tellers:
            continue
        if not has_device:
            yield f"{path}.kind", "fsd tells servers through NUT; expected a nut.state_path"
        if hook.options.wait_s >= hook.time_limit_s:
            yield (
                f"{path}.wait_s",
                f"{hook.options.wait_s:g} s cannot pass within time_limit_s, "
                f"{hook.time_limit_s:g} s",
            )


def _hasty_tellers(checker: Checker) -> _Found:
    tellers = _tellers(checker)
    for path, outlet in checker.found("outlets#"):
        teller = tellers.get(outlet.before_off)
        if teller is not None and outlet.graceful is None and not teller.options.wait_s:
            yield (
                f"{path}.before_off",
                f"{teller.name} only tells the server: without `graceful`, and without `wait_s` "
                "of the hook, it is cut before it is down",
            )


def _bad_command(path: str, options: CommandHook) -> _Found:
    if not options.command:
        yield f"{path}.command", "it is empty; expected a program and its arguments"
        return
    if not options.command[0].startswith("/"):
        yield (
            f"{path}.command[0]",
            f"{options.command[0]!r} is no absolute path; expected one such as /usr/bin/ssh "
            "(there is no shell and no search path)",
        )
    for position, word in enumerate(options.command):
        if "\0" in word:
            yield f"{path}.command[{position}]", "it has a NUL character"


def _doubtful_command(path: str, options: CommandHook) -> _Found:
    program = options.command[0] if options.command else ""
    if not program.startswith("/"):
        return
    if not Path(program).is_file():
        yield f"{path}.command[0]", f"{program} is not there: the hook will fail"
    elif not os.access(program, os.X_OK):
        yield f"{path}.command[0]", f"{program} cannot be executed: the hook will fail"


def _bad_request(path: str, options: HttpHook) -> _Found:
    text = _misfit(options.url)
    if text:
        yield f"{path}.url", text
    for part in ("headers", "header_files"):
        for name, value in getattr(options, part).items():
            where = f"{path}.{part}.{name}"
            if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
                yield where, f"{name!r} is no name of a header"
            if part == "header_files" and not value.startswith("/"):
                yield where, f"{value!r} is no absolute path of a file"
    if options.ca_file and not options.ca_file.startswith("/"):
        yield f"{path}.ca_file", f"{options.ca_file!r} is no absolute path of a file"


def _misfit(url: str) -> str:
    try:
        parts: SplitResult | None = urlsplit(url)
        _ = parts.port if parts else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{url!r} is no address; expected http://host/path or https://host/path"
    if parts.username is not None or parts.password is not None:
        return "it holds a user or a password; put an Authorization header into header_files"
    if not url.isprintable() or " " in url:
        return "it has spaces or control characters; expected them as %20 and the like"
    return ""


def _doubtful_files(path: str, options: HttpHook) -> _Found:
    for name, file in options.header_files.items():
        where = f"{path}.header_files.{name}"
        if not file.startswith("/"):
            continue  # that is an error
        try:
            mode = os.stat(file).st_mode
        except OSError as exc:
            yield where, f"{file} cannot be read: {exc.strerror}; the hook will fail"
            continue
        if stat.S_IMODE(mode) & stat.S_IRWXO:
            yield where, f"everybody may read {file}; chmod 600 {file}"
