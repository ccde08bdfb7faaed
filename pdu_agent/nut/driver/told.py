# SPDX-License-Identifier: Apache-2.0
"""What upsd has been told of a device, and the lines that tell what is new. No I/O.

Two habits of upsd 2.8.0 (common/state.c) make a variable be forgotten (DELINFO) and told anew: it
keeps the old value where only the case of letters differs, and DELRANGE takes away a range that
shares just one end, as DELENUM does one that differs in case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pdu_agent.nut.device import Variable
from pdu_agent.nut.words import line_of, plain

DATA_OK, DATA_STALE, DUMP_DONE = b"DATAOK\n", b"DATASTALE\n", b"DUMPDONE\n"

_NO_FLAG = "none"
"""upsd takes no SETFLAGS without a flag, and leaves out those that it does not know."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


class Told:
    """One device; the same for every connection that has had its dump."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.commands: tuple[str, ...] = ()
        self._stale = True
        self._offered: Mapping[str, Variable] | None = None

    def renew(
        self, variables: Mapping[str, Variable] | None, commands: tuple[str, ...], hurry: bool
    ) -> bytes:
        """The lines that lead from what was told to this; none where nothing differs.

        variables: None for stale data; what was told before stands, and upsd keeps it to itself.
        hurry: numbers that moved can wait for the next time.
        """
        if variables is None:
            told, self._stale = self._stale, True
            return b"" if told else DATA_STALE
        lines: list[bytes] = []
        if variables is not self._offered:
            lines += self._variables(variables, hurry)
            self._offered = None if hurry else variables
        if commands != self.commands:
            lines += _commands(self.commands, commands)
            self.commands = commands
        if self._stale:
            lines.append(DATA_OK)
            self._stale = False
        return b"".join(lines)

    def _variables(self, new: Mapping[str, Variable], hurry: bool) -> Iterator[bytes]:
        old = self.variables
        for name in [name for name in old if name not in new]:
            yield line_of("DELINFO", name)
            del old[name]
        for name, variable in new.items():
            before = old.get(name)
            if (
                before is variable
                or before == variable
                or (hurry and before and _can_wait(before, variable))
            ):
                continue
            yield from _changes(name, before, variable)
            old[name] = variable

    def dump(self, only: str = "") -> bytes:
        """Everything, as DUMPALL asks for it. only: nothing but this variable."""
        lines = [DATA_STALE] if self._stale else []
        for name, variable in self.variables.items():
            if only in ("", name):
                lines += _definition(name, variable)
        if not only:
            lines += [line_of("ADDCMD", command) for command in self.commands]
        if not self._stale:
            lines.append(DATA_OK)
        return b"".join((*lines, DUMP_DONE))


def _definition(name: str, variable: Variable) -> Iterator[bytes]:
    yield line_of("SETINFO", name, plain(variable.value))
    for word in variable.words:
        yield line_of("ADDENUM", name, plain(word))
    for least, most in variable.ranges:
        yield line_of("ADDRANGE", name, str(least), str(most))
    if variable.max_octets:
        yield line_of("SETAUX", name, str(variable.max_octets))
    flags = _flags(variable)
    if flags:
        yield line_of("SETFLAGS", name, *flags)


def _flags(variable: Variable) -> list[str]:
    marks = {
        "RW": variable.writable,
        "STRING": variable.max_octets > 0,
        "NUMBER": variable.is_number,
    }
    return [flag for flag, is_set in marks.items() if is_set]


def _changes(name: str, old: Variable | None, new: Variable) -> Iterator[bytes]:
    if old is None:
        yield from _definition(name, new)
        return
    if _needs_new_start(old, new):
        yield line_of("DELINFO", name)
        yield from _definition(name, new)
        return
    if old.value != new.value:
        yield line_of("SETINFO", name, plain(new.value))
    if old.max_octets != new.max_octets:
        yield line_of("SETAUX", name, str(new.max_octets))
    if _flags(old) != _flags(new):
        yield line_of("SETFLAGS", name, *(_flags(new) or [_NO_FLAG]))


def _needs_new_start(old: Variable, new: Variable) -> bool:
    before, after = plain(old.value), plain(new.value)
    is_case_alone = before != after and before.lower() == after.lower()
    return is_case_alone or (old.words, old.ranges) != (new.words, new.ranges)


def _can_wait(old: Variable, new: Variable) -> bool:
    return bool(_NUMBER.fullmatch(old.value) and _NUMBER.fullmatch(new.value))


def _commands(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[bytes]:
    before, after = set(old), set(new)
    yield from (line_of("DELCMD", name) for name in old if name not in after)
    yield from (line_of("ADDCMD", name) for name in new if name not in before)
