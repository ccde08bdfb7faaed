# SPDX-License-Identifier: Apache-2.0
"""Settings from environment variables: every single value has a name made from its path.

    snmp.base_oid               OPENPDU_SNMP_BASE_OID
    outlets, number 3, name     OPENPDU_OUTLETS_3_NAME
    meters, name adc1, gain     OPENPDU_METERS_ADC1_VOLTAGE_GAIN
    snmp.listen (a list)        OPENPDU_SNMP_LISTEN, its entries separated by commas

An entry of a list of settings goes by its first field (number, name, channel). A variable
changes entries that the file has; it does not add any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from pdu_agent.app.config.checker import decisive_word
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.shape import Kind, Shape, labels, members
from pdu_agent.app.config.tree import (
    ListNode,
    MapNode,
    Node,
    Place,
    Problems,
    Scalar,
    Step,
    node_at,
    with_node,
)
from pdu_agent.app.config.yaml12 import plain_value
from pdu_agent.model.errors import ConfigError

PREFIX = "OPENPDU_"
NOT_SETTINGS = ("OPENPDU_CONFIG", "OPENPDU_SOCKET")
"""Read by the openpdu command: which file, and which agent to talk to."""

_Variable = tuple[str, tuple[Step, ...], Shape]


def variables(cls: type, node: Node) -> dict[str, tuple[tuple[Step, ...], Shape]]:
    """The variables that the settings of `cls` have, with the steps to each in `node`."""
    return {name: (steps, shape) for name, steps, shape in _record(cls, node, (), PREFIX[:-1])}


def _record(cls: type, node: Node, steps: tuple[Step, ...], prefix: str) -> Iterator[_Variable]:
    fields = list(members(cls))
    for own in members(cls):
        if own.inline is None:
            continue
        fields.remove(own)
        word = decisive_word(own.inline, node) if isinstance(node, MapNode) else None
        # An unknown driver has no variables; the checker reports it.
        with suppress(ConfigError):
            fields += members(own.inline.choose(word.text)) if word else ()
    for member in fields:
        below = node_at(node, [member.name])
        yield from _value(
            member.shape, below, (*steps, member.name), f"{prefix}_{_spelled(member.name)}"
        )


def _value(
    shape: Shape, node: Node | None, steps: tuple[Step, ...], name: str
) -> Iterator[_Variable]:
    item = shape.item
    if shape.kind is Kind.RECORD:
        yield from _record(shape.type, node or MapNode(Place(name), {}), steps, name)
    elif shape.kind is Kind.MAP and isinstance(node, MapNode) and item is not None:
        for key, entry in node.entries.items():
            yield from _value(item, entry.node, (*steps, key), f"{name}_{_spelled(key)}")
    elif item is not None and item.kind is Kind.RECORD and isinstance(node, ListNode):
        for position, below in enumerate(node.items):
            keys = [node_at(below, [label]) for label in labels(item.type)]
            words = [_spelled(key.text) for key in keys if isinstance(key, Scalar)]
            if len(words) == len(keys):
                yield from _value(item, below, (*steps, position), "_".join([name, *words]))
    elif shape.kind is Kind.SCALAR or (item is not None and item.kind is Kind.SCALAR):
        yield name, steps, shape


def _spelled(word: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", word.upper())


def apply(cls: type, root: Node, environ: Mapping[str, str]) -> Node:
    """The tree with every variable of `environ` that is known put in its place."""
    known = variables(cls, root)
    for name in sorted(environ.keys() & known.keys()):
        steps, shape = known[name]
        root = with_node(root, steps, _node(Place(name), environ[name], shape))
    return root


def report_unknown(cls: type, root: Node, environ: Mapping[str, str], problems: Problems) -> None:
    """A misspelt variable would silently mean the default, so it is an error."""
    known = variables(cls, root).keys()
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and name not in NOT_SETTINGS:
            problems.error(Place(name), f"no setting has this variable{nearest(name, known)}")


def _node(place: Place, text: str, shape: Shape) -> Node:
    if shape.kind is Kind.LIST:
        words = [word.strip() for word in text.split(",")] if text.strip() else []
        return ListNode(place, tuple(_scalar(place, word) for word in words))
    return _scalar(place, text)


def _scalar(place: Place, text: str) -> Scalar:
    """An empty variable is empty text, which YAML would write as ""."""
    try:
        return Scalar(place, text, plain_value(text) if text else "")
    except ValueError:  # more digits than Python converts
        return Scalar(place, text, text)
