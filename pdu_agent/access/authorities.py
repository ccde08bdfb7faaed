# SPDX-License-Identifier: Apache-2.0
"""Whom a client of TLS believes, the same on every Python."""

from __future__ import annotations

import ssl


def verifying(ca_file: str) -> ssl.SSLContext:
    """The server's certificate must be for its host, from an authority of `ca_file`, or where that
    is empty from one of the system's. Blocks: files are read. Raises OSError.

    Not create_default_context: from Python 3.13 on that refuses an authority without keyUsage
    (VERIFY_X509_STRICT), as the openssl commands of most guides make it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    return context
