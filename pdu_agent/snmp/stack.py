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
    from pysnmp.entity import config  # type: ignore[import-untyped]
    from pysnmp.entity.engine import SnmpEngine  # type: ignore[import-untyped]
    from pysnmp.error import PySnmpError  # type: ignore[import-untyped]
    from pysnmp.proto import errind, rfc1902  # type: ignore[import-untyped]
    from pysnmp.proto.api import v1, v2c  # type: ignore[import-untyped]
    from pysnmp.proto.error import StatusInformation  # type: ignore[import-untyped]
    from pysnmp.proto.secmod.base import AbstractSecurityModel  # type: ignore[import-untyped]
    from pysnmp.proto.secmod.rfc3414.service import (  # type: ignore[import-untyped]
        SnmpUSMSecurityModel,
    )

__all__ = [
    "AbstractSecurityModel",
    "PySnmpError",
    "SnmpEngine",
    "SnmpUSMSecurityModel",
    "StatusInformation",
    "config",
    "encoder",
    "errind",
    "rfc1902",
    "v1",
    "v2c",
]
