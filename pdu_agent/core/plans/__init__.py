# SPDX-License-Identifier: Apache-2.0
"""Plans: what is switched at times, or once something has been counted."""
