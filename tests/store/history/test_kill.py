# SPDX-License-Identifier: Apache-2.0
"""A process that is killed while it writes: what it has acknowledged is there, once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from pdu_agent.model.history import HOUR_S
from pdu_agent.store.history.reader import Reader
from tests.store.history.worlds import MIDNIGHT_S, OUTLET_1, make_recorder, power

WRITER = """
import sys
from pathlib import Path
import numpy as np
from pdu_agent.store.history.energy import Counted
from tests.store.history.worlds import COLUMNS, OUTLET_1, feed, make_recorder

folder, second = Path(sys.argv[1]), int(sys.argv[2])
recorder = make_recorder(folder)
while True:
    feed(recorder, second, [float(second // 60 % 50)] * 60)
    second += 60
    feed(recorder, second, [float(second // 60 % 50)])  # the minute before is over
    recorder.book(second, [Counted(OUTLET_1, second - 1_800_000_000, (), 60)])
    for _ in range(3):
        recorder.card.work()
    print(second, flush=True)
"""


def test_a_killed_process_loses_no_minute_and_no_joule(tmp_path: Path) -> None:
    rng = random.Random(5)
    begin_s = second = MIDNIGHT_S + 23 * 3600
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(second)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            second = int(process.stdout.readline())
            for _ in range(rng.randint(1, 60)):
                second = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        second = int(rest[-1]) if rest else second
    recorder = make_recorder(tmp_path)
    minutes = power(recorder, begin_s, second, 60)
    expected = [float((begin_s // 60 + place) % 50) for place in range(len(minutes))]
    assert [step[2] for step in minutes] == expected
    hours = [begin_s + float(HOUR_S) * hour for hour in range(-1, 24)]
    booked = sum(row.energy_mj for row in Reader(recorder).energy([OUTLET_1], hours))
    assert second - begin_s - 60 <= booked <= second - begin_s
    assert recorder.card.trouble == ""
