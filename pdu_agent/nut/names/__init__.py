# SPDX-License-Identifier: Apache-2.0
"""The unit in NUT's names (RFC 9271, docs/nut-names.txt of NUT 2.8): variables and commands."""
