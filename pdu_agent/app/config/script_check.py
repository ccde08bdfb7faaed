# SPDX-License-Identifier: Apache-2.0
"""The simulator's script, as far as it can be judged without the simulator."""

from __future__ import annotations

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems


def script_check(checker: Checker, problems: Problems) -> None:
    """Report what is wrong with the script, at the place in its file."""
    for path, script in checker.found("simulator.script"):
        if script:
            # Loaded here so that an agent without a script does not carry the simulator.
            from pdu_agent.app.script_file import check_script

            check_script(script, checker.place(path), problems)
