# SPDX-License-Identifier: Apache-2.0
"""What Sentry3-MIB and Sentry4-MIB have in common."""
