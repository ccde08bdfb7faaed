# SPDX-License-Identifier: Apache-2.0
"""net-snmp's own snmpd with a given tree, to hold the agent against; for snmp_vs_snmpd.py.

The tree is served by flat_module.c where it can be compiled, otherwise by `override` lines
of snmpd.conf. snmpd runs as Debian starts it, but with its own files in a folder of ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import repository  # noqa: F401
from snmp_questions import OBJECT_ID, OCTET_STRING, Content, Name, Tree
from snmp_usm import Credential

from tests.snmp import ber

HERE = Path(__file__).parent
DAEMON_PACKAGE = "snmpd"
COMPILER_PACKAGES = ("gcc", "libc6-dev", "libsnmp-dev")
HEADER = Path("/usr/include/net-snmp/net-snmp-config.h")
SBIN = "/usr/sbin"
"""Not in everybody's PATH."""
DEBIAN_OPTIONS = ("-I", "-smux,mteTrigger,mteTriggerConf")
COUNTER64 = 0x46
C_TYPES = {
    0x02: "ASN_INTEGER",
    OCTET_STRING: "ASN_OCTET_STR",
    OBJECT_ID: "ASN_OBJECT_ID",
    0x40: "ASN_IPADDRESS",
    0x41: "ASN_COUNTER",
    0x42: "ASN_GAUGE",
    0x43: "ASN_TIMETICKS",
    COUNTER64: "ASN_COUNTER64",
}
OVERRIDE_TYPES = {
    0x02: "integer",
    OCTET_STRING: "octet_str",
    OBJECT_ID: "object_id",
    0x41: "counter",
    0x42: "uinteger",
}
"""What `override` knows; other types become integers."""


class CannotInstall(Exception):
    """A program is missing, and may not or cannot be installed."""


def find_snmpd() -> str:
    """Where snmpd is; installs it as root. Raises CannotInstall, which says what to do."""
    path = _daemon()
    if path is None:
        install(DAEMON_PACKAGE)
        path = _daemon()
    if path is None:
        raise CannotInstall(f"{DAEMON_PACKAGE} is installed, but snmpd is not in PATH or {SBIN}")
    return path


def _daemon() -> str | None:
    return shutil.which("snmpd", path=os.pathsep.join((os.environ.get("PATH", ""), SBIN)))


def find_compiler() -> str | None:
    """gcc, when it and net-snmp's headers are there or could be installed; else None."""
    if shutil.which("gcc") is None or not HEADER.exists():
        try:
            install(*COMPILER_PACKAGES)
        except CannotInstall:
            return None
    return shutil.which("gcc") if HEADER.exists() else None


def install(*packages: str) -> None:
    """Raises CannotInstall with the command that somebody else may run."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    advice = f"please run, as root: {' '.join(command)}"
    if shutil.which(command[0]) is None:
        raise CannotInstall(f"{' '.join(packages)} missing, and this is no Debian: {advice}")
    if os.geteuid() != 0:
        raise CannotInstall(f"{' '.join(packages)} missing: {advice}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise CannotInstall(f"apt-get failed ({' '.join(reason)}): {advice}")


class Anchor:
    """One way to serve `contents`; `running` starts an snmpd with it, more than once if wanted.

    how: for people. tree: what it will serve, which differs where `override` knows no type.
    """

    def __init__(self, folder: Path, root: Name, contents: Mapping[Name, Content]) -> None:
        self._folder = folder
        self._daemon = find_snmpd()
        self._compiler = find_compiler()
        still = {name: Content(content.tag, content.octets) for name, content in contents.items()}
        if self._compiler is not None:
            self.how = "flat C module"
            self.tree = Tree(still)
            (folder / "flat_values.h").write_text(c_values(root, self.tree), encoding="ascii")
            module = self._compile("flat_module.c", "-I", str(folder))
            self._lines = [f"dlmod flat_module {module}"]
        else:
            self.how = "override lines"
            self.tree = Tree({name: overridden(content) for name, content in still.items()})
            self._lines = list(override_lines(self.tree))

    @property
    def can_do_without_libwrap(self) -> bool:
        return self._compiler is not None

    def _compile(self, source: str, *options: str) -> Path:
        target = self._folder / Path(source).with_suffix(".so")
        command = [str(self._compiler), "-O2", "-fPIC", "-shared", *options]
        subprocess.run([*command, "-o", str(target), str(HERE / source)], check=True)
        return target

    @contextmanager
    def running(
        self, port: int, community: str, credential: Credential, libwrap: bool = True
    ) -> Iterator[int]:
        """An snmpd on 127.0.0.1:`port`; its process number."""
        folder = self._folder / f"snmpd-{port}"
        folder.mkdir()
        lines = [
            f"agentaddress udp:127.0.0.1:{port}",
            f"rocommunity {community} 127.0.0.1",
            f'createUser {credential.user} SHA-256 "{credential.auth_pass}"'
            f' AES "{credential.priv_pass}"',
            f"rouser {credential.user} priv",
            *self._lines,
        ]
        configuration = folder / "snmpd.conf"
        configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""}
        if not libwrap:
            environment["LD_PRELOAD"] = str(self._compile("no_libwrap.c"))
        command = [self._daemon, "-f", "-C", "-c", str(configuration), *DEBIAN_OPTIONS]
        command += ["-Lf", str(folder / "log"), "-p", str(folder / "pid")]
        process = subprocess.Popen(command, env=environment)
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait()


# -- the tree in C ----------------------------------------------------------------------


def c_values(root: Name, tree: Tree) -> str:
    """flat_values.h: one constant for each name and value, and the table of them."""
    constants, rows = [], []
    for number, (name, content) in enumerate(tree.contents.items()):
        constants.append(f"static const oid n{number}[] = {{{_numbers(name)}}};")
        constants.append(f"static const {_c_value(f'v{number}', content)};")
        octets = len(content.octets) if content.tag == OCTET_STRING else f"sizeof v{number}"
        kind = C_TYPES[content.tag]
        rows.append(f"    {{n{number}, OID_LENGTH(n{number}), {kind}, v{number}, {octets}}},")
    table = ["static const struct entry entries[] = {", *rows, "};"]
    return "\n".join([f"#define ROOT {_numbers(root)}", *constants, *table]) + "\n"


def _c_value(name: str, content: Content) -> str:
    if content.tag in (OCTET_STRING, 0x40):
        return f"u_char {name}[] = {{{_numbers(content.octets) or '0'}}}"
    if content.tag == OBJECT_ID:
        return f"oid {name}[] = {{{_numbers(ber.to_oid((OBJECT_ID, content.octets)))}}}"
    number = ber.to_int((content.tag, content.octets))
    if content.tag == COUNTER64:
        return f"struct counter64 {name}[] = {{{{{number >> 32}u, {number & 0xFFFF_FFFF}u}}}}"
    return f"long {name}[] = {{{number}L}}"


def _numbers(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))


# -- the tree in snmpd.conf -------------------------------------------------------------


def overridden(content: Content) -> Content:
    """The value as `override` can give it."""
    if content.tag in OVERRIDE_TYPES:
        return content
    low = int.from_bytes(content.octets[-4:], "big") & 0x7FFF_FFFF
    octets = ber.integer(low)[1]
    assert isinstance(octets, bytes)
    return Content(0x02, octets)


def override_lines(tree: Tree) -> Iterator[str]:
    for name, content in tree.contents.items():
        kind = OVERRIDE_TYPES[content.tag]
        if content.tag == OCTET_STRING:
            value = "0x" + content.octets.hex() if content.octets else '""'
        elif content.tag == OBJECT_ID:
            value = "." + ".".join(map(str, ber.to_oid((OBJECT_ID, content.octets))))
        else:
            value = str(ber.to_int((content.tag, content.octets)))
        yield f"override .{'.'.join(map(str, name))} {kind} {value}"
