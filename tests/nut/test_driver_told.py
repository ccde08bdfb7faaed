# SPDX-License-Identifier: Apache-2.0
"""What upsd is told of a device: all of it once, and from then on what differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.nut.device import Variable
from pdu_agent.nut.driver.told import Told
from pdu_agent.nut.words import LineReader, Words
from tests.nut.mirror import Mirror

ON = Variable("on", writable=True, words=("on", "off"))
NAME = Variable("web 1", writable=True, max_octets=32)
DELAY = Variable("5", writable=True, ranges=((0, 600), (900, 900)), is_number=True)
AMPS = Variable("1.25")


def lines(told: bytes) -> list[Words]:
    found = LineReader().feed(told)
    assert all(isinstance(line, tuple) for line in found)
    return [line for line in found if isinstance(line, tuple)]


def told_of(**variables: Variable) -> Told:
    told = Told()
    told.renew({name.replace("_", "."): each for name, each in variables.items()}, (), hurry=False)
    return told


def test_a_dump_tells_everything_in_the_words_of_nut() -> None:
    told = Told()
    told.renew(
        {"outlet.1.desc": NAME, "outlet.1.powerup": ON, "a.delay": DELAY, "b.current": AMPS},
        ("outlet.1.load.off", "outlet.1.load.on"),
        hurry=False,
    )
    assert told.dump() == (
        b'SETINFO outlet.1.desc "web 1"\n'
        b"SETAUX outlet.1.desc 32\n"
        b"SETFLAGS outlet.1.desc RW STRING\n"
        b"SETINFO outlet.1.powerup on\n"
        b"ADDENUM outlet.1.powerup on\n"
        b"ADDENUM outlet.1.powerup off\n"
        b"SETFLAGS outlet.1.powerup RW\n"
        b"SETINFO a.delay 5\n"
        b"ADDRANGE a.delay 0 600\n"
        b"ADDRANGE a.delay 900 900\n"
        b"SETFLAGS a.delay RW NUMBER\n"
        b"SETINFO b.current 1.25\n"
        b"ADDCMD outlet.1.load.off\n"
        b"ADDCMD outlet.1.load.on\n"
        b"DATAOK\n"
        b"DUMPDONE\n"
    )


def test_a_dump_of_one_variable_has_nothing_else() -> None:
    told = Told()
    told.renew({"a.b": AMPS, "a": DELAY}, ("load.off",), hurry=False)
    assert told.dump("a.b") == b"SETINFO a.b 1.25\nDATAOK\nDUMPDONE\n"
    assert told.dump("c") == b"DATAOK\nDUMPDONE\n"


def test_what_does_not_differ_is_not_told() -> None:
    told = told_of(a=AMPS, b=NAME)
    assert told.renew({"a": Variable("1.25"), "b": NAME}, (), hurry=False) == b""


def test_only_the_value_is_told_where_only_it_differs() -> None:
    told = told_of(a=AMPS, b=DELAY)
    new = {"a": Variable("1.3"), "b": Variable("6", True, 0, (), DELAY.ranges, True)}
    assert told.renew(new, (), hurry=False) == b"SETINFO a 1.3\nSETINFO b 6\n"


def test_what_is_gone_and_what_is_new_is_told() -> None:
    told = told_of(a=AMPS, b=AMPS)
    assert lines(told.renew({"b": AMPS, "c": Variable("")}, ("x",), hurry=False)) == [
        ("DELINFO", "a"),
        ("SETINFO", "c", ""),
        ("ADDCMD", "x"),
    ]
    assert lines(told.renew({"b": AMPS, "c": Variable("")}, ("y",), hurry=False)) == [
        ("DELCMD", "x"),
        ("ADDCMD", "y"),
    ]


def test_new_choices_and_ranges_begin_the_variable_anew() -> None:
    """upsd 2.8.0 drops a range that shares an end with another one."""
    told = told_of(a=DELAY)
    wider = Variable("5", writable=True, ranges=((0, 900),), is_number=True)
    assert lines(told.renew({"a": wider}, (), hurry=False)) == [
        ("DELINFO", "a"),
        ("SETINFO", "a", "5"),
        ("ADDRANGE", "a", "0", "900"),
        ("SETFLAGS", "a", "RW", "NUMBER"),
    ]


def test_a_change_of_case_alone_begins_the_variable_anew() -> None:
    """upsd 2.8.0 keeps the old one otherwise."""
    told = told_of(a=NAME)
    assert lines(told.renew({"a": Variable("WEB 1", True, 32)}, (), hurry=False)) == [
        ("DELINFO", "a"),
        ("SETINFO", "a", "WEB 1"),
        ("SETAUX", "a", "32"),
        ("SETFLAGS", "a", "RW", "STRING"),
    ]


def test_rights_that_go_take_the_flags_with_them() -> None:
    told = told_of(a=NAME)
    assert lines(told.renew({"a": Variable("web 1")}, (), hurry=False)) == [
        ("SETAUX", "a", "0"),
        ("SETFLAGS", "a", "none"),
    ]


def test_in_a_hurry_numbers_wait() -> None:
    told = told_of(a=AMPS, b=ON)
    new = {"a": Variable("2.5"), "b": Variable("off", True, 0, ("on", "off")), "c": AMPS}
    assert lines(told.renew(new, (), hurry=True)) == [
        ("SETINFO", "b", "off"),
        ("SETINFO", "c", "1.25"),
    ]
    assert lines(told.renew(new, (), hurry=False)) == [("SETINFO", "a", "2.5")]
    assert told.renew(new, (), hurry=False) == b""


def test_stale_data_is_told_once_and_what_was_told_stands() -> None:
    told = told_of(a=AMPS)
    assert told.renew(None, (), hurry=False) == b"DATASTALE\n"
    assert told.renew(None, (), hurry=False) == b""
    assert told.dump() == b"DATASTALE\nSETINFO a 1.25\nDUMPDONE\n"
    assert told.renew({"a": Variable("2")}, (), hurry=False) == b"SETINFO a 2\nDATAOK\n"


def test_before_anything_is_known_a_dump_is_stale() -> None:
    assert Told().dump() == b"DATASTALE\nDUMPDONE\n"


def test_text_that_nut_cannot_show_is_told_in_ascii() -> None:
    told = told_of(a=Variable('Küche "1"\nSETINFO b 2'))
    assert told.dump() == b'SETINFO a "Kuche \\"1\\"SETINFO b 2"\nDATAOK\nDUMPDONE\n'


WORDS = st.sampled_from(["", "on", "On", "off", "a b", '"', "\\x", "#", "7", "7.5"])
RANGES = st.lists(st.sampled_from([(0, 10), (0, 20), (5, 10), (30, 40)]), max_size=3, unique=True)
VARIABLES = st.dictionaries(
    st.sampled_from(["a", "b.c", "ups.status"]),
    st.builds(
        Variable,
        WORDS,
        st.booleans(),
        st.sampled_from([0, 8]),
        st.lists(WORDS, max_size=3, unique_by=str.lower).map(tuple),
        RANGES.map(tuple),
        st.booleans(),
    ),
)
COMMANDS = st.lists(st.sampled_from(["x", "y", "z"]), unique=True).map(
    lambda all: tuple(sorted(all))
)


@given(st.lists(st.tuples(st.none() | VARIABLES, COMMANDS, st.booleans()), max_size=6))
def test_whoever_hears_the_changes_knows_what_a_dump_would_tell(
    steps: list[tuple[dict[str, Variable] | None, tuple[str, ...], bool]],
) -> None:
    told, mirror = Told(), Mirror()
    mirror.hear(told.dump())
    for variables, commands, hurry in steps:
        mirror.hear(told.renew(variables, commands, hurry))
        anew = Mirror()
        anew.hear(told.dump())
        assert mirror == anew
