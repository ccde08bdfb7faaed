# SPDX-License-Identifier: Apache-2.0
"""The `openpdu` command."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from types import ModuleType

from pdu_agent import __version__
from pdu_agent.app import exits
from pdu_agent.app.client import ClientError
from pdu_agent.app.commands import service
from pdu_agent.app.terminal import printable
from pdu_agent.model.errors import ConfigError, OpenPduError

# ./openpdu does these itself, before there is anything to run them in.
CHECKOUT_COMMANDS = """\
in a checkout also:
    ./openpdu test [ARGS]  every check and test; ARGS go to pytest
    ./openpdu lint         the static checks alone
"""
DESCRIPTION = "Read and switch the outlets of this machine's PDU, or run its agent."
SERVING = ("run", "demo")
"""They run for months on a small board, which need not carry the other commands."""


def build_parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Of all commands; of those in SERVING alone when argv begins with one of them."""
    parser = argparse.ArgumentParser(
        prog="openpdu",
        description=DESCRIPTION,
        epilog=f"{CHECKOUT_COMMANDS}\nexample:\n  openpdu status\n\n{exits.EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"openpdu {__version__}")
    parsers = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for module in _modules(argv):
        module.add_parsers(parsers)
    return parser


def _modules(argv: Sequence[str]) -> Iterable[ModuleType]:
    if argv and argv[0] in SERVING:
        return (service,)
    from pdu_agent.app.commands.every import MODULES

    return MODULES


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code as `exits` lists them.

    Raises SystemExit where argparse does: --help, --version, wrong usage (2).
    """
    _prepare_streams()
    given = sys.argv[1:] if argv is None else argv
    arguments = build_parser(given).parse_args(given)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except ClientError as error:
        return _complain(arguments, error.exit_code, str(error), error.plain)
    except ConfigError as error:
        plain = {"code": "configuration", "detail": str(error)}
        text = f"the configuration cannot be used:\n{error}"
        return _complain(arguments, exits.CONFIGURATION, text, plain)
    except OpenPduError as error:
        plain = {"code": "unavailable", "detail": str(error)}
        return _complain(arguments, exits.UNAVAILABLE, str(error), plain)
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep the interpreter's exit quiet too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def _prepare_streams() -> None:
    """A name that the locale cannot print costs a question mark, not the answer. Lines come when
    they are printed, in a pipe too: else a complaint would stand before what it is about.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace", line_buffering=True)


def _complain(arguments: argparse.Namespace, code: int, text: str, plain: object) -> int:
    if arguments.json:
        print(json.dumps(plain, indent=2))
    else:
        lines = "\n".join(printable(line) for line in text.split("\n"))
        print(f"openpdu: {lines}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
