# SPDX-License-Identifier: Apache-2.0
"""Whole outages in accelerated time: eight servers, one of which hangs, a battery that falls.

Servers, priorities, what a stop takes and the policy of what hangs are drawn for each seed. What is
done and when is held against a plan that is worked out from the settings alone.

    python -m bench.outage [--json] [--seeds N]
"""

from __future__ import annotations

import argparse
import logging
import sys

from bench.figures import Figure, report
from tests.core.outage_story import SERVERS, run


def main() -> int:
    parser = argparse.ArgumentParser(description="outages against their plan")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=100, metavar="N")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    planned = early = 0
    differences: list[str] = []
    for seed in range(arguments.seeds):
        story = run(seed)
        planned += len(story.planned)
        early += story.early
        differences += [f"seed {seed}: {text}" for text in story.differences()]
    for text in differences[:20]:
        print(text, file=sys.stderr)
    note = f"{arguments.seeds} outages of {len(SERVERS)} servers, {planned} events planned"
    return report(
        [
            Figure("events that differ from the plan", len(differences), "events", 0, note),
            Figure("outlets cut before their draw fell or their limit", early, "outlets", 0),
        ],
        arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
