# SPDX-License-Identifier: Apache-2.0
"""Who is at the other end of a TCP connection: log-in, sessions, tokens, certificates."""
