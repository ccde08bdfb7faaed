# SPDX-License-Identifier: Apache-2.0
"""HTTPS: certificates, one's own or made here, and the socket that speaks it."""
