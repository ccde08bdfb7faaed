# SPDX-License-Identifier: Apache-2.0
"""Users and tokens: who they are and what they may do; no I/O, and no protocol in it."""
