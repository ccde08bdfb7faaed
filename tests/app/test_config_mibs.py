# SPDX-License-Identifier: Apache-2.0
"""Which MIBs are served, to whom the unit introduces itself as what, and who is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import ConfigErrors, check_file, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.mib_impl.identity import module_names
from pdu_agent.mib_impl.names import IDENTITIES, MIB_NAMES, USUAL_MIBS

CREDENTIALS = """\
schema: 1
communities: [{name: ops, community: "only-for-tests"}]
"""
TARGET = (
    "snmp: {credentials: s.yaml, targets: [{name: nms, address: h, credential: ops, mibs: %s}]}"
)


def write(folder: Path, text: str) -> Path:
    secrets = folder / "s.yaml"
    secrets.write_text(CREDENTIALS, encoding="utf-8")
    secrets.chmod(0o600)
    path = folder / "openpdu.yaml"
    path.write_text("schema: 1\n" + text + "\n", encoding="utf-8")
    return path


def load(folder: Path, text: str, environ: dict[str, str] | None = None) -> AgentSettings:
    return load_settings(write(folder, text), environ or {})


def test_all_but_what_misleads_tools_is_served_by_itself(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, "").snmp.mibs == USUAL_MIBS
    assert set(MIB_NAMES) - set(USUAL_MIBS) == {"powernet-ups"}
    assert load(tmp_path, "snmp: {mibs: [sentry3, openpdu]}").snmp.mibs == ("sentry3", "openpdu")
    environ = {"OPENPDU_SNMP_MIBS": "powernet,openpdu"}
    assert load(tmp_path, "", environ).snmp.mibs == ("powernet", "openpdu")


@pytest.mark.parametrize("identity", IDENTITIES)
def test_every_identity_is_a_word_of_the_file(tmp_path: Path, identity: str) -> None:
    assert load(tmp_path, f"snmp: {{identity: {identity}}}").snmp.identity == identity


@pytest.mark.parametrize("name", MIB_NAMES)
def test_every_name_of_a_mib_stands_for_something(name: str) -> None:
    assert module_names(name)
    assert set(IDENTITIES.values()) <= set(MIB_NAMES)


def test_a_target_is_told_what_it_asks_for(tmp_path: Path) -> None:
    (target,) = load(tmp_path, TARGET % "[powernet, sentry4]").snmp.targets
    assert target.mibs == ("powernet", "sentry4")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "snmp: {identity: apc}",
            "snmp.identity: 'apc' is none of them; expected one of own, apc-",
        ),
        (
            "snmp: {mibs: [openpdu, sentry5]}",
            f"snmp.mibs[1]: 'sentry5' is none of them; expected one of {', '.join(MIB_NAMES)} "
            "(did you mean sentry",
        ),
        ("snmp: {mibs: powernet}", "snmp.mibs: 'powernet'; expected a list"),
        ("snmp: {mibs: [openpdu, openpdu]}", "snmp.mibs[1]: openpdu is named twice"),
        (TARGET % "[sentry]", "snmp.targets[0].mibs[0]: 'sentry' is none of them"),
        (TARGET % "[ups, ups]", "snmp.targets[0].mibs[1]: ups is named twice"),
        (
            TARGET.replace("{cred", "{mibs: [openpdu], cred") % "[openpdu, powernet]",
            "snmp.targets[0].mibs[1]: powernet is not among snmp.mibs",
        ),
    ],
)
def test_a_name_that_means_nothing_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigErrors) as found:
        load(tmp_path, text)
    errors = [line for line in found.value.problems if ": warning: " not in line]
    assert len(errors) == 1, errors
    assert complaint in errors[0]


def test_a_word_in_the_environment_is_checked_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"OPENPDU_SNMP_MIBS.*'rpdu' is none of them"):
        load(tmp_path, "", {"OPENPDU_SNMP_MIBS": "openpdu,rpdu"})


def test_an_identity_whose_mib_is_not_served_is_unwise(tmp_path: Path) -> None:
    path = write(tmp_path, "snmp: {identity: sentry4, mibs: [openpdu]}")
    warnings = [problem.text for problem in check_file(path, {}) if "identity" in problem.text]
    assert warnings == [
        "snmp.identity: managers of sentry4 look for sentry4, which is not among snmp.mibs"
    ]
    path = write(tmp_path, "snmp: {identity: sentry4, mibs: [sentry4]}")
    assert not [problem for problem in check_file(path, {}) if "identity" in problem.text]
