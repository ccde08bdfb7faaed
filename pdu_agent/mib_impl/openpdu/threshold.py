# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduThresholdTable: limits for what is measured, and which of them is passed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pdu_agent.access.needs import outlet_of
from pdu_agent.mib_impl.openpdu.words import LIMIT_STATE, QUANTITY, TARGET_KIND, scale_of
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Bits, Integer32, Oid, Unsigned32
from pdu_agent.model.commands import (
    ConfigureThreshold,
    Limit,
    Quantity,
    Target,
    ThresholdSetting,
)
from pdu_agent.model.snapshot import Snapshot, Threshold

UNITS = "units of the quantity"

LIMITS = {
    "lowCritical": Limit.LOW_CRITICAL,
    "lowWarning": Limit.LOW_WARNING,
    "highWarning": Limit.HIGH_WARNING,
    "highCritical": Limit.HIGH_CRITICAL,
}
_LABELS = {limit: label for label, limit in LIMITS.items()}


def threshold_index(target: Target, quantity: Quantity) -> Oid:
    """The index of a threshold's row."""
    return TARGET_KIND.number_of(target.kind), target.index, QUANTITY.number_of(quantity)


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Threshold]]:
    for threshold in snapshot.thresholds:
        yield threshold_index(threshold.target, threshold.quantity), threshold


def _command(row: Threshold, setting: ThresholdSetting, value: Any) -> ConfigureThreshold:
    return ConfigureThreshold(row.target, row.quantity, setting, value)


def _value(
    number: int, name: str, syntax: Integer32 | Unsigned32, setting: ThresholdSetting
) -> ObjectType[Threshold]:
    """A value in the unit of the row's quantity, which is why its scale is not in the syntax."""
    return ObjectType(
        number,
        name,
        syntax,
        lambda row: getattr(row, setting.value) * scale_of(row.quantity),
        units=UNITS,
        to_command=lambda row, sent: _command(row, setting, sent / scale_of(row.quantity)),
    )


THRESHOLDS: Table[Threshold] = Table(
    suffix=(4, 1),
    name="opduThresholdTable",
    index=("opduThresholdTargetKind", "opduThresholdTargetIndex", "opduThresholdQuantity"),
    rows=_rows,
    outlet=lambda row: outlet_of(row.target),
    objects=(
        ObjectType(1, "opduThresholdTargetKind", TARGET_KIND),
        ObjectType(2, "opduThresholdTargetIndex", Unsigned32(1, 65_535)),
        ObjectType(3, "opduThresholdQuantity", QUANTITY),
        _value(4, "opduThresholdLowCritical", Integer32(), ThresholdSetting.LOW_CRITICAL),
        _value(5, "opduThresholdLowWarning", Integer32(), ThresholdSetting.LOW_WARNING),
        _value(6, "opduThresholdHighWarning", Integer32(), ThresholdSetting.HIGH_WARNING),
        _value(7, "opduThresholdHighCritical", Integer32(), ThresholdSetting.HIGH_CRITICAL),
        _value(8, "opduThresholdHysteresis", Unsigned32(), ThresholdSetting.HYSTERESIS),
        ObjectType(
            9,
            "opduThresholdDelay",
            Unsigned32(0, 3600),
            lambda row: row.delay_s,
            units="seconds",
            to_command=lambda row, delay_s: _command(row, ThresholdSetting.DELAY_S, delay_s),
        ),
        ObjectType(
            10,
            "opduThresholdEnabled",
            Bits(*LIMITS),
            lambda row: {_LABELS[limit] for limit in row.enabled},
            to_command=lambda row, labels: _command(
                row, ThresholdSetting.ENABLED, frozenset(LIMITS[label] for label in labels)
            ),
        ),
        ObjectType(11, "opduThresholdState", LIMIT_STATE, lambda row: row.state),
    ),
)
