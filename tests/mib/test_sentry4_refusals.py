# SPDX-License-Identifier: Apache-2.0
"""What a SET to Sentry4-MIB cannot do, and whose rights it needs."""

from __future__ import annotations

import pytest

from pdu_agent.access.grant import EVERY_OUTLET, Rights
from pdu_agent.mib_impl.schema import Table
from pdu_agent.mib_impl.sentry4 import sentry4_module
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Value
from tests.mib.sentry4 import SENTRY4, SentryBench
from tests.mib.unit import integer, octets, unit, unsigned


def refusal(bench: SentryBench, *changes: tuple[str, Value]) -> tuple[ErrorStatus, int]:
    with pytest.raises(SetError) as refused:
        bench.set(*changes)
    assert bench.controller.submitted == []
    return refused.value.status, refused.value.index


def test_every_read_only_object_refuses_a_value_of_its_own() -> None:
    bench = SentryBench()
    base = (*SENTRY4, 1)
    refused = 0
    for oid, value in bench.walk():
        place = bench.view.object_of(oid)
        if oid[: len(base)] == base and place is not None and place.declared.to_command is None:
            suffix = ".".join(map(str, oid[len(base) :]))
            assert refusal(bench, (suffix, value)) == (ErrorStatus.NOT_WRITABLE, 1), suffix
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    ("suffix", "value", "status"),
    [
        ("8.5.1.2.1.1.1", integer(4), ErrorStatus.WRONG_VALUE),  # there is no queue
        ("8.5.1.2.1.1.1", integer(5), ErrorStatus.WRONG_VALUE),
        ("8.5.1.2.1.1.1", integer(6), ErrorStatus.WRONG_VALUE),
        ("8.5.1.2.1.1.1", integer(7), ErrorStatus.WRONG_VALUE),
        ("8.5.1.2.1.1.1", integer(-1), ErrorStatus.WRONG_VALUE),
        ("8.5.1.2.1.1.1", unsigned(1), ErrorStatus.WRONG_TYPE),
        ("8.5.1.2.1.1.1", octets(b"on"), ErrorStatus.WRONG_TYPE),
        ("8.6.1.0", integer(1), ErrorStatus.NOT_WRITABLE),
        ("8.2.1.20.1.1.1", integer(3), ErrorStatus.WRONG_VALUE),
        ("9.1.10.0", integer(2), ErrorStatus.WRONG_VALUE),
        ("1.1.2.0", octets(b"x" * 81), ErrorStatus.WRONG_LENGTH),
        ("2.2.1.3.1", octets(b"x" * 33), ErrorStatus.WRONG_LENGTH),
        ("8.2.1.3.1.1.1", octets(b"x" * 33), ErrorStatus.WRONG_LENGTH),
        ("8.2.1.3.1.1.1", octets("ä".encode()), ErrorStatus.WRONG_VALUE),
        ("8.2.1.3.1.1.1", integer(1), ErrorStatus.WRONG_TYPE),
        ("3.2.1.7.1.1", integer(6001), ErrorStatus.WRONG_VALUE),
        ("3.2.1.10.1.1", integer(601), ErrorStatus.WRONG_VALUE),
        ("6.2.1.7.1.1.1", integer(126), ErrorStatus.WRONG_VALUE),
        ("3.1.3.0", integer(21), ErrorStatus.WRONG_VALUE),
        ("3.4.1.10.1.1", integer(101), ErrorStatus.WRONG_VALUE),
        ("4.4.1.2.1.1.1", integer(-1), ErrorStatus.WRONG_VALUE),
        ("8.1.10.0", integer(16), ErrorStatus.WRONG_VALUE),
        ("8.1.11.0", integer(4), ErrorStatus.WRONG_VALUE),
        ("8.1.11.0", integer(601), ErrorStatus.WRONG_VALUE),
        ("9.4.1.2.1.1", integer(-41), ErrorStatus.WRONG_VALUE),
        ("9.4.1.2.1.1", integer(254), ErrorStatus.WRONG_VALUE),
        ("10.4.1.2.1.1", integer(101), ErrorStatus.WRONG_VALUE),
    ],
)
def test_what_no_unit_could_take_is_refused(suffix: str, value: Value, status: ErrorStatus) -> None:
    assert refusal(SentryBench(), (suffix, value)) == (status, 1)


@pytest.mark.parametrize(
    "suffix",
    [
        "8.5.1.2.1.1.0",
        "8.5.1.2.1.1.3",  # it is on cord 2
        "8.5.1.2.1.2.1",
        "8.5.1.2.1.5.4",
        "8.5.1.2.0.1.1",
        "8.5.1.2.2.1.1",
        "8.5.1.2.1.1.4294967295",
        "8.5.1.2.1.1",
        "8.5.1.2.1.1.1.0",
        "8.5.1.2",
        "3.2.1.10.1.0",
        "3.2.1.10.1.3",
        "6.2.1.7.1.1.3",
        "9.4.1.2.1.3",
        "9.4.1.2.1.2",  # a sensor without a threshold
        "8.4.1.2.1.1.2",
        "8.1.11.1",
    ],
)
def test_what_is_not_there_cannot_be_set(suffix: str) -> None:
    value = integer(1 if suffix.startswith("8.5") else 5)
    assert refusal(SentryBench(), (suffix, value)) == (ErrorStatus.NO_CREATION, 1)


def test_a_hysteresis_of_no_threshold_cannot_be_set() -> None:
    assert refusal(SentryBench(unit()), ("3.1.1.0", integer(5))) == (ErrorStatus.NO_CREATION, 1)


def test_one_bad_value_keeps_the_whole_message_out() -> None:
    changes = (("8.5.1.2.1.1.1", integer(2)), ("8.5.1.2.1.1.9", integer(2)))
    assert refusal(SentryBench(), *changes) == (ErrorStatus.NO_CREATION, 2)


def test_outlets_stand_under_the_rights_on_them() -> None:
    bench = SentryBench()

    def guard(suffix: str) -> tuple[Rights, int | None]:
        return bench.writer.guard(bench.oid(suffix), bench.controller.snapshot)

    assert guard("8.5.1.2.1.2.3") == (Rights.SWITCH, 3)
    assert guard("8.2.1.3.1.1.2") == (Rights.WRITE, 2)
    assert guard("8.4.1.2.1.1.1") == (Rights.WRITE, 1)
    assert guard("8.1.11.0") == guard("8.1.1.0") == (Rights.WRITE, EVERY_OUTLET)
    assert guard("8.1.10.0") == guard("3.4.1.2.1.1") == (Rights.WRITE, None)
    for group in sentry4_module().groups:
        if isinstance(group, Table) and "st4OutletIndex" in group.index:
            assert group.outlet is not None, group.name
