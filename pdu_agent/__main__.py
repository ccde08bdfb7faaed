# SPDX-License-Identifier: Apache-2.0
"""`python -m pdu_agent` is the `openpdu` command."""

import sys

from pdu_agent.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
