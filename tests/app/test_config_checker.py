# SPDX-License-Identifier: Apache-2.0
"""The checker on dataclasses of its own: types, bounds, and every complaint at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.app.config import yaml12
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.shape import inline, shape_of
from pdu_agent.app.config.tree import Problems
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Factor(Enum):
    ONE = 1
    HALF = 2.5


@dataclass(frozen=True, slots=True)
class Part:
    number: int = setting(minimum=1, maximum=8)
    word: str = setting("", max_length=5)

    def __post_init__(self) -> None:
        if self.word == "bad":
            raise ConfigError("this word is bad")


@dataclass(frozen=True, slots=True)
class RoundOptions:
    radius: float = setting(1.0, minimum=0)


@dataclass(frozen=True, slots=True)
class SquareOptions:
    side: float = setting(1.0, minimum=0)


def _options(driver: str) -> type:
    known = {"round": RoundOptions, "square": SquareOptions}
    if driver not in known:
        raise ConfigError(f"no driver {driver!r}")
    return known[driver]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    driver: str = setting(max_length=10)
    options: Any = field(metadata=inline("driver", _options))


@dataclass(frozen=True, slots=True)
class Everything:
    count: int = setting(1, minimum=0, maximum=600, doc="how many")
    ratio: float = setting(1.0, maximum=2)
    name: str = setting("", max_length=8)
    flag: bool = setting(False)
    colour: Colour = setting(Colour.RED)
    factor: Factor = setting(Factor.ONE)
    mode: Literal["slow", "fast"] = setting("slow")
    line: str = setting("l1", choices=("l1", "l2"))
    target: Target | None = setting(None)
    words: tuple[str, ...] = setting((), max_length=2)
    parts: tuple[Part, ...] = setting(())
    numbers: dict[str, int] = setting(default_factory=dict)
    colours: dict[str, Colour] = setting(default_factory=dict)
    part: Part = setting(Part(1))
    device: Device | None = setting(None)
    secret: str = setting("", max_length=4, secret=True)


def check(text: str, *, conceal: bool = False) -> tuple[Everything | None, list[str]]:
    problems = Problems()
    root = yaml12.parse(text.encode("utf-8"), "f", problems)
    assert root is not None
    result = Checker(problems, conceal=conceal).record(Everything, root)
    return result, [str(problem) for problem in problems.in_order()]


def test_an_empty_mapping_gives_the_defaults() -> None:
    assert check("{}") == (Everything(), [])


def test_every_type_is_read() -> None:
    result, problems = check(
        "{count: 0x10, ratio: 2, name: 012, flag: true, colour: green, factor: 2.5, mode: fast,"
        " line: l2, target: outlet 3, words: [a, 12:30], parts: [{number: 2}], numbers: {x: 5},"
        " part: {number: 3, word: on}, device: {driver: round, radius: 2.5}, secret: abcd}"
    )
    assert not problems
    assert result == Everything(
        count=16,
        ratio=2.0,
        name="012",
        flag=True,
        colour=Colour.GREEN,
        factor=Factor.HALF,
        mode="fast",
        line="l2",
        target=Target(TargetKind.OUTLET, 3),
        words=("a", "12:30"),
        parts=(Part(2),),
        numbers={"x": 5},
        part=Part(3, "on"),
        device=Device(driver="round", options=RoundOptions(2.5)),
        secret="abcd",
    )
    assert isinstance(result.ratio, float)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "count: 900",
            "f:1:8: count: 900 exceeds 600; expected a whole number from 0 to 600: how many",
        ),
        (
            "count: -1",
            "f:1:8: count: -1 is below 0; expected a whole number from 0 to 600: how many",
        ),
        ("count: 1.5", "1.5 is not a whole number"),
        ("count: true", "true is not a whole number"),
        ("count: '5'", "'5' is not a whole number"),
        ("count:", "no value is not a whole number"),
        ("ratio: .nan", ".nan is not finite; expected a number of at most 2"),
        ("ratio: .inf", ".inf is not finite"),
        ("ratio: 1e999", "1e999 is not finite"),
        ("ratio: " + "9" * 400, "is too large"),
        ("name:", 'no value is given (write "" for empty text)'),
        ("name: abcdefghi", "has 9 characters; expected text of at most 8 characters"),
        ('name: "a\\nb"', "has a control character in it"),
        ("flag: on", "'on' is neither; expected true or false"),
        ("flag: 1", "1 is neither; expected true or false"),
        ("colour: grene", "expected one of red, green (did you mean green?)"),
        ("colour: true", "expected one of red, green"),
        ("factor: 2", "2 is none of them; expected one of 1, 2.5"),
        ("factor: true", "true is none of them"),
        ("mode: fats", "expected one of slow, fast (did you mean fast?)"),
        ("line: l3", "expected one of l1, l2"),
        ("target: plug 1", "'plug 1' does not fit; expected what is measured"),
        ("target: outlet 0", "does not fit"),
        ("words: a", "words: 'a'; expected a list"),
        ("words: [a, b, c]", "words: 3 entries; expected at most 2"),
        ("words: [[a]]", "words[0]: a list; expected text"),
        ("parts: {number: 1}", "parts: a mapping; expected a list"),
        ("parts: [5]", "parts[0]: 5; expected settings"),
        ("parts: [{}]", "parts[0]: number is missing; expected a whole number from 1 to 8"),
        ("parts: [{number: 1, word: bad}]", "f:1:9: parts[0]: this word is bad"),
        ("parts: [{nubmer: 1, number: 1}]", "unknown key 'nubmer' (did you mean number?)"),
        ("numbers: [1]", "numbers: a list; expected settings"),
        ("numbers: {x: y}", "numbers.x: 'y' is not a whole number"),
        ("part: []", "part: a list; expected settings"),
        ("device: {driver: oval}", "f:1:18: device.driver: no driver 'oval'"),
        ("device: {radius: 1}", "device: driver is missing"),
        ("device: {driver: round, side: 1}", "device: unknown key 'side'"),
        ("device: {driver: square, sied: 1}", "unknown key 'sied' (did you mean side?)"),
        ("device: {driver: square, side: -1}", "device.side: -1 is below 0"),
        ("secret: hunter2", "secret: this value has 7 characters"),
        ("[]", "f:1:1: a list; expected settings"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_was_expected(text: str, complaint: str) -> None:
    result, problems = check(text)
    assert result is None
    assert len(problems) == 1
    assert complaint in problems[0]


def test_all_complaints_come_at_once_in_the_order_of_the_file() -> None:
    _, problems = check("cuont: 1\nratio: x\nparts:\n  - number: 9\n  - {word: abcdef}\nflag: 2\n")
    assert [problem.split(": ")[0] for problem in problems] == [
        "f:1:1",
        "f:2:8",
        "f:4:13",
        "f:5:5",
        "f:5:12",
        "f:6:7",
    ]


def test_a_concealed_file_is_never_quoted() -> None:
    _, problems = check(
        "{count: hunter2, hunter2: 1, name: hunter2hunter2, colour: hunter2, words: hunter2}",
        conceal=True,
    )
    assert len(problems) == 5
    assert "hunter2" not in "".join(problems)


def test_what_is_right_is_kept_although_its_neighbour_is_wrong() -> None:
    problems = Problems()
    root = yaml12.parse(
        b"parts: [{number: 1}, {number: 99}, {number: 3, word: toolong}]", "f", problems
    )
    assert root is not None
    checker = Checker(problems)
    assert checker.record(Everything, root) is None
    assert checker.values["parts[0]"] == Part(1)
    assert checker.values["parts[2].number"] == 3
    assert "parts[1]" not in checker.values
    assert str(checker.place("parts[2].number")) == "f:1:45"
    assert str(checker.place("parts[0].word")) == "f:1:9"  # not written: the entry it belongs to


def test_keys_of_a_mapping_are_text_whatever_yaml_takes_them_for() -> None:
    result, problems = check("colours: {3: red, 4-6: green, on: red, 0x10: red, 1.5: green}")
    assert not problems
    assert result is not None
    assert result.colours == {
        "3": Colour.RED,
        "4-6": Colour.GREEN,
        "on": Colour.RED,
        "0x10": Colour.RED,
        "1.5": Colour.GREEN,
    }
    assert check("colours: {3: rad}")[1] == [
        "f:1:14: colours.3: 'rad' is none of them; expected one of red, green (did you mean red?)"
    ]


def test_keys_of_a_mapping_can_be_judged() -> None:
    def judge(key: str) -> None:
        if not key.isdigit():
            raise ConfigError("this key is no number")

    problems = Problems()
    root = yaml12.parse(b"colours: {x: red, 2: red, y: blue}", "f", problems)
    assert root is not None
    checker = Checker(problems, key_judges={"colours": judge})
    assert checker.record(Everything, root) is None
    assert [str(problem) for problem in problems.in_order()] == [
        "f:1:11: colours: this key is no number",
        "f:1:27: colours: this key is no number",
    ]
    assert checker.found("colours.[^.]+") == [("colours.2", Colour.RED)]


def test_a_type_that_a_setting_cannot_have_is_our_own_bug() -> None:
    with pytest.raises(TypeError, match="cannot be of type"):
        shape_of(int | str)


@given(value=st.integers())
def test_whole_numbers_keep_their_value_within_the_bounds(value: int) -> None:
    result, problems = check(f"count: {value}")
    assert (result is not None) == (0 <= value <= 600) == (not problems)
    assert result is None or result.count == value


@given(value=st.floats(allow_nan=False))
def test_numbers_keep_their_value_within_the_bounds(value: float) -> None:
    text = "-.inf" if value == float("-inf") else ".inf" if value == float("inf") else repr(value)
    result, _ = check(f"ratio: {text}")
    assert (result is not None) == (float("-inf") < value <= 2)
    assert result is None or result.ratio == value
