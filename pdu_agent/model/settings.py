# SPDX-License-Identifier: Apache-2.0
"""How a settings dataclass states what a value may be; read by the configuration checker.

Each package declares the dataclass of its own section beside its code. A field made by
`setting` carries bounds and a one-line explanation, and the checker enforces them.
"""

from __future__ import annotations

from dataclasses import MISSING, field
from typing import Any


def setting(
    default: Any = MISSING,
    *,
    default_factory: Any = MISSING,
    minimum: float | None = None,
    maximum: float | None = None,
    max_length: int | None = None,
    choices: tuple[str, ...] | None = None,
    doc: str = "",
    secret: bool = False,
    key: str = "",
) -> Any:
    """A dataclass field with bounds.

    minimum, maximum: inclusive, in the field's unit. max_length: characters of a string,
    or entries of a list. choices: the allowed words of a string (an Enum field needs none).
    Without default and default_factory the setting is required. A secret is left out of
    the dataclass's repr, so that no log line or traceback shows it by accident. key: what the
    file calls it where that is no name in Python.
    """
    metadata = {
        "minimum": minimum,
        "maximum": maximum,
        "max_length": max_length,
        "choices": choices,
        "doc": doc,
        "secret": secret,
        "key": key,
    }
    if default_factory is not MISSING:
        return field(default_factory=default_factory, repr=not secret, metadata=metadata)
    return field(default=default, repr=not secret, metadata=metadata)
