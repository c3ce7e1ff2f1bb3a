"""Self-contained HTML pages: what was found, to be read offline and sent by mail."""

from laveran.report.examples import Example
from laveran.report.run_report import RunReport, render, write

__all__ = ["Example", "RunReport", "render", "write"]
