# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduRuleTable: what is done when something holds."""

from __future__ import annotations

from pdu_agent.access.grant import EVERY_OUTLET
from pdu_agent.mib_impl.conventions import TruthValue
from pdu_agent.mib_impl.openpdu.metering import SIGNED_MILLI
from pdu_agent.mib_impl.openpdu.words import ENTRY_NUMBER, number_list
from pdu_agent.mib_impl.schema import ObjectType, Table, or_never
from pdu_agent.mib_impl.syntax import Counter32, DateAndTime, Enumerated, Utf8
from pdu_agent.model.commands import EnableRule
from pdu_agent.model.control import Rule, RuleState

STATE = Enumerated(
    (1, "disabled", RuleState.DISABLED),
    (2, "idle", RuleState.IDLE),
    (3, "waiting", RuleState.WAITING),
    (4, "active", RuleState.ACTIVE),
    (5, "blind", RuleState.BLIND),
    (6, "paused", RuleState.PAUSED),
)

RULES: Table[Rule] = Table(
    suffix=(13, 1),
    name="opduRuleTable",
    index=("opduRuleIndex",),
    rows=lambda snapshot: (((rule.number,), rule) for rule in snapshot.rules),
    outlet=lambda _: EVERY_OUTLET,
    objects=(
        ObjectType(1, "opduRuleIndex", ENTRY_NUMBER),
        ObjectType(2, "opduRuleName", Utf8(0, 32), lambda rule: rule.name),
        ObjectType(
            3,
            "opduRuleEnabled",
            TruthValue(),
            lambda rule: rule.enabled,
            to_command=lambda rule, enabled: EnableRule(rule.name, enabled),
        ),
        ObjectType(4, "opduRuleCondition", Utf8(), lambda rule: rule.condition),
        ObjectType(5, "opduRuleAction", Utf8(), lambda rule: rule.action),
        ObjectType(6, "opduRuleState", STATE, lambda rule: rule.state),
        ObjectType(7, "opduRuleSince", DateAndTime(), lambda rule: or_never(rule.since_wall_s)),
        ObjectType(8, "opduRuleValue", SIGNED_MILLI, lambda rule: rule.value),
        ObjectType(9, "opduRuleFirings", Counter32(), lambda rule: rule.fired),
        ObjectType(10, "opduRuleLastTime", DateAndTime(), lambda rule: or_never(rule.last_wall_s)),
        ObjectType(11, "opduRuleOutcome", Utf8(), lambda rule: rule.outcome),
        ObjectType(12, "opduRuleOutlets", Utf8(), lambda rule: number_list(rule.outlets)),
    ),
)
