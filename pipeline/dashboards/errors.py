"""Why a dashboard, or one page of it, cannot be made.

DashboardError
├── NoRunsError               there is no run to show
├── UnreadableRunError        the report or the journal of a run
├── ConfigurationRecordError  the configuration that a run wrote down
├── TrainingRecordError       what a training wrote of itself
├── UnreadableExamplesError   the examples that face crops come from
├── PanelDataError            a file of `<run>/panels/` breaks its contract
├── NothingRecordedError      ML Metadata knows nothing of a run to compare
└── PortInUseError            something else listens where pages are to be served
"""

from typing import ClassVar


class DashboardError(Exception):
    """Base of what a reader of dashboards is told; the message says what to do.

    Attributes:
      code: Stable snake_case reason.
    """

    code: ClassVar[str] = "dashboard_error"


class NoRunsError(DashboardError):
    """There is no run to show."""

    code = "no_runs"


class UnreadableRunError(DashboardError):
    """The report or the journal of a run cannot be read."""

    code = "unreadable_run"


class ConfigurationRecordError(DashboardError):
    """The configuration that a run wrote down cannot be read."""

    code = "configuration_record"


class TrainingRecordError(DashboardError):
    """What a training wrote of itself cannot be read."""

    code = "training_record"


class UnreadableExamplesError(DashboardError):
    """The examples that face crops come from are torn."""

    code = "unreadable_examples"


class PanelDataError(DashboardError):
    """A file that a panel is drawn from breaks its contract."""

    code = "panel_data"


class NothingRecordedError(DashboardError):
    """ML Metadata has no records of a run that is to be compared."""

    code = "nothing_recorded"


class PortInUseError(DashboardError):
    """Something else listens there."""

    code = "port_in_use"
