# SPDX-License-Identifier: Apache-2.0
"""When a plan is due: times of day, cron lines, the sun, single dates, presence. No I/O."""
