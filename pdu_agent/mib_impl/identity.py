# SPDX-License-Identifier: Apache-2.0
"""Which MIBs an agent serves, and as what it introduces itself.

An agent has one sysObjectID, and managers that look at it use the MIB that goes with it.
The trees themselves are there whatever the identity: tools that are told what to expect
never look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pdu_agent.mib_impl.framework import OwnEngine, framework_modules
from pdu_agent.mib_impl.names import IDENTITIES, MIB_NAMES, OWN
from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC, openpdu_module, product_id
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.snmpv2 import Identity, SnmpCounters, snmpv2_module
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.snapshot import Snapshot

__all__ = ["IDENTITIES", "MIB_NAMES", "OWN"]

# Each is loaded when it is served: together they take 3 MB of a small board.


def _powernet() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.powernet import powernet_module

    return (powernet_module(),)


def _sentry3() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.sentry3 import sentry3_module

    return (sentry3_module(),)


def _sentry4() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.sentry4 import sentry4_module

    return (sentry4_module(),)


def _ups() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.ups import ups_module

    return (ups_module(),)


def _powernet_ups() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.powernet_ups import powernet_ups_module

    return (powernet_ups_module(),)


def _interfaces() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.host import interfaces_module

    return (interfaces_module(),)


def _host() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.host import host_resources_module

    return (host_resources_module(),)


def _entity() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.entity import entity_modules

    return entity_modules()


def _energy() -> Sequence[MibModule]:
    from pdu_agent.mib_impl.energy import energy_modules

    return energy_modules()


_MIBS: Mapping[str, Callable[[], Sequence[MibModule]]] = {
    "powernet": _powernet,
    "sentry3": _sentry3,
    "sentry4": _sentry4,
    "ups": _ups,
    "interfaces": _interfaces,
    "host": _host,
    "entity": _entity,
    "energy": _energy,
    "powernet-ups": _powernet_ups,
}


def agent_modules(
    uptime_s: Callable[[], float],
    counters: SnmpCounters,
    arc: Oid = DEFAULT_ARC,
    *,
    identity: str = "own",
    mibs: Sequence[str] = (OWN,),
    engine: OwnEngine | None = None,
    notified: NotificationCounters | None = None,
) -> tuple[MibModule, ...]:
    """The modules of an agent, SNMPv2-MIB first.

    uptime_s: `Controller.uptime_s`. counters: those that the SNMP engine counts in. arc:
    the OID of openpduMIB. identity, mibs: of IDENTITIES and MIB_NAMES. engine: None for a
    face that has no SNMP engine to tell of. notified: what became of notifications, None
    where nobody sends any.
    """
    framework = () if engine is None else framework_modules(engine, counters)
    own = (openpdu_module(arc, notified),) if OWN in mibs else ()
    others = [module for name, make in _MIBS.items() if name in mibs for module in make()]
    served = (*framework, *own, *others)
    return snmpv2_module(uptime_s, identity_of(identity, arc), counters, served), *served


def module_names(mib: str) -> frozenset[str]:
    """The MIB modules behind one of MIB_NAMES."""
    modules = (openpdu_module(),) if mib == OWN else _MIBS[mib]()
    return frozenset(module.name for module in modules)


def identity_of(name: str, arc: Oid = DEFAULT_ARC) -> Identity:
    """sysObjectID and sysDescr for one of IDENTITIES, as units of that make have them."""
    if name in _APC_CARDS:
        from pdu_agent.mib_impl.powernet import POWERNET, card_description

        return Identity((*POWERNET, 1, 3, 4, _APC_CARDS[name]), card_description)
    if name == "sentry3":
        from pdu_agent.mib_impl.sentry3 import SENTRY3

        return Identity(SENTRY3, lambda _: "Sentry Switched CDU")
    if name == "sentry4":
        from pdu_agent.mib_impl.sentry4 import SENTRY4

        return Identity(SENTRY4, lambda _: "Sentry Smart PDU")
    return Identity(product_id(arc), _own_description)


_APC_CARDS = {"apc-rpdu": 5, "apc-rpdu2": 6}
"""Last number of the kind of card, as units of the generation report it."""


def _own_description(snapshot: Snapshot) -> str:
    device = snapshot.device
    return f"{device.model}, OpenPDU agent {device.software_version}"
