"""Where the page of all runs leads: only to pages that are written."""

import dataclasses

from pipeline.dashboards import addresses
from pipeline.journal.dashboard_folder import DashboardFolder


@dataclasses.dataclass(frozen=True)
class Links:
    """Addresses relative to the folder of `site`."""

    site: DashboardFolder

    def run(self, run_id: str) -> str:
        """The first page of a run; empty where it is not written."""
        page = self.site.run(run_id) / "index.html"
        return addresses.of_run(run_id) if page.is_file() else ""

    def comparison(self, before: str, after: str) -> str:
        """The page of two runs; empty where it is not written."""
        is_there = self.site.comparison(before, after).is_file()
        return addresses.of_comparison(before, after) if is_there else ""
