# SPDX-License-Identifier: Apache-2.0
"""Energy per hour and tariff: the differences of the counters, exactly, whatever happens."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.model.commands import Target
from pdu_agent.model.history import EnergyRow
from pdu_agent.model.snapshot import TariffRegister
from pdu_agent.store.history.energy import Counted, EnergyBook
from pdu_agent.store.history.reader import Reader
from pdu_agent.store.history.recorder import Recorder
from tests.store.history.worlds import MIDNIGHT_S, OUTLET_1, OUTLET_2, feed, make_recorder

HOURS = [MIDNIGHT_S + 3600.0 * hour for hour in range(26)]


def counted(mj: int, seen_s: int = 60, target: Target = OUTLET_1, **tariffs: int) -> Counted:
    registers = tuple(TariffRegister(name, own, 0, 0) for name, own in tariffs.items())
    return Counted(target, mj, registers, seen_s)


def book_minutes(recorder: Recorder, first_s: int, minutes: int, start_mj: int, each: int) -> int:
    """A minute's worth at a time; the counter at the end."""
    for minute in range(1, minutes + 1):
        recorder.book(first_s + 60 * minute, [counted(start_mj + each * minute)])
    return start_mj + each * minutes


def rows(recorder: Recorder, edges: list[float]) -> list[tuple[int, int, bool]]:
    """(hour of the day, mJ, complete)"""
    return [
        ((row.start_wall_s - MIDNIGHT_S) // 3600, row.energy_mj, row.complete)
        for row in Reader(recorder).energy(None, edges)
    ]


def test_each_hour_gets_what_the_counter_grew_in_it(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S, [counted(5_000)])
    at_two = book_minutes(recorder, MIDNIGHT_S, 120, 5_000, 7)
    book_minutes(recorder, MIDNIGHT_S + 7200, 30, at_two, 11)
    expected = [(0, 420, True), (1, 420, True), (2, 330, False)]
    assert rows(recorder, HOURS) == expected
    recorder.card.commit(0)
    assert rows(recorder, HOURS) == expected
    recorder.close()
    again = make_recorder(tmp_path)
    assert rows(again, HOURS) == expected
    assert rows(again, [HOURS[0], HOURS[24]]) == [(0, 1170, False)]
    assert rows(again, [HOURS[0], HOURS[2]]) == [(0, 840, True)]


def test_what_passed_while_the_agent_was_down_is_late(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S, [counted(0)])
    end_mj = book_minutes(recorder, MIDNIGHT_S, 60, 0, 10)
    recorder.close()
    again = make_recorder(tmp_path)
    again.book(MIDNIGHT_S + 4 * 3600 + 1, [counted(end_mj + 9_000, 0)])
    book_minutes(again, MIDNIGHT_S + 4 * 3600, 60, end_mj + 9_000, 10)
    assert rows(again, HOURS) == [(0, 600, True), (4, 9_600, False)]


def test_a_killed_agent_goes_on_from_its_journal(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S, [counted(0)])
    book_minutes(recorder, MIDNIGHT_S, 30, 0, 10)
    again = make_recorder(tmp_path)  # nothing was committed
    book_minutes(again, MIDNIGHT_S + 1800, 30, 300, 10)
    assert rows(again, HOURS) == [(0, 600, True)]


def test_a_journal_that_is_damaged_or_lost_costs_no_more_than_its_batch(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S, [counted(0)])
    book_minutes(recorder, MIDNIGHT_S, 30, 0, 10)
    recorder.card.commit(0)
    book_minutes(recorder, MIDNIGHT_S + 1800, 10, 300, 10)
    (tmp_path / "run" / "history" / "energy.json").write_text('{"booked_s": 1}', encoding="utf-8")
    again = make_recorder(tmp_path)
    book_minutes(again, MIDNIGHT_S + 2400, 20, 400, 10)
    assert rows(again, HOURS) == [(0, 600, False)]


def test_a_counter_that_falls_begins_anew_and_is_never_negative(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    old_mj = 10**10
    recorder.book(MIDNIGHT_S, [counted(old_mj)])
    recorder.book(MIDNIGHT_S + 60, [counted(old_mj + 500)])
    recorder.book(MIDNIGHT_S + 120, [counted(3)])
    recorder.book(MIDNIGHT_S + 180, [counted(10)])
    assert rows(recorder, HOURS) == [(0, 507, False)]


def test_what_a_power_cut_took_from_the_counters_is_not_counted_twice(tmp_path: Path) -> None:
    """The card has the history of 12:00:00 and the record of 11:59:30."""
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S, [counted(5_000_000, night=1_000_000)])
    recorder.book(MIDNIGHT_S + 60, [counted(9_000_000, night=3_000_000)])
    assert recorder.card.commit(recorder.today)
    for file in (tmp_path / "run" / "history").iterdir():
        file.unlink()
    again = make_recorder(tmp_path)
    again.book(MIDNIGHT_S + 120, [counted(8_000_000, night=2_500_000)])
    killed = make_recorder(tmp_path)  # while the counters catch up
    killed.book(MIDNIGHT_S + 180, [counted(8_500_000, night=2_700_000)])
    killed.book(MIDNIGHT_S + 240, [counted(12_000_000, night=4_000_000)])
    found = {row.tariff: row.energy_mj for row in Reader(killed).energy(None, HOURS)}
    assert sum(found.values()) == 12_000_000 - 5_000_000
    # A register counts from its beginning, but no more than the meter grew by.
    assert found["night"] == 4_000_000 - 1_000_000


def test_a_clock_that_was_set_back_before_a_kill_books_nothing_twice(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S + 7200, [counted(0)])
    assert recorder.card.commit(recorder.today)
    recorder.book(MIDNIGHT_S + 60, [counted(500)])
    killed = make_recorder(tmp_path)
    killed.book(MIDNIGHT_S + 120, [counted(600)])
    assert sum(mj for _, mj, _ in rows(killed, HOURS)) == 600


def test_a_meter_that_comes_back_with_more_is_late(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S, [counted(0)])
    book_minutes(recorder, MIDNIGHT_S, 59, 0, 1)
    recorder.book(MIDNIGHT_S + 3600, [counted(59, 0)])  # stale
    recorder.book(MIDNIGHT_S + 3660, [counted(500, 60)])
    book_minutes(recorder, MIDNIGHT_S + 3660, 59, 500, 1)
    assert rows(recorder, HOURS) == [(0, 59, True), (1, 500, False)]


def test_tariffs_and_the_rest_add_up(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S, [counted(100, night=40)])
    recorder.book(MIDNIGHT_S + 60, [counted(160, night=100)])
    recorder.book(MIDNIGHT_S + 120, [counted(200, night=100, day=30)])
    recorder.card.commit(0)
    found = Reader(recorder).energy([OUTLET_1], HOURS[:2])
    assert [(row.tariff, row.energy_mj) for row in found] == [("", 10), ("day", 30), ("night", 60)]
    assert Reader(recorder).energy([OUTLET_2], HOURS[:2]) == ()


def test_hours_are_utc_so_that_a_day_of_clock_change_has_all_of_its(tmp_path: Path) -> None:
    """2027-03-28 has 23 hours in Rome: from 23:00Z to 22:00Z; its two edges are its midnights."""
    midnight_s = 1_806_188_400
    recorder = make_recorder(tmp_path)
    recorder.book(midnight_s, [counted(0)])
    book_minutes(recorder, midnight_s, 25 * 60, 0, 1)
    (day, _) = Reader(recorder).energy(
        None, [midnight_s, midnight_s + 23 * 3600, midnight_s + 47 * 3600]
    )
    assert (day.energy_mj, day.complete) == (23 * 60, True)


def test_energy_that_is_put_back_replaces_its_hours(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(MIDNIGHT_S, [counted(0)])
    book_minutes(recorder, MIDNIGHT_S, 120, 0, 7)
    before = Reader(recorder).energy(None, HOURS)
    new = [EnergyRow(MIDNIGHT_S, OUTLET_1, "night", 99, False)]
    recorder.put_energy(MIDNIGHT_S, MIDNIGHT_S + 3600, new)
    shown = [(r.tariff, r.energy_mj, r.complete) for r in Reader(recorder).energy(None, HOURS)]
    assert shown == [("", 0, False), ("night", 99, False), ("", 420, True)]
    recorder.put_energy(MIDNIGHT_S, MIDNIGHT_S + 7200, before)
    assert Reader(recorder).energy(None, HOURS) == before


@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 10**9),  # grown
            st.integers(0, 10**9),  # of which in a tariff, at most
            st.integers(1, 7200),  # seconds later
            st.sampled_from(["nothing", "commit", "restart"]),
        ),
        max_size=12,
    )
)
def test_the_rows_add_up_to_the_counter(steps: list[tuple[int, int, int, str]]) -> None:
    connection = _Memory()
    book = EnergyBook()
    book.attach(connection)  # type: ignore[arg-type]
    wall_s, counter, night = MIDNIGHT_S, 12_345, 345
    book.book(wall_s, [counted(counter, night=night)])
    for grown, in_night, later_s, then in steps:
        wall_s, counter, night = wall_s + later_s, counter + grown, night + min(grown, in_night)
        book.book(wall_s, [counted(counter, night=night)])
        if then == "commit":
            with connection.transaction():
                book.write(connection)  # type: ignore[arg-type]
            book.written()
        elif then == "restart":
            journal, book = book.journal(), EnergyBook()
            book.take_journal(journal)
            book.attach(connection)  # type: ignore[arg-type]
    days = [MIDNIGHT_S, MIDNIGHT_S + 3600.0 * 24 * 40]
    total = {row.tariff: row.energy_mj for row in book.rows(None, days)}
    assert sum(total.values()) == counter - 12_345
    assert total.get("night", 0) == night - 345
    hourly = [MIDNIGHT_S + 3600.0 * hour for hour in range(24 * 2)]
    assert sum(row.energy_mj for row in book.rows(None, hourly)) == counter - 12_345
    connection.connection.close()


class _Memory:
    """A database of the same layout without a file."""

    def __init__(self) -> None:
        from pdu_agent.store.history.database import _SCHEMA
        from pdu_agent.store.history.names import Names

        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.executescript(_SCHEMA)
        self.names = Names(self.connection)

    def transaction(self) -> sqlite3.Connection:
        return self.connection


def test_time_before_the_clock_was_set_is_not_booked(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.book(1_000, [counted(10)])
    recorder.book(1_060, [counted(20)])
    recorder.book(MIDNIGHT_S + 60, [counted(30)])
    recorder.book(MIDNIGHT_S + 120, [counted(45)])
    feed(recorder, MIDNIGHT_S, [1.0])
    assert rows(recorder, HOURS) == [(0, 15, False)]
