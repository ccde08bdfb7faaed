# SPDX-License-Identifier: Apache-2.0
"""`openpdu user`, `token` and `setup-link`: who may come in over the network."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pdu_agent.app import exits
from pdu_agent.app.client import ClientError
from pdu_agent.app.commands.parsing import (
    Parsers,
    Run,
    add_client_command,
    agent_of,
    stdout_style,
)
from pdu_agent.app.terminal import MISSING, TableColumn, printable, table

ROLES = ("viewer", "operator", "admin")
SCOPES = ("read", "switch", "write", "admin")
OUTLETS_HELP = "other rights on some outlets, as in 4-6=switch,others=none"
USER_COLUMNS = (TableColumn("User"), TableColumn("Role"), TableColumn("Outlets", elastic=True))
TOKEN_COLUMNS = (
    *(TableColumn("Id"), TableColumn("Token"), TableColumn("Owner"), TableColumn("Scope")),
    *(TableColumn("Outlets", elastic=True), TableColumn("Expires")),
)


def add_parsers(parsers: Parsers) -> None:
    _add_user_parsers(parsers)
    _add_token_parsers(parsers)
    add_client_command(
        parsers,
        "setup-link",
        _setup_link,
        "print the link that makes the first administrator",
        "openpdu setup-link",
    )


def _add_user_parsers(parsers: Parsers) -> None:
    user = parsers.add_parser("user", help="list, add and change those who may log in")
    verbs = user.add_subparsers(metavar="VERB", required=True, title="verbs")
    add_client_command(verbs, "list", _list_users, "list the users", "openpdu user list")
    add = _named(verbs, "add", _add_user, "add a user", "openpdu user add anna admin")
    add.add_argument("role", choices=ROLES, help="what they may do")
    _take_outlets(add)
    _named(verbs, "passwd", _set_password, "set a password", "openpdu user passwd anna")
    _named(verbs, "remove", _remove_user, "remove a user", "openpdu user remove anna")
    role = _named(
        verbs, "role", _set_role, "give a user another role", "openpdu user role anna viewer"
    )
    role.add_argument("role", choices=ROLES, help="what they may do from now on")
    _take_outlets(role)


def _add_token_parsers(parsers: Parsers) -> None:
    token = parsers.add_parser("token", help="list, add and remove tokens of programs")
    verbs = token.add_subparsers(metavar="VERB", required=True, title="verbs")
    add_client_command(verbs, "list", _list_tokens, "list the tokens", "openpdu token list")
    add = _named(
        verbs,
        "add",
        _add_token,
        "make a token and print its secret, once",
        "openpdu token add ci switch --outlets others=none,5=switch --days 90",
    )
    add.add_argument("scope", choices=SCOPES, help="what it is for")
    _take_outlets(add)
    add.add_argument("--days", type=_days, metavar="N", help="it ends so soon; default: 366")
    add.add_argument("--forever", action="store_true", help="it never ends")
    remove = add_client_command(
        verbs, "remove", _remove_token, "remove a token", "openpdu token remove 0123456789ab"
    )
    remove.add_argument("id", metavar="ID", help="as `openpdu token list` shows it")


def _named(
    verbs: Parsers, name: str, run: Run, summary: str, example: str
) -> argparse.ArgumentParser:
    parser = add_client_command(verbs, name, run, summary, example)
    parser.add_argument("name", metavar="NAME", help="letters, digits and . _ @ -")
    return parser


def _take_outlets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--outlets",
        type=_outlets,
        metavar="N=RIGHTS,...",
        help=f"{OUTLETS_HELP}; rights: none read switch write",
    )


def _outlets(text: str) -> dict[str, str]:
    """An argparse type; the agent judges what stands in it."""
    pairs = [part.partition("=") for part in text.split(",") if part]
    if not all(span and equals for span, equals, _ in pairs):
        raise argparse.ArgumentTypeError(f"{text!r}: expected {OUTLETS_HELP}")
    return {span: rights for span, _, rights in pairs}


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 3660):
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1 to 3660 days")
    return int(text)


def _list_users(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).get("users")
    rows = [[row["name"], row["role"], _shown(row["outlets"])] for row in answer["users"]]
    none = "there are no users; `openpdu setup-link` prints how to make the first one"
    return _print(arguments, answer, _table(USER_COLUMNS, rows) if rows else none)


def _add_user(arguments: argparse.Namespace) -> int:
    body = {"name": arguments.name, "role": arguments.role, "password": _new_password()}
    if arguments.outlets:
        body["outlets"] = arguments.outlets
    answer = agent_of(arguments).post("users", body)
    return _print(arguments, answer, f"{arguments.name} may log in, as {arguments.role}")


def _set_password(arguments: argparse.Namespace) -> int:
    resource = f"users/{_path(arguments.name)}/password"
    answer = agent_of(arguments).post(resource, {"new": _new_password()})
    text = f"the password of {arguments.name} is changed, and their sessions have ended"
    return _print(arguments, answer, text)


def _set_role(arguments: argparse.Namespace) -> int:
    body = {"role": arguments.role}
    if arguments.outlets is not None or arguments.role == "admin":
        body["outlets"] = arguments.outlets or {}
    answer = agent_of(arguments).send("PATCH", f"users/{_path(arguments.name)}", body)
    return _print(arguments, answer, f"{arguments.name} is {arguments.role}")


def _remove_user(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).send("DELETE", f"users/{_path(arguments.name)}")
    return _print(arguments, answer, f"{arguments.name} is removed, with all their tokens")


def _list_tokens(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).get("tokens")
    rows = [
        [
            *(row["id"], row["name"], row["owner"] or MISSING, row["scope"]),
            *(_shown(row["outlets"]), "has expired" if row["expired"] else _day(row["expires"])),
        ]
        for row in answer["tokens"]
    ]
    return _print(arguments, answer, _table(TOKEN_COLUMNS, rows) if rows else "there are no tokens")


def _add_token(arguments: argparse.Namespace) -> int:
    body = {"name": arguments.name, "scope": arguments.scope, "outlets": arguments.outlets or {}}
    if arguments.forever:
        body["expires"] = None
    elif arguments.days:
        body["expires"] = (datetime.now(UTC) + timedelta(days=arguments.days)).isoformat()
    answer = agent_of(arguments).post("tokens", body)
    print("keep this now: nobody can ask for it again", file=sys.stderr)
    return _print(arguments, answer, answer["secret"])


def _remove_token(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).send("DELETE", f"tokens/{_path(arguments.id)}")
    return _print(arguments, answer, f"token {arguments.id} is removed")


def _setup_link(arguments: argparse.Namespace) -> int:
    answer = agent_of(arguments).post("setup/link")
    minutes = -(-answer["ends_in_s"] // 60)
    text = "\n".join([*answer["links"], f"it works once, within {minutes} minutes"])
    return _print(arguments, answer, text)


def _new_password() -> str:
    """From a person twice, or the first line of what is piped in; never from the command line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise ClientError(exits.USAGE, "invalid_value", "the two are not the same")
    return first


def _path(text: str) -> str:
    """Whatever is no name leads to no other resource."""
    from urllib.parse import quote

    return quote(text, safe="@")


def _shown(outlets: Mapping[str, str]) -> str:
    return ", ".join(f"{span}={rights}" for span, rights in outlets.items()) or MISSING


def _day(instant: str | None) -> str:
    return "never" if instant is None else instant[:10]


def _table(columns: tuple[TableColumn, ...], rows: list[list[str]]) -> str:
    safe = [[printable(cell) for cell in row] for row in rows]
    return "\n".join(table(columns, safe, [{} for _ in rows], stdout_style()))


def _print(arguments: argparse.Namespace, answer: Any, text: str) -> int:
    print(json.dumps(answer, indent=2) if arguments.json else text)
    return exits.OK
