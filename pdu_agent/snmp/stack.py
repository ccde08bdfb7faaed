# SPDX-License-Identifier: Apache-2.0
"""The only door to pysnmp: what we use of it, imported without its MIB compiler.

pysnmp imports pysmi wherever it happens to be installed, which costs 9 to 12 MB and
300 ms and brings an HTTP client into the agent. Hiding it during the import makes pysnmp
take its own way for machines that do not have it; other code in the same process can
import pysmi before and after.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Let `import name` fail inside the block, whatever is loaded or installed."""
    prefix = name + "."
    loaded = {key: sys.modules.pop(key) for key in list(sys.modules) if key.startswith(prefix)}
    if name in sys.modules:
        loaded[name] = sys.modules[name]
    sys.modules[name] = None  # type: ignore[assignment]  # documented: makes the import fail
    try:
        yield
    finally:
        del sys.modules[name]
        sys.modules.update(loaded)


with _hidden("pysmi"):
    from pyasn1.codec.ber import encoder  # type: ignore[import-untyped]
    from pyasn1.type import univ  # type: ignore[import-untyped]
    from pysnmp.entity import config  # type: ignore[import-untyped]
    from pysnmp.entity.engine import SnmpEngine  # type: ignore[import-untyped]
    from pysnmp.error import PySnmpError  # type: ignore[import-untyped]
    from pysnmp.proto import errind, rfc1902  # type: ignore[import-untyped]
    from pysnmp.proto.api import v1, v2c  # type: ignore[import-untyped]
    from pysnmp.proto.error import StatusInformation  # type: ignore[import-untyped]
    from pysnmp.proto.secmod.base import AbstractSecurityModel  # type: ignore[import-untyped]


class _ShortestInteger(encoder.IntegerEncoder):  # type: ignore[misc]
    """X.690 section 8.3.2: as few octets as possible.

    pyasn1 up to 0.6.5 takes one too many for -128, -32768 and so on; for -2147483648 that
    is more than the 32 bits that managers accept.
    """

    def encodeValue(self, value: Any, *_: Any, **__: Any) -> tuple[bytes, bool, bool]:  # noqa: N802
        number = int(value)
        octets = (number if number >= 0 else ~number).bit_length() // 8 + 1
        return number.to_bytes(octets, "big", signed=True), False, True


encoder.TYPE_MAP[univ.Integer.typeId] = _ShortestInteger()
encoder.TAG_MAP[univ.Integer.tagSet] = _ShortestInteger()

__all__ = [
    "AbstractSecurityModel",
    "PySnmpError",
    "SnmpEngine",
    "StatusInformation",
    "config",
    "encoder",
    "errind",
    "rfc1902",
    "v1",
    "v2c",
]
