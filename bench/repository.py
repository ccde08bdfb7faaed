# SPDX-License-Identifier: Apache-2.0
"""Makes the repository's own packages importable for a bench that is run as a script."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
