# SPDX-License-Identifier: Apache-2.0
"""What upsd 2.8.0 keeps of what a driver says, with its habits (sstate.c, state.c)."""

from __future__ import annotations

from dataclasses import dataclass, field

from pdu_agent.nut.words import LineReader


@dataclass
class Node:
    value: str
    aux: int = 0
    words: list[str] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)


@dataclass
class Mirror:
    nodes: dict[str, Node] = field(default_factory=dict)
    commands: set[str] = field(default_factory=set)
    is_ok: bool = False

    def hear(self, told: bytes) -> None:
        for line in LineReader().feed(told):
            assert isinstance(line, tuple), line
            self._hear(*line)

    def _hear(self, word: str, *rest: str) -> None:
        match word, rest:
            case "SETINFO", (name, value):
                node = self.nodes.setdefault(name, Node(value))
                if node.value.lower() != value.lower():
                    node.value = value
            case "DELINFO", (name,):
                del self.nodes[name]
            case "SETAUX", (name, number):
                self.nodes[name].aux = int(number)
            case "SETFLAGS", (name, first, *more):
                self.nodes[name].flags = {"RW", "STRING", "NUMBER"} & {first, *more}
            case "ADDENUM", (name, choice):
                self.nodes[name].words.append(choice)
            case "ADDRANGE", (name, least, most):
                ranges, new = self.nodes[name].ranges, (int(least), int(most))
                if not any(new[0] == each[0] or new[1] == each[1] for each in ranges):
                    ranges.append(new)
            case "ADDCMD", (name,):
                self.commands.add(name)
            case "DELCMD", (name,):
                self.commands.remove(name)
            case "DATAOK" | "DATASTALE", ():
                self.is_ok = word == "DATAOK"
            case "DUMPDONE", ():
                pass
            case _:
                raise AssertionError((word, rest))
