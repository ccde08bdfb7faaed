# SPDX-License-Identifier: Apache-2.0
"""Is a GET that follows a SET at once ever answered with the old state?

    python bench/set_then_get.py [--pairs 1000] [--outlets 24] [--json]

On the running demo, over UDP: for each tree so many pairs of an order (on, off or reboot, for
an outlet and an action drawn at random) and one GET, in its own datagram, of every column of
every tree that knows on and off. Orders come faster than relays may move, so that most of
them meet relays that are still under way.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, report

from pdu_agent.model.commands import Action
from tests.mib.trees import OFF, ON, TREES, Column, Tree
from tests.system.demo_process import Demo
from tests.system.snmp_client import SnmpClient

IMMEDIATE = (Action.ON, Action.OFF, Action.REBOOT)
COLUMNS = [(tree, column) for tree in TREES for column in tree.states]


def stale_answers(client: SnmpClient, tree: Tree, outlets: int, pairs: int) -> int:
    """How many columns told something else than what had just been ordered."""
    chance, stale = random.Random(tree.name), 0
    for _ in range(pairs):
        outlet = chance.randint(1, outlets)
        action = chance.choice([each for each in IMMEDIATE if each in tree.orders])
        status = client.set({tree.command + tree.index(outlet): tree.orders[action]})
        if status != 0:
            raise RuntimeError(f"{tree.name}: {action.value} of outlet {outlet} got {status}")
        values = client.get(*(column.oid(outlet) for _, column in COLUMNS))
        if values is None:
            raise RuntimeError("no answer to a GET")
        wanted = ON if action is Action.ON else OFF
        stale += sum(
            _said(column, value) != wanted
            for (_, column), value in zip(COLUMNS, values, strict=True)
        )
    return stale


def _said(column: Column, value: object) -> str:
    return column.words.get(value, "") if isinstance(value, int | None) else ""


def figures(outlets: int, pairs: int) -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="openpdu-bench-") as folder,
        Demo(Path(folder), "--outlets", str(outlets)) as demo,
    ):
        client = SnmpClient(demo.snmp_port)
        for tree in TREES:
            stale = stale_answers(client, tree, outlets, pairs)
            note = f"{pairs} pairs, {len(COLUMNS)} columns each"
            yield Figure(f"stale after an order through {tree.name}", stale, "", 0, note)
        client.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--outlets", type=int, default=24)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    return report(list(figures(arguments.outlets, arguments.pairs)), arguments.json)


if __name__ == "__main__":
    sys.exit(main())
