"""Why a dashboard, or one panel of it, cannot be made.

DashboardError
├── PanelDataError     a file of `<run>/panels/` breaks its contract
├── NoRunsError        there is no run to show
└── NotEvaluatedError  a run has no evaluation to compare or show
"""

from typing import ClassVar


class DashboardError(Exception):
    """Base of what a reader of dashboards is told; the message says what to do.

    Attributes:
      code: Stable snake_case reason.
    """

    code: ClassVar[str] = "dashboard_error"


class PanelDataError(DashboardError):
    """A file that a panel is drawn from breaks its contract."""

    code = "panel_data"


class NoRunsError(DashboardError):
    """There is no run to show."""

    code = "no_runs"


class NotEvaluatedError(DashboardError):
    """A run has no evaluation."""

    code = "not_evaluated"
