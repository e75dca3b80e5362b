"""Progress reports of long work, as JSON log records: whoever runs the work listens.

A component or a training loop calls `report`; a runner attaches a handler to the logger
`LOGGER_NAME` and shows, stores or forwards what arrives. Without a handler nothing happens.
"""

import json
import logging
from typing import Final

LOGGER_NAME: Final = "deepfake.progress"


def report(**fields: float | int | str) -> None:
    """Reports the state of the running work.

    Extraction sends `videos_done`, `videos_total`, `videos_rejected`; training sends `epoch`,
    `epochs`, `loss`, `val_auc`. Every report carries all fields known so far: the last one counts.
    """
    logging.getLogger(LOGGER_NAME).info(json.dumps(fields, sort_keys=True))
