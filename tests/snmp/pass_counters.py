# SPDX-License-Identifier: Apache-2.0
"""A `pass_persist` program for snmpd (snmpd.conf(5)): Counter64 instances out of a file.

pass_counters.py FILE    each line of FILE: dotted OID, number
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from pathlib import Path

Oid = tuple[int, ...]


def parsed(dotted: str) -> Oid:
    return tuple(map(int, dotted.strip().strip(".").split(".")))


def main() -> None:
    rows = (line.split() for line in Path(sys.argv[1]).read_text("ascii").splitlines())
    values = {parsed(name): number for name, number in rows}
    names = sorted(values)
    while question := sys.stdin.readline().strip():
        print(_reply(question, values, names), flush=True)


def _reply(question: str, values: dict[Oid, str], names: list[Oid]) -> str:
    if question == "PING":
        return "PONG"
    name = parsed(sys.stdin.readline())
    if question == "getnext":
        place = bisect_right(names, name)
        name = names[place] if place < len(names) else ()
    if name not in values:
        return "NONE"
    return f".{'.'.join(map(str, name))}\ncounter64\n{values[name]}"


if __name__ == "__main__":
    main()
