# SPDX-License-Identifier: Apache-2.0
"""What the driver program passes on, and what it says itself while the agent is away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.nut.relay.pair import LineTooLong, Out, Pair, Standing

PID = 4711


def joined() -> Pair:
    pair = Pair(PID)
    assert pair.agent_connected(is_first=True) == Out()
    return pair


@given(st.lists(st.binary(max_size=60)), st.lists(st.binary(max_size=60)))
def test_what_the_agent_says_reaches_upsd_as_it_is_in_whole_lines(
    pieces: list[bytes], more: list[bytes]
) -> None:
    pair = joined()
    told = b"".join(pair.from_agent(piece).to_upsd for piece in (*pieces, *more))
    said = b"".join((*pieces, *more))
    assert told == said[: said.rfind(b"\n") + 1]


def test_what_upsd_says_reaches_the_agent_as_it_is() -> None:
    line = b'SET  outlet.1.desc "a \\"b\\" #"  TRACKING 1-2\n'
    assert joined().from_upsd(line[:9]) == Out()
    pair = joined()
    pair.from_upsd(line[:9])
    assert pair.from_upsd(line[9:]) == Out(to_agent=line)


def test_while_the_agent_is_away_the_data_are_stale_and_the_driver_lives() -> None:
    pair = joined()
    assert pair.from_agent(b'SETINFO ups.status "OL"\nSETINFO ups.').to_upsd.endswith(b"\n")
    assert pair.agent_lost() == Out(to_upsd=b"DATASTALE\nDUMPDONE\n")
    assert pair.from_upsd(b"PING\n") == Out(to_upsd=b"PONG\n")
    assert pair.from_upsd(b"DUMPALL\n") == Out(to_upsd=b"DATASTALE\nDUMPDONE\n")


def test_a_command_while_the_agent_is_away_has_failed() -> None:
    pair = Pair(PID)
    assert pair.from_upsd(b"INSTCMD load.off TRACKING 1-2\n") == Out(to_upsd=b"TRACKING 1-2 3\n")
    assert pair.from_upsd(b"INSTCMD load.off\nSET a b\n") == Out()


def test_once_the_agent_answers_again_upsd_has_to_connect_anew() -> None:
    pair = joined()
    pair.agent_lost()
    assert pair.agent_connected(is_first=False) == Out(to_agent=b"PING\n")
    assert pair.from_upsd(b"PING\n") == Out(to_upsd=b"PONG\n")
    assert pair.from_agent(b"PON") == Out()
    assert pair.from_agent(b"G\n").ends


def test_an_agent_that_goes_before_it_answers_is_away_as_before() -> None:
    pair = joined()
    pair.agent_lost()
    pair.agent_connected(is_first=False)
    assert pair.agent_lost() == Out()
    assert pair.standing is Standing.AWAY


def test_upsdrvctl_asks_for_the_process_and_ends_it() -> None:
    assert joined().from_upsd(b"GETPID\n") == Out(to_upsd=b"PID 4711\n")
    assert joined().from_upsd(b"INSTCMD driver.exit\n") == Out(exits=True)
    assert Pair(PID).from_upsd(b"INSTCMD driver.exit\n").exits


def test_garbage_is_answered_by_nobody_while_the_agent_is_away() -> None:
    assert Pair(PID).from_upsd(b'\xff\x00"\n\n   \nINSTCMD\n') == Out()


@pytest.mark.parametrize("data", [b"x" * 9000, b"y" * 9000 + b"\n"])
def test_a_line_without_end_is_refused(data: bytes) -> None:
    with pytest.raises(LineTooLong):
        joined().from_upsd(data)
    with pytest.raises(LineTooLong):
        joined().from_agent(data)
