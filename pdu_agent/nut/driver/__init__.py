# SPDX-License-Identifier: Apache-2.0
"""A device as upsd meets it: the driver's side of NUT's driver protocol, and its socket."""
