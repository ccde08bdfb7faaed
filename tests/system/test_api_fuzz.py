# SPDX-License-Identifier: Apache-2.0
"""A few examples of every operation, allowed and not; `bench/api_fuzz.py` asks for many more."""

from __future__ import annotations

from pathlib import Path

from tests.system.api_fuzz import Plan, Tally, contract_of, operations, run
from tests.system.demo_process import Demo

EXAMPLES = 2  # one that the contract allows, and one that it does not


def test_every_answer_is_one_that_the_contract_names(tmp_path: Path) -> None:
    with Demo(tmp_path) as demo:
        tally = Tally()
        run(demo, Plan(EXAMPLES), tally)
        assert tally.failures == []
        assert tally.operations == len(list(operations(contract_of(demo)))) > 100
        assert tally.nameless > tally.operations
        assert tally.answers[200] > tally.operations // 3
        assert not [status for status in tally.answers if status >= 500]
        assert "Traceback" not in demo.log()
