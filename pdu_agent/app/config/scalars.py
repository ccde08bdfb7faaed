# SPDX-License-Identifier: Apache-2.0
"""One value of the file: is it of the right type and within its bounds, and if not, what to say."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any

from pdu_agent.app.config.shape import Kind, Shape
from pdu_agent.app.config.tree import ListNode, MapNode, Node, Scalar
from pdu_agent.app.config.words import WORDS, Word
from pdu_agent.model.errors import ConfigError

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # controls, lone surrogates, line and paragraph ends
_SHOWN_CHARACTERS = 60


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)`, or nothing when no known word is near."""
    by_lower = {name.lower(): name for name in known}
    match = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f" (did you mean {by_lower[match[0]]}?)" if match else ""


def shown(node: Node, *, conceal: bool) -> str:
    """The value as a complaint repeats it: short, and not at all when it may be a secret."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    if node.value is None:
        return "no value"
    if conceal:
        return "this value"
    text = repr(node.text) if isinstance(node.value, str) else node.text
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."


def convert(shape: Shape, limits: Mapping[str, Any], node: Scalar, *, conceal: bool) -> Any:
    """The value in the field's own type. Raises ConfigError: what it is, what was expected."""
    kind = shape.type
    if kind in WORDS:
        fault, value = _one_word(WORDS[kind], node)
    elif issubclass(kind, Enum):
        fault, value = _enumerated(kind, node)
    elif kind is bool:
        fault, value = ("" if isinstance(node.value, bool) else "is neither"), node.value
    elif kind in (int, float):
        fault, value = _number(kind, limits, node)
    else:
        fault, value = _text(shape, limits, node)
    if not fault:
        return value
    hint = "" if conceal else nearest(node.text, choices(shape, limits))
    doc = f": {limits['doc']}" if limits.get("doc") and kind not in WORDS else ""
    raise ConfigError(
        f"{shown(node, conceal=conceal)} {fault}; expected {expectation(shape, limits)}{hint}{doc}"
    )


def expectation(shape: Shape, limits: Mapping[str, Any]) -> str:
    """What may stand there, as the end of a sentence "expected ..."."""
    allowed = choices(shape, limits)
    if shape.kind is Kind.LIST:
        text = "a list, each entry after a dash or all in [ ]"
    elif shape.kind is not Kind.SCALAR:
        text = "settings, each as `name: value`"
    elif shape.type in WORDS:
        text = WORDS[shape.type].expected
    elif allowed:
        text = "one of " + ", ".join(allowed)
    elif shape.type is bool:
        text = "true or false"
    elif shape.type in (int, float):
        text = ("a whole number" if shape.type is int else "a number") + _range(limits)
    else:
        maximum = limits.get("max_length")
        text = "text" + (f" of at most {maximum} characters" if maximum is not None else "")
    return text + (" or nothing" if shape.optional else "")


def choices(shape: Shape, limits: Mapping[str, Any]) -> tuple[str, ...]:
    """The only words that the setting takes; empty when it is not a choice."""
    if isinstance(shape.type, type) and issubclass(shape.type, Enum):
        return tuple(str(member.value) for member in shape.type)
    return shape.choices or tuple(limits.get("choices") or ())


def _range(limits: Mapping[str, Any]) -> str:
    minimum, maximum = limits.get("minimum"), limits.get("maximum")
    if minimum is not None and maximum is not None:
        return f" from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f" of at least {minimum:g}"
    return f" of at most {maximum:g}" if maximum is not None else ""


def _one_word(word: Word, node: Scalar) -> tuple[str, Any]:
    try:
        return "", word.read(node.text)
    except ValueError:
        return "does not fit", None


def _enumerated(kind: type[Enum], node: Scalar) -> tuple[str, Any]:
    for member in kind:
        same_number = not isinstance(node.value, (str, bool)) and node.value == member.value
        if same_number or str(member.value) == node.text:
            return "", member
    return "is none of them", None


def _number(kind: type, limits: Mapping[str, Any], node: Scalar) -> tuple[str, Any]:
    value = node.value
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind is int and not whole:
        return "is not a whole number", None
    if not whole and not isinstance(value, float):
        return "is not a number", None
    try:
        number = kind(value)
    except OverflowError:
        return "is too large", None
    if not math.isfinite(number):
        return "is not finite", None
    minimum, maximum = limits.get("minimum"), limits.get("maximum")
    if minimum is not None and number < minimum:
        return f"is below {minimum:g}", None
    if maximum is not None and number > maximum:
        return f"exceeds {maximum:g}", None
    return "", number


def _text(shape: Shape, limits: Mapping[str, Any], node: Scalar) -> tuple[str, Any]:
    """Text is taken as written: `012` and `12:30` need no quotes to stay what they are."""
    text = node.text
    allowed, maximum = choices(shape, limits), limits.get("max_length")
    if node.value is None:
        return 'is given (write "" for empty text)', None
    if allowed and text not in allowed:
        return "is none of them", None
    if maximum is not None and len(text) > maximum:
        return f"has {len(text)} characters", None
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        return "has a control character in it", None
    return "", text
