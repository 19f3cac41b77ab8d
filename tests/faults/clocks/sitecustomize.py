"""Python reads this when a server starts whose clock is wrong: tests/faults/test_clock.py puts this folder on its path.

The clock of the whole server is one function. What it gives is shifted by as many seconds as the file says.
"""

import os
from datetime import timedelta
from pathlib import Path

from consent_server.services import clock

right = clock.now
offset = Path(os.environ["CONSENT_TEST_CLOCK"])

clock.now = lambda: right() + timedelta(seconds=int(offset.read_text()))
