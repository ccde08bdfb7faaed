# SPDX-License-Identifier: Apache-2.0
"""Reading an agent's answers so strictly that whatever is not canonical is an error.

RFC 3417 section 8 (definite lengths, primitive strings), X.690 sections 8.3.2 and 8.19.2
(shortest integers and sub-identifiers), RFC 3416 section 3 (what a response consists of),
RFC 3412 section 6 and RFC 3414 section 2.4 (v3). Everything here raises ValueError.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from tests.snmp import ber
from tests.snmp.ber import Node
from tests.snmp.usm_client import AUTH, PRIV, REPORTABLE, USM, Usm, decrypted

Oid = tuple[int, ...]

_LAST_STATUS = {0: 5, 1: 18, 3: 18}
_MIN_MESSAGE = 484
_INTEGERS = {  # tag: lowest and highest value
    0x02: (-(2**31), 2**31 - 1),
    0x41: (0, 2**32 - 1),
    0x42: (0, 2**32 - 1),
    0x43: (0, 2**32 - 1),
    0x46: (0, 2**64 - 1),
}
_SIZES = {0x04: range(0x10000), 0x44: range(0x10000), 0x40: range(4, 5), 0x05: range(1)}
_EXCEPTIONS = (ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE, ber.END_OF_MIB_VIEW)


@dataclass(frozen=True, slots=True)
class Security:
    """What a v3 answer says about itself; flags as in msgFlags."""

    message_id: int
    max_size: int
    flags: int
    engine_id: bytes
    boots: int
    time_s: int
    user: bytes
    context_engine_id: bytes
    context: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """tag: RESPONSE or REPORT. varbinds: name, tag of the value, its content octets.

    community is None in v3, security is None otherwise.
    """

    version: int
    tag: int
    request_id: int
    status: int
    index: int
    varbinds: tuple[tuple[Oid, int, bytes], ...]
    community: bytes | None = None
    security: Security | None = None


def open_answer(data: bytes, users: Iterable[Usm] = (), *, shortest: bool = True) -> Answer:
    """Decode one message of an agent. users: whose answers can be verified and decrypted.

    shortest: lengths have to be as short as possible, which BER does not ask for.
    """
    tree = _tree(data, shortest)
    version = _integer(_parts(tree)[0], 0, 3)
    if version == 3:
        return _open_v3(data, tree, {user.name: user for user in users}, shortest)
    if version not in (0, 1):
        raise ValueError(f"version {version}")
    _, community, pdu = _parts(tree, 3)
    return _open_pdu(pdu, version, _octets(community), None)


def _tree(data: bytes, shortest: bool) -> Node:
    tree = ber.decode(data)
    if shortest and ber.encode(tree) != data:
        raise ValueError("a length is not written in its shortest form")
    return tree


def _open_pdu(
    pdu: Node, version: int, community: bytes | None, security: Security | None
) -> Answer:
    tag = pdu[0]
    if tag != ber.RESPONSE and not (tag == ber.REPORT and version == 3):
        raise ValueError(f"an agent's answer in version {version} with tag 0x{tag:02x}")
    request_id, status, index, bindings = _parts(pdu, 4, tag)
    varbinds = tuple(_varbind(binding, version) for binding in _parts(bindings))
    answer = Answer(
        version,
        tag,
        _integer(request_id, -(2**31), 2**31 - 1),
        _integer(status, 0, _LAST_STATUS[version]),
        _integer(index, 0, len(varbinds)),
        varbinds,
        community,
        security,
    )
    if answer.index and not answer.status:
        raise ValueError("an error-index without an error")
    return answer


def _varbind(node: Node, version: int) -> tuple[Oid, int, bytes]:
    name, value = _parts(node, 2)
    _check_value(value, version)
    return _name(name), value[0], ber.content(value)


def _check_value(value: Node, version: int) -> None:
    tag, octets = value[0], len(ber.content(value))
    if version == 0 and (tag in _EXCEPTIONS or tag == 0x46):
        raise ValueError(f"v1 has no value with tag 0x{tag:02x}")
    if tag in _INTEGERS:
        _integer(value, *_INTEGERS[tag], tag)
    elif tag == 0x06:
        _name(value)
    elif tag in _EXCEPTIONS:
        if octets:
            raise ValueError("an exception with content")
    elif octets not in _SIZES.get(tag, range(0)):
        raise ValueError(f"value with tag 0x{tag:02x} of {octets} octets")


def _open_v3(data: bytes, tree: Node, users: dict[bytes, Usm], shortest: bool) -> Answer:
    _, header, parameters, message_data = _parts(tree, 4)
    message_id, max_size, flags, model = _parts(header, 4)
    (flag,) = _octets(flags)
    if flag & ~(AUTH | PRIV | REPORTABLE) or flag & (AUTH | PRIV) == PRIV:
        raise ValueError(f"msgFlags 0x{flag:02x}")
    if _integer(model, 0, 2**31 - 1) != USM:
        raise ValueError("not of the User-based Security Model")
    engine_id, boots, time_s, name, digest, salt = _parts(_tree(_octets(parameters), shortest), 6)
    user = users.get(_octets(name), Usm(_octets(name)))
    engine, clock = _octets(engine_id), (_integer(boots, 0, 2**31 - 1), _integer(time_s, 0, 2**31))
    if flag & AUTH:
        _verify(data, _octets(digest), user, engine)
    elif _octets(digest) or _octets(salt):
        raise ValueError("digest or salt without authentication")
    if flag & PRIV:
        key = user.priv_key(engine)
        plain = decrypted(key, *clock, _octets(salt, 8), _octets(message_data))
        message_data = _tree(plain, shortest)
    context_engine_id, context, pdu = _parts(message_data, 3)
    security = Security(
        _integer(message_id, 0, 2**31 - 1),
        _integer(max_size, _MIN_MESSAGE, 2**31 - 1),
        flag,
        engine,
        *clock,
        _octets(name),
        _octets(context_engine_id),
        _octets(context),
    )
    return _open_pdu(pdu, 3, None, security)


def _verify(data: bytes, digest: bytes, user: Usm, engine_id: bytes) -> None:
    if not user.auth_pass or len(digest) != user.digest_octets:
        raise ValueError(f"digest of {len(digest)} octets for user {user.name!r}")
    if data.count(digest) != 1:
        raise ValueError("the digest stands in the message more than once")
    bare = data.replace(digest, bytes(len(digest)))
    right = hmac.new(user.auth_key(engine_id), bare, user.hash_name).digest()
    if digest != right[: len(digest)]:
        raise ValueError("wrong digest")


def _parts(node: Node, number: int | None = None, tag: int = 0x30) -> list[Node]:
    if node[0] != tag or isinstance(node[1], bytes):
        raise ValueError(f"tag 0x{node[0]:02x} where 0x{tag:02x} was expected")
    if number is not None and len(node[1]) != number:
        raise ValueError(f"{len(node[1])} elements where {number} were expected")
    return node[1]


def _octets(node: Node, number: int | None = None) -> bytes:
    content = ber.content(node)
    if node[0] != 0x04 or (number is not None and len(content) != number):
        raise ValueError(f"no string of the right size: tag 0x{node[0]:02x}, {len(content)} octets")
    return content


def _integer(node: Node, lowest: int, highest: int, tag: int = 0x02) -> int:
    content = ber.content(node)
    if node[0] != tag or not content:
        raise ValueError(f"tag 0x{node[0]:02x}, {len(content)} octets for an integer")
    value = int.from_bytes(content, "big", signed=True)
    if not lowest <= value <= highest or ber.integer(value, tag)[1] != content:
        raise ValueError(f"integer {value} out of range, or not in its shortest form")
    return value


def _name(node: Node) -> Oid:
    content = ber.content(node)
    if node[0] != 0x06 or not content or content[-1] & 0x80:
        raise ValueError("no complete object identifier")
    name = ber.to_oid(node)
    if len(name) > 128 or max(name) > 2**32 - 1 or ber.oid(name)[1] != content:
        raise ValueError(f"object identifier {name} out of range, or not in its shortest form")
    return name
