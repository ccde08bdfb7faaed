# SPDX-License-Identifier: Apache-2.0
"""What is wrong with `prices` besides single values, and the file of a price series."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.tree import Place, Problems
from pdu_agent.core.costs.money import parse_price
from pdu_agent.core.costs.series import NO_PRICE, PriceSeries
from pdu_agent.core.costs.settings import PriceSettings
from pdu_agent.core.settings import DeviceSettings

MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_PRICES = 200_000
"""More than five years of quarters of an hour."""
HEADER = "time,price"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MOST_COMPLAINTS = 20


def price_check(checker: Checker, problems: Problems) -> None:
    """Report bands of tariffs that are none, and (as a warning) tariffs without a price."""
    for path, prices in checker.found("prices"):
        tariffs = [name for _, name in checker.found("tariffs#.name")]
        device = next((found for _, found in checker.found("device")), DeviceSettings())
        known = list(dict.fromkeys([*tariffs, device.default_tariff]))
        for name in prices.bands:
            if name not in known:
                where = f"{path}.bands.{name}"
                text = f"no tariff is called {name!r}{nearest(name, known)}; there are"
                problems.error(checker.place(where), f"{where}: {text} {', '.join(known)}")
        missing = [name for name in known if name not in prices.bands]
        if prices.currency and not prices.file and prices.per_kwh is None and missing:
            text = f"no price for tariff {', '.join(missing)}: what is used then has no cost"
            problems.warn(checker.place(path), f"{path}: {text}")


def price_series(
    checker: Checker, folder: Path, problems: Problems
) -> tuple[str, PriceSeries | None]:
    """The file that `prices.file` names, and what it says; None without one, or when something in
    it is wrong (it is in the problems).
    """
    prices: PriceSettings
    for path, prices in checker.found("prices"):
        if prices.file:
            file = folder / prices.file
            place = checker.place(f"{path}.file")
            return str(file), _read(file, place, prices.interpolation == "linear", problems)
    return "", None


def _read(file: Path, named: Place, is_linear: bool, problems: Problems) -> PriceSeries | None:
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            problems.error(Place(str(file)), f"is larger than {MAX_FILE_BYTES >> 20} MiB")
            return None
        lines = raw.decode("utf-8-sig").splitlines()
    except OSError as exc:
        problems.error(named, f"prices.file: {file} cannot be read: {exc.strerror}")
        return None
    except UnicodeDecodeError:
        problems.error(Place(str(file)), "is not UTF-8; export it as UTF-8")
        return None
    return _series(lines, str(file), is_linear, problems)


def _series(
    lines: list[str], source: str, is_linear: bool, problems: Problems
) -> PriceSeries | None:
    times_s: list[int] = []
    micros: list[int] = []
    wrong = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (number == 1 and line.replace(" ", "").lower() == HEADER):
            continue
        complaint, at_s, price = _row(line, times_s[-1] if times_s else None)
        if complaint:
            column, text = complaint
            problems.error(Place(source, number, column), text)
            wrong += 1
        else:
            times_s.append(at_s)
            micros.append(price)
        if wrong == _MOST_COMPLAINTS or len(times_s) > MAX_PRICES:
            break
    if len(times_s) > MAX_PRICES:
        problems.error(Place(source), f"has more than {MAX_PRICES} prices")
    elif not wrong and len(times_s) < 2:
        problems.error(Place(source), f"has {len(times_s)} prices; expected two at least")
    elif not wrong:
        return PriceSeries(times_s, micros, is_linear)
    return None


def _row(line: str, before_s: int | None) -> tuple[tuple[int, str] | None, int, int]:
    """What is wrong with it, by column; the time, the price."""
    cells = line.split(",")
    if len(cells) != 2:
        return (1, f"{len(cells)} cells; expected a time and a price, as in {HEADER}"), 0, 0
    time_text, price_text = cells[0].strip(), cells[1].strip()
    at_s = _instant(time_text)
    if at_s is None:
        expected = "expected RFC 3339 in whole seconds, such as 2026-03-01T00:00:00+01:00"
        return (1, f"{time_text[:40]!r} is no time; {expected}"), 0, 0
    if before_s is not None and at_s <= before_s:
        return (1, f"{time_text} is not later than the time before it"), 0, 0
    if not price_text:
        return None, at_s, NO_PRICE
    try:
        return None, at_s, parse_price(price_text).micros
    except ValueError:
        expected = "expected an amount such as 0.3125, or nothing where there is no price"
        return (len(cells[0]) + 2, f"{price_text[:40]!r} is no price; {expected}"), 0, 0


def _instant(text: str) -> int | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return int(datetime.fromisoformat(text.upper()).timestamp())
    except (ValueError, OverflowError):
        return None
