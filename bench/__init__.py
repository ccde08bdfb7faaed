# SPDX-License-Identifier: Apache-2.0
"""Lets `python -m bench.NAME` find what `python bench/NAME.py` finds beside itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
