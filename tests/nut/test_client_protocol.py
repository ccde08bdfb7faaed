# SPDX-License-Identifier: Apache-2.0
"""upsd's network protocol as a client reads it: known lines, and servers that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.model.errors import OpenPduError
from pdu_agent.nut.client.protocol import (
    MAX_ANSWER_OCTETS,
    MAX_LINES,
    Dialogue,
    Misbehaved,
    Refused,
    list_variables,
    variables_in,
)

LIST = (
    b"BEGIN LIST VAR rack\n"
    b'VAR rack battery.charge "100"\n'
    b'VAR rack device.model "Smart-UPS \\"C\\" 1500"\n'
    b'VAR rack ups.status "OL CHRG"\n'
    b"END LIST VAR rack\n"
)
FOUND = {"battery.charge": "100", "device.model": 'Smart-UPS "C" 1500', "ups.status": "OL CHRG"}


def asked(*words: str) -> Dialogue:
    dialogue = Dialogue()
    dialogue.request(*words)
    return dialogue


def test_requests_are_lines_of_words() -> None:
    assert Dialogue().request(*list_variables("rack")) == b"LIST VAR rack\n"
    assert Dialogue().request("PASSWORD", 'a "b"') == b'PASSWORD "a \\"b\\""\n'
    assert Dialogue().request("LIST", "VAR", "x\nLIST UPS").count(b"\n") == 1


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_list_comes_in_any_pieces(size: int) -> None:
    dialogue = asked(*list_variables("rack"))
    answers = [dialogue.receive(LIST[at : at + size]) for at in range(0, len(LIST), size)]
    assert answers[:-1] == [None] * (len(answers) - 1)
    assert answers[-1] is not None
    assert dict(variables_in(answers[-1], "rack")) == FOUND


def test_an_answer_of_one_line() -> None:
    assert asked("USERNAME", "x").receive(b"OK\n") == (b"OK",)
    assert asked("STARTTLS").receive(b"OK STARTTLS\r\n") == (b"OK STARTTLS\r",)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("DATA-STALE", "no news of the UPS"),
        ("DRIVER-NOT-CONNECTED", "is it started"),
        ("UNKNOWN-UPS", "no UPS of that name"),
        ("ACCESS-DENIED", "upsd.users"),
        ("FEATURE-NOT-CONFIGURED", "CERTFILE"),
        ("ODD-ONE", "ODD-ONE"),
    ],
)
def test_errors_say_what_to_look_at(code: str, text: str) -> None:
    with pytest.raises(Refused, match=text) as caught:
        asked("LIST", "VAR", "rack").receive(f"ERR {code}\n".encode())
    assert caught.value.code == code


def test_an_error_in_the_middle_of_a_list_ends_it() -> None:
    with pytest.raises(Refused, match="DATA-STALE"):
        asked(*list_variables("rack")).receive(b"BEGIN LIST VAR rack\nERR DATA-STALE\n")


@pytest.mark.parametrize("name", ["rack", "my ups", "a=b", "ups-1.2_x"])
def test_names_are_repeated_without_quotes(name: str) -> None:
    told = f'BEGIN LIST VAR {name}\nVAR {name} ups.load "4"\nEND LIST VAR {name}\n'
    answer = asked(*list_variables(name)).receive(told.encode())
    assert answer is not None
    assert dict(variables_in(answer, name)) == {"ups.load": "4"}


@pytest.mark.parametrize(
    "told",
    [
        b"OK\n",
        b"BEGIN LIST VAR other\nEND LIST VAR other\n",
        b"BEGIN LIST VAR rack\nVAR other ups.load 1\nEND LIST VAR rack\n",
        b"BEGIN LIST VAR rack\nVAR rack ups.load\nEND LIST VAR rack\n",
        b"BEGIN LIST VAR rack\nGARBAGE\nEND LIST VAR rack\n",
        b"BEGIN LIST VAR rack\nEND LIST CMD rack\n",
        b"\n",
        b'BEGIN LIST VAR rack\nVAR rack x "half\nEND LIST VAR rack\n',
        LIST + b"more\n",
        LIST + b"m",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_what_is_no_list_of_that_ups_is_no_answer(told: bytes) -> None:
    with pytest.raises(Misbehaved):
        dict(variables_in(asked(*list_variables("rack")).receive(told) or (), "rack"))


def test_octets_that_nobody_asked_for() -> None:
    with pytest.raises(Misbehaved, match="without being asked"):
        Dialogue().receive(b"OK\n")
    with pytest.raises(Misbehaved, match="more came"):
        asked("STARTTLS").receive(b"OK STARTTLS\nOK\n")


def test_an_endless_line_and_an_endless_list_are_cut() -> None:
    with pytest.raises(Misbehaved, match="a line is longer"):
        asked("VER").receive(b"x" * 5000)
    dialogue = asked(*list_variables("rack"))
    dialogue.receive(b"BEGIN LIST VAR rack\n")
    with pytest.raises(Misbehaved, match="an answer is longer"):
        dialogue.receive(b'VAR rack x "y"\n' * MAX_LINES)
    dialogue = asked(*list_variables("rack"))
    with pytest.raises(Misbehaved, match="an answer is longer"):
        dialogue.receive((b"x" * 1000 + b"\n") * (MAX_ANSWER_OCTETS // 1000))


def test_control_characters_of_a_value_do_not_reach_a_terminal() -> None:
    told = LIST.replace(b"OL CHRG", b"OL \x1b[2J\xff")
    answer = asked(*list_variables("rack")).receive(told)
    assert answer is not None
    assert dict(variables_in(answer, "rack"))["ups.status"].isprintable()


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_whatever_comes_is_an_answer_or_an_error(pieces: list[bytes]) -> None:
    dialogue = asked(*list_variables("rack"))
    try:
        for piece in pieces:
            answer = dialogue.receive(piece)
            if answer is not None:
                dict(variables_in(answer, "rack"))
                return
    except OpenPduError:
        pass
