# SPDX-License-Identifier: Apache-2.0
"""How soon the overview is painted in Chromium, and what it weighs: python -m bench.page_speed

A demo on this machine, over loopback; the first visit of a browser that has logged in, with nothing
cached. Says the median and all of them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.browsing import Visitor, chromium, visitor
from tests.system.demo_process import Demo

PAINTED = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(list.getEntriesByName("first-contentful-paint")[0]
    .startTime)).observe({ type: "paint", buffered: true });
})"""
WEIGHT = """() => [...performance.getEntriesByType("resource"),
  performance.getEntriesByType("navigation")[0]]
  .reduce((sum, each) => sum + each.transferSize, 0)"""


def painted_ms(it: Visitor, path: str) -> tuple[float, int]:
    """First contentful paint since the navigation began, and the octets that came for it."""
    it.open(path)
    return it.page.evaluate(PAINTED), it.page.evaluate(WEIGHT)


def measured(browser: Any, demo: Demo, path: str, count: int) -> list[tuple[float, int]]:
    with visitor(browser, demo) as first:
        first.log_in()
        session = first.context.storage_state()
    found = []
    for _ in range(count):
        with visitor(browser, demo, session=session) as it:
            found.append(painted_ms(it, path))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", default="/")
    parser.add_argument("--count", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder)).start()
        try:
            with chromium() as browser:
                found = measured(browser, demo, options.path, options.count)
        finally:
            demo.stop()
    times_ms = [time_ms for time_ms, _ in found]
    print(f"first paint of {options.path}: median {statistics.median(times_ms):.0f} ms of", end=" ")
    print(", ".join(f"{each:.0f}" for each in sorted(times_ms)))
    print(f"weight: {max(weight for _, weight in found) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
