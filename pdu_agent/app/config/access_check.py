# SPDX-License-Identifier: Apache-2.0
"""Whether what credentials may do fits the rest: views, outlets, targets, and what is unwise.

Complaints about the secrets file name places there, and repeat nothing of it but names of
views and numbers of outlets that were found to be such.
"""

from __future__ import annotations

from pdu_agent.access.grant import Rights
from pdu_agent.access.outlet_rights import outlet_span
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.tree import ListNode, Node, Problems, Scalar, node_at
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, SecurityLevel
from pdu_agent.snmp.settings import TargetSettings, TargetVersion

_CREDENTIAL = "(communities|users)#"
_SHOWN_NUMBERS = 8


def check_access(root: Node, main: Checker, secrets: Checker | None, problems: Problems) -> None:
    """Report what does not fit between the file `root`, as `main` read it, and the secrets.

    secrets: None when no file is named; then targets have no credentials to send with.
    """
    _check_targets(main, secrets, problems)
    if secrets is not None:
        check = _CredentialCheck(root, main, secrets, problems)
        check.twins()
        check.views()
        check.outlets()
        check.weak_users()
        check.open_communities()


class _CredentialCheck:
    def __init__(self, root: Node, main: Checker, secrets: Checker, problems: Problems) -> None:
        self._root = root
        self._main = main
        self._secrets = secrets
        self._problems = problems

    def _error(self, path: str, text: str) -> None:
        self._problems.error(self._secrets.place(path), f"{path}: {text}")

    def _warn(self, path: str, text: str) -> None:
        self._problems.warn(self._secrets.place(path), f"{path}: {text}")

    def twins(self) -> None:
        for pattern in ("communities#.name", "communities#.community", "users#.name"):
            first: dict[str, str] = {}
            for path, value in self._secrets.found(pattern):
                if value in first:
                    place = self._secrets.place(first[value])
                    self._error(path, f"is given to two entries; the first is at {place}")
                first.setdefault(value, path)

    def views(self) -> None:
        names = _said(node_at(self._root, ["snmp", "views"]), "name")
        for path, view in self._secrets.found(f"{_CREDENTIAL}.view"):
            if view and view not in names:
                hint = nearest(view, names)
                self._error(path, f"none of `snmp.views` is called so{hint}")

    def outlets(self) -> None:
        configured = self._configured_outlets()
        if configured is None:
            return
        for path, credential in self._secrets.found(_CREDENTIAL):
            for text in credential.outlets:
                missing = [number for number in outlet_span(text) if number not in configured]
                if missing:
                    more = ", ..." if len(missing) > _SHOWN_NUMBERS else ""
                    numbers = ", ".join(map(str, missing[:_SHOWN_NUMBERS])) + more
                    self._error(f"{path}.outlets.{text}", f"there is no outlet {numbers}")

    def _configured_outlets(self) -> set[int] | None:
        """None while it cannot be told, because not all of them could be read."""
        numbers = {number for _, number in self._main.found("outlets#.number")}
        entries = node_at(self._root, ["outlets"])
        if isinstance(entries, ListNode):
            return numbers if len(numbers) == len(entries.items) else None
        csv = node_at(self._root, ["outlets_csv"])
        return None if entries is not None or (isinstance(csv, Scalar) and csv.text) else set()

    def weak_users(self) -> None:
        for path, user in self._secrets.found("users#"):
            if user.level is SecurityLevel.NO_AUTH_NO_PRIV:
                self._warn(f"{path}.auth", "none: whoever knows the name is taken for this user")
            if user.auth is AuthProtocol.MD5:
                self._warn(f"{path}.auth", "md5 is broken; use sha256 where the manager knows it")
            if user.priv is PrivProtocol.DES:
                self._warn(f"{path}.priv", "des is broken; use aes128 where the manager knows it")

    def open_communities(self) -> None:
        for path, community in self._secrets.found("communities#"):
            if community.highest.cover(Rights.SWITCH) and not community.networks:
                self._warn(
                    path,
                    f"may {community.highest.value} from anywhere, and can be read on its way;"
                    " give it `networks`, or use an SNMPv3 user",
                )


def _check_targets(main: Checker, secrets: Checker | None, problems: Problems) -> None:
    for path, target in main.found("snmp.targets#"):
        path = f"{path}.credential"
        if secrets is None:
            text = "no secrets file is named in snmp.credentials"
        else:
            text = _unknown_credential(target, secrets)
        if text:
            problems.error(main.place(path), f"{path}: {text}")


def _unknown_credential(target: TargetSettings, secrets: Checker) -> str:
    """What is wrong with the target's credential; empty when it is there."""
    wanted, other = "communities", "users"
    if target.version is TargetVersion.V3:
        wanted, other = other, wanted
    names = [name for _, name in secrets.found(f"{wanted}#.name")]
    if target.credential in names:
        return ""
    hint = nearest(target.credential, names)
    if target.credential in [name for _, name in secrets.found(f"{other}#.name")]:
        hint = f"; it is one of `{other}`, and version is {target.version.value}"
    return f"none of `{wanted}` in the secrets file is called {target.credential!r}{hint}"


def _said(entries: Node | None, key: str) -> set[str]:
    """What the entries of a list say for `key`, be the entries right or wrong in all else."""
    items = entries.items if isinstance(entries, ListNode) else ()
    nodes = [node_at(entry, [key]) for entry in items]
    return {node.text for node in nodes if isinstance(node, Scalar)}
