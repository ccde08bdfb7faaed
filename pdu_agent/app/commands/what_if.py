# SPDX-License-Identifier: Apache-2.0
"""`openpdu what-if`: which outlets a cap would cost, what goes with a feeder or with mains."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from pdu_agent.app import exits
from pdu_agent.app.commands.parsing import Parsers, add_client_command, agent_of
from pdu_agent.app.terminal import MISSING, printable

MAINS_FAIL = "mains-fail"
DRY_RUN_TIMEOUT_S = 120.0
"""Hours of a unit with 64 outlets, on a small board."""
_BASIS = {"peak": "by recorded peaks", "now": "by what is drawn now"}


def add_parsers(parsers: Parsers) -> None:
    parser = add_client_command(
        parsers,
        "what-if",
        _what_if,
        "tell which outlets would go by a cap, with a feeder or with mains; nothing moves",
        "openpdu what-if cap 500\n  openpdu what-if cap 300 --branch 2 --now\n"
        "  openpdu what-if lose L2\n  openpdu what-if lose inlet 1\n"
        "  openpdu what-if mains-fail --minutes 45 --charge 60",
    )
    parser.add_argument(
        "question",
        choices=("cap", "lose", MAINS_FAIL),
        help="a cap in watts, a feeder, or mains that fails now",
    )
    parser.add_argument(
        "about",
        nargs="*",
        metavar="X",
        help="watts; or L1 to L3, inlet N, line N, branch N; nothing with mains-fail",
    )
    for name, metavar, what in (
        ("minutes", "N", "mains is back after so long; default: 30"),
        ("runtime-s", "S", "of the battery at first; default: as the UPS tells"),
        ("charge", "P", "of the battery at first, in percent; default: as the UPS tells"),
    ):
        parser.add_argument(
            f"--{name}", type=_amount, metavar=metavar, help=f"with mains-fail: {what}"
        )
    of = parser.add_mutually_exclusive_group()
    for kind in ("inlet", "line", "branch"):
        of.add_argument(f"--{kind}", type=_number, metavar="N", help=f"the cap is of this {kind}")
    parser.add_argument(
        "--now", action="store_true", help="by what is drawn now; default: recorded peaks"
    )
    parser.set_defaults(parser=parser)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1")
    return int(text)


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number, 0 or more")
    return value


def _what_if(arguments: argparse.Namespace) -> int:
    given = {name: getattr(arguments, name) for name in ("minutes", "runtime_s", "charge")}
    given = {name: value for name, value in given.items() if value is not None}
    if arguments.question == MAINS_FAIL:
        return _mains_fail(arguments, given)
    if given:
        arguments.parser.error(f"--{next(iter(given)).replace('_', '-')} goes with mains-fail")
    if not arguments.about:
        arguments.parser.error(f"{arguments.question} what? as in openpdu what-if cap 500")
    return _goes(arguments)


def _mains_fail(arguments: argparse.Namespace, given: Mapping[str, float]) -> int:
    if arguments.about or arguments.now:
        arguments.parser.error("as in openpdu what-if mains-fail --minutes 45")
    path = f"what-if/{MAINS_FAIL}"
    path = f"{path}?{urlencode(given)}" if given else path
    answer = agent_of(arguments).get(path, DRY_RUN_TIMEOUT_S)
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print("\n".join(_outage(answer)))
    return exits.OK


def _goes(arguments: argparse.Namespace) -> int:
    about = " ".join(arguments.about)
    target = next(
        (
            f"{kind} {number}"
            for kind in ("inlet", "line", "branch")
            if (number := getattr(arguments, kind)) is not None
        ),
        None,
    )
    if target is not None and arguments.question == "lose":
        arguments.parser.error("name what is lost without dashes, as in openpdu what-if lose L2")
    query = {arguments.question: about, "basis": "now" if arguments.now else "peak"}
    if target is not None:
        query["target"] = target
    answer = agent_of(arguments).get(f"what-if?{urlencode(query)}")
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print("\n".join(_cap(answer["cap"]) if answer["cap"] else _loss(answer["loss"])))
    return exits.OK


def _outage(answer: Mapping[str, Any]) -> list[str]:
    named = " and ".join(printable(name) for name in answer["upses"])
    lines = [
        f"Mains of {named} fails now and is back after {answer['minutes']:g} min; "
        f"{answer['charge_percent']:.0f} %, {answer['runtime_s']:.0f} s:"
    ]
    for each in answer["happenings"]:
        what = each["what"] if each["outlet"] is None else f"outlet {each['outlet']} {each['what']}"
        lines.append(f"  {_clock(each['at_s'])}  {what}: {printable(each['because'])}")
    for key, text in (
        ("remains", "On all the time"),
        ("lost", "Cut hard by the empty battery"),
        ("away", "Off in the end, and on before"),
    ):
        if answer[key]:
            lines.append(f"{text}: outlets {', '.join(map(str, answer[key]))}.")
    lines.append("Assumed:")
    return [*lines, *(f"  - {printable(text)}" for text in answer["assumed"])]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _cap(answer: Mapping[str, Any]) -> list[str]:
    carried = f"{answer['target']} carries {answer['carried_w']:.0f} W {_BASIS[answer['basis']]}"
    lines = [f"{carried}; a cap of {answer['limit_w']:g} W"]
    if answer["goes"]:
        lines += ["These would go off, in this order:", *_going(answer["goes"])]
        lines.append(f"{answer['remains_w']:.0f} W would remain.")
    else:
        lines.append("No outlet would go off.")
    if answer["is_enough"] is False:
        stays = ", ".join(str(number) for number in answer["stays"])
        of = f" (outlets {stays} may not go)" if stays else ""
        lines.append(f"That is not enough{of}: the cap would be exceeded still.")
    elif answer["is_enough"] is None:
        lines.append("Whether that is enough shows only then: nothing measures the last one.")
    return lines


def _loss(answer: Mapping[str, Any]) -> list[str]:
    lines = [f"Without {answer['lost']}, {_BASIS[answer['basis']]}:"]
    if not answer["goes"]:
        return [*lines, "No outlet that is on would lose its power."]
    lines += ["These would lose their power:", *_going(answer["goes"])]
    if answer["dark"]:
        named = ", ".join(printable(name) for name in answer["dark"])
        lines.append(f"Without any supply then: {named}.")
    for row in answer["taken_over"]:
        outlets = ", ".join(str(number) for number in row["outlets"])
        lines.append(f"{printable(row['device'])} goes on by outlet {outlets}.")
    lines += [_feeder(row) for row in answer["feeders"]]
    return lines


def _going(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"  {row['number']:>3} {printable(row['name'])}, priority {row['priority']}, "
        + (MISSING if row["draw_w"] is None else f"{row['draw_w']:.0f} W")
        for row in rows
    ]


def _feeder(row: Mapping[str, Any]) -> str:
    verdict = "holds" if row["holds"] else "DOES NOT HOLD"
    return (
        f"{row['target']} would carry {row['carries_a']:.1f} A of {row['rated_current_a']:g} A"
        f" ({row['added_a']:.1f} A of it taken over): it {verdict}."
    )
