# SPDX-License-Identifier: Apache-2.0
"""The version of the file's layout, and how an older file becomes a present one.

A change that old files do not survive adds one function to UPGRADES. It gets the tree of
the version before and returns the tree of the next; places stay, so complaints still name
the line that a person wrote.
"""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.app.config.tree import MapNode, Node, Place, Problems, Scalar, node_at

UPGRADES: tuple[Callable[[MapNode], MapNode], ...] = ()
"""The n-th one (from 1) turns version n into n + 1."""


def newest() -> int:
    """The version that this program writes and reads without upgrading."""
    return 1 + len(UPGRADES)


def upgraded(root: Node, source: str, problems: Problems) -> MapNode | None:
    """The tree in the newest layout; None when its version cannot be told or read."""
    if not isinstance(root, MapNode):
        problems.error(root.place, "expected settings, each as `name: value`")
        return None
    version = node_at(root, ["schema"])
    if version is None:
        problems.error(
            Place(source, 1, 1), f"schema is missing; write `schema: {newest()}` at the top"
        )
        return None
    number = version.value if isinstance(version, Scalar) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        problems.error(version.place, f"schema: expected a whole number from 1 to {newest()}")
        return None
    if number > newest():
        problems.error(
            version.place,
            f"schema: {number} is newer than {newest()}, the newest that this OpenPDU reads;"
            " update OpenPDU",
        )
        return None
    for upgrade in UPGRADES[number - 1 :]:
        root = upgrade(root)
    return root
