# SPDX-License-Identifier: Apache-2.0
"""A whole walk of a unit made by hand, one line per instance: OID, name, type, value.

`python -m tests.mib.golden_walk` prints what belongs into golden/two_outlets_one_sensor.txt.
"""

from __future__ import annotations

from pathlib import Path

from tests.mib.unit import SENSOR, Bench, furnished, unit

GOLDEN = Path(__file__).parent / "golden" / "two_outlets_one_sensor.txt"


def walk_text() -> str:
    bench = Bench(furnished(unit(2, sensors=(SENSOR,))))
    lines = []
    for oid, value in bench.walk():
        place = bench.view.tree.object_of(oid)
        assert place is not None
        dotted = ".".join(map(str, oid))
        text = readable(value.content)
        lines.append(f"{dotted} {place.declared.name} {value.tag.name} {text}\n")
    return "".join(lines)


def readable(content: object) -> str:
    if isinstance(content, tuple):
        return ".".join(map(str, content))
    if isinstance(content, bytes):
        printable = all(0x20 <= octet < 0x7F for octet in content)
        return repr(content.decode("ascii")) if printable else content.hex(" ")
    return str(content)


if __name__ == "__main__":
    print(walk_text(), end="")
