# SPDX-License-Identifier: Apache-2.0
"""Programs that other people wrote for PDUs, and what is shipped for them in contrib/."""
