# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduInletTable: the connectors that feed the unit."""

from __future__ import annotations

from pdu_agent.mib_impl.openpdu.metering import (
    SIGNED_MILLI,
    UNSIGNED_MILLI,
    crest_object,
    measured_objects,
    metering_status,
    peak_details,
    peak_objects,
    quality_objects,
    status_object,
)
from pdu_agent.mib_impl.openpdu.words import (
    INLET_NUMBER,
    METERING_STATUS,
    OVERLOAD_RESTRICTION,
    RATED_CURRENT,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Unsigned32, Utf8
from pdu_agent.model.commands import ConfigureInlet, InletSetting, Target, TargetKind
from pdu_agent.model.snapshot import Inlet, Meter


def _meter(inlet: Inlet) -> Meter:
    return inlet.meter


def _target(inlet: Inlet) -> Target:
    return Target(TargetKind.INLET, inlet.index)


INLETS: Table[Inlet] = Table(
    suffix=(2, 1),
    name="opduInletTable",
    index=("opduInletIndex",),
    rows=lambda snapshot: (((inlet.index,), inlet) for inlet in snapshot.inlets),
    objects=(
        ObjectType(1, "opduInletIndex", INLET_NUMBER),
        ObjectType(
            2,
            "opduInletName",
            Utf8(0, 32),
            lambda inlet: inlet.name,
            to_command=lambda inlet, text: ConfigureInlet(inlet.index, InletSetting.NAME, text),
        ),
        ObjectType(3, "opduInletLineCount", Unsigned32(1, 3), lambda inlet: inlet.line_count),
        *measured_objects("opduInlet", 4, _meter),
        ObjectType(
            16,
            "opduInletRatedCurrent",
            RATED_CURRENT,
            lambda inlet: inlet.meter.rated_current_a,
            units="milliamperes",
            to_command=lambda inlet, amperes: ConfigureInlet(
                inlet.index, InletSetting.RATED_CURRENT_A, amperes
            ),
        ),
        status_object(17, "opduInletMeterStatus", _meter),
        *peak_objects("opduInlet", 18, _meter, _target),
        crest_object(21, "opduInletCrestFactor", _meter),
        *peak_details("opduInlet", 22, _meter),
        ObjectType(
            26,
            "opduInletNominalVoltage",
            Unsigned32(50_000, 500_000, scale=1000),
            lambda inlet: inlet.nominal_voltage_v,
            units="millivolts",
            to_command=lambda inlet, volts: ConfigureInlet(
                inlet.index, InletSetting.NOMINAL_VOLTAGE_V, volts
            ),
        ),
        ObjectType(
            27,
            "opduInletOverloadRestriction",
            OVERLOAD_RESTRICTION,
            lambda inlet: inlet.overload_restriction,
            to_command=lambda inlet, restriction: ConfigureInlet(
                inlet.index, InletSetting.OVERLOAD_RESTRICTION, restriction
            ),
        ),
        *quality_objects("opduInlet", 28, _meter),
        ObjectType(
            36,
            "opduInletResidualCurrent",
            UNSIGNED_MILLI,
            lambda inlet: inlet.residual.electrical.current_a if inlet.residual else None,
            units="milliamperes",
        ),
        ObjectType(
            37,
            "opduInletResidualStatus",
            METERING_STATUS,
            lambda inlet: metering_status(inlet.residual) if inlet.residual else None,
        ),
        ObjectType(
            38,
            "opduInletImbalance",
            Unsigned32(scale=10),
            lambda inlet: inlet.imbalance_percent,
            units="tenths of a percent",
        ),
        ObjectType(
            39,
            "opduInletUnaccountedPower",
            SIGNED_MILLI,
            lambda inlet: inlet.unaccounted_w,
            units="milliwatts",
        ),
    ),
)
