# SPDX-License-Identifier: Apache-2.0
"""When a plan is due: times of day, cron lines, the sun, single dates, presence. No I/O."""

from pdu_agent.core.calendar.occurrence import Occurrence, Place
from pdu_agent.core.calendar.occurrences import YEAR_S, Calendar
from pdu_agent.core.calendar.settings import WhenSettings

__all__ = ["YEAR_S", "Calendar", "Occurrence", "Place", "WhenSettings"]
