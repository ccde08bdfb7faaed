# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2: the unit as a whole, from what its inlets and outlets tell.

A value of the whole is a sum over the inlets; where one of them does not know its part there
is no sum. Limits, loads and peaks cannot be added up: there are some with a single inlet only.
"""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.mib_impl.powernet.rpdu2_columns import tenths_kwh
from pdu_agent.mib_impl.powernet.words import total, watches
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.snapshot import Inlet, Meter, Snapshot, Threshold


def active_w(snapshot: Snapshot) -> float | None:
    return total(snapshot, lambda electrical: electrical.active_power_w)


def apparent_va(snapshot: Snapshot) -> float | None:
    return total(snapshot, lambda electrical: electrical.apparent_power_va)


def power_factor(snapshot: Snapshot) -> float | None:
    """0 without load, as of an inlet."""
    watts, volt_amperes = active_w(snapshot), apparent_va(snapshot)
    if watts is None or volt_amperes is None:
        return None
    return watts / volt_amperes if volt_amperes else 0


def energy_tenths_kwh(snapshot: Snapshot) -> int:
    """Of the meters that people reset."""
    return tenths_kwh(sum(inlet.meter.user_energy_mj for inlet in snapshot.inlets))


def energy_since_s(snapshot: Snapshot) -> float | None:
    """Wall time."""
    return _first_reset_s(inlet.meter for inlet in snapshot.inlets)


def outlets_energy_since_s(snapshot: Snapshot) -> float | None:
    """Wall time; None without metered outlets."""
    meters = [outlet.meter for outlet in snapshot.outlets]
    return _first_reset_s(meter for meter in meters if meter is not None)


def _first_reset_s(meters: Iterable[Meter]) -> float | None:
    """The time from which on none of what was counted is left out; None if it is not known."""
    resets = [meter.user_since_wall_s for meter in meters]
    known = [wall_s for wall_s in resets if wall_s is not None]
    return min(known) if known and len(known) == len(resets) else None


def only_inlet(snapshot: Snapshot) -> Inlet | None:
    return snapshot.inlets[0] if len(snapshot.inlets) == 1 else None


def only_meter(snapshot: Snapshot) -> Meter | None:
    inlet = only_inlet(snapshot)
    return None if inlet is None else inlet.meter


def power_watch(snapshot: Snapshot) -> Threshold | None:
    """The threshold for the power of the only inlet."""
    inlet = only_inlet(snapshot)
    if inlet is None:
        return None
    target = Target(TargetKind.INLET, inlet.index)
    return watches(snapshot).get((target, Quantity.ACTIVE_POWER))


def largest_rating_a(snapshot: Snapshot) -> float | None:
    ratings = [inlet.meter.rated_current_a for inlet in snapshot.inlets]
    return max((amperes for amperes in ratings if amperes is not None), default=None)


def rating_w(snapshot: Snapshot) -> float | None:
    """What all inlets together can carry at their nominal voltage."""
    ratings = [(inlet.meter.rated_current_a, inlet.nominal_voltage_v) for inlet in snapshot.inlets]
    watts = [amperes * volts for amperes, volts in ratings if amperes is not None]
    return sum(watts) if watts and len(watts) == len(ratings) else None
