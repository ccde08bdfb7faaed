# SPDX-License-Identifier: Apache-2.0
"""Live events over HTTP (server-sent events): readings each second, and what changes."""
