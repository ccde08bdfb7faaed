# SPDX-License-Identifier: Apache-2.0
"""What a settings dataclass looks like in the file: the type of each field, taken apart."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal

from pdu_agent.app.config.words import WORDS

_INLINE = "inline"


@dataclass(frozen=True, slots=True)
class Inline:
    """The value of the key `decided_by` tells which dataclass stands there.

    decided_by "": always the same one, choose is called with "". choose: raises ConfigError
    for a value that leads to none.
    """

    decided_by: str
    choose: Callable[[str], type]


def inline(decided_by: str, choose: Callable[[str], type]) -> dict[str, Inline]:
    """Metadata of a field whose own settings stand beside its siblings, in the same mapping.

    A driver's options are such a field: `driver: mcp23008` decides which keys may follow.
    """
    return {_INLINE: Inline(decided_by, choose)}


class Kind(Enum):
    SCALAR = "scalar"
    RECORD = "record"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Shape:
    """A field's type: `type` is the scalar type or the dataclass, `item` what a list or
    mapping holds. optional: null (and leaving the key empty) means None.
    """

    kind: Kind
    type: Any = None
    item: Shape | None = None
    optional: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a settings dataclass. name: in the file; field: in the dataclass."""

    name: str
    field: str
    shape: Shape
    required: bool
    limits: Mapping[str, Any]
    inline: Inline | None


def shape_of(annotation: Any) -> Shape:
    """Take a type annotation apart. Raises TypeError for one that settings may not use."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        rest = [argument for argument in arguments if argument is not type(None)]
        if len(rest) == 1 and len(arguments) == 2:
            inner = shape_of(rest[0])
            return Shape(inner.kind, inner.type, inner.item, True, inner.choices)
    elif origin in (tuple, list):
        return Shape(Kind.LIST, origin, shape_of(arguments[0]))
    elif origin is dict:
        return Shape(Kind.MAP, dict, shape_of(arguments[1]))
    elif origin is Literal:
        return Shape(Kind.SCALAR, str, choices=arguments)
    elif annotation not in WORDS and isinstance(annotation, type) and is_dataclass(annotation):
        return Shape(Kind.RECORD, annotation)
    elif isinstance(annotation, type):
        return Shape(Kind.SCALAR, annotation)
    raise TypeError(f"a setting cannot be of type {annotation!r}")


@cache
def members(cls: type) -> tuple[Member, ...]:
    """The fields of a settings dataclass, in the order they are declared."""
    hints = typing.get_type_hints(cls)
    return tuple(_member(item, hints[item.name]) for item in fields(cls) if item.init)


def _member(item: Field[Any], annotation: Any) -> Member:
    own = item.metadata.get(_INLINE)
    return Member(
        name=item.metadata.get("key") or item.name,
        field=item.name,
        shape=Shape(Kind.RECORD) if own else shape_of(annotation),
        required=item.default is MISSING and item.default_factory is MISSING,
        limits=item.metadata,
        inline=own,
    )


def labels(cls: type) -> tuple[str, ...]:
    """The fields that tell entries of a list apart: the first one (number, name, channel),
    or what the class names as its LABELS.
    """
    chosen: tuple[str, ...] = getattr(cls, "LABELS", (members(cls)[0].name,))
    return chosen
