# SPDX-License-Identifier: Apache-2.0
"""A serial line that is lost says what to look at, whichever call notices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.hw.sim.terminal import SimTerminal
from pdu_agent.model.errors import BusTimeout
from tests.peers import require_terminals

CALLS: dict[str, Callable[[SerialPort], object]] = {
    "read": SerialPort.read,
    "write": lambda port: port.write(b"x"),
    "drop_input": SerialPort.drop_input,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_line_that_was_pulled_is_told_in_words(tmp_path: Path, name: str) -> None:
    require_terminals()
    terminal = SimTerminal(tmp_path / "line")
    terminal.plug()
    port = SerialPort("meter", str(terminal.link), 9600)
    port.open()
    terminal.unplug()
    with pytest.raises(BusTimeout, match=r"was the adapter pulled|device disconnected") as caught:
        CALLS[name](port)
    port.close()
    assert "(5, " not in str(caught.value)
