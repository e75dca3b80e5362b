"""Progress reports of long work, as JSON log records: whoever runs the work listens.

A component or a training loop calls `report`; a runner attaches a handler to the logger
`LOGGER_NAME` and shows, stores or forwards what arrives. Without a handler nothing happens.
"""

import json
import logging
import math
import threading
import time
from typing import Final

LOGGER_NAME: Final = "deepfake.progress"
REPORT_SECONDS: Final = 0.25  # least time between two reports of a tally, but for the last


def report(**fields: float | int | str) -> None:
    """Reports the state of the running work.

    Extraction sends `videos_done`, `videos_total`, `videos_rejected`; training sends `epoch`,
    `epochs`, `loss`, `val_auc`. Every report carries all fields known so far: the last one counts.
    """
    logging.getLogger(LOGGER_NAME).info(json.dumps(fields, sort_keys=True))


class Tally:
    """Counts the videos that are done and reports the sums; for several threads.

    A report goes out with the first and the last video, and otherwise at most every
    REPORT_SECONDS. The sums are exact where one process does all the work.
    """

    def __init__(self, videos_total: int) -> None:
        """Starts at zero.

        Args:
          videos_total: Videos of the whole run.
        """
        self._lock = threading.Lock()
        self._total = videos_total
        self._done = self._rejected = 0
        self._reported_at = -math.inf

    def add(self, *, is_rejected: bool) -> None:
        """Counts one video."""
        with self._lock:
            self._done += 1
            self._rejected += is_rejected
            now = time.monotonic()
            if self._done == self._total or now - self._reported_at >= REPORT_SECONDS:
                self._reported_at = now
                report(
                    videos_done=self._done,
                    videos_total=self._total,
                    videos_rejected=self._rejected,
                )
