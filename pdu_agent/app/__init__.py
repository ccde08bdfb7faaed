# SPDX-License-Identifier: Apache-2.0
"""The top floor: configuration, composition, the command line."""

import os

# Read by numpy's BLAS when it loads. The agent multiplies small arrays only; a pool of
# threads would cost memory and gain nothing.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
