"""The form of a rule between columns or between tables of a city folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from data.errors import ProblemList

Check = Callable[[Mapping[str, pd.DataFrame], ProblemList], None]
"""Takes the tables that could be read, by name (a table with problems is absent), and notes what is wrong.

The index of each table is the line of the row in its file: use it as `row`, and ``table(name).filename`` as `file`.
"""
