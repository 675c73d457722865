"""Data folders that older commits wrote, and what those commits said was in them."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lake.config.settings import Settings
from lake.spark.sql_shell import json_value
from lake.storage.delta_tables import open_table
from tests.upgrades.make_lake import rounded

FOLDER = Path(__file__).parent
COMMITS = sorted(file.parent.name for file in FOLDER.glob("*/data.tar.xz"))


@dataclass(frozen=True)
class OldData:
    """A fixture, unpacked.

    Attributes:
        data: the data folder.
        contents: what `make_lake` recorded.
    """

    data: Path
    contents: Mapping[str, Any]

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def made_at(self) -> datetime:
        """When the old commit ended, UTC."""
        return datetime.fromisoformat(self.contents["made_at"])

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """Table to its number of rows, columns and digest."""
        return {name: self.relations[name] for name in self.contents["tables"]}

    @property
    def relations(self) -> dict[str, dict[str, Any]]:
        """The same of tables and views."""
        return dict(self.contents["relations"])

    @property
    def ends(self) -> dict[int, int]:
        """Next free offset of each partition of the frames topic."""
        return {int(partition): end for partition, end in self.contents["ends"].items()}

    def sums(self, name: str) -> list[dict[str, Any]]:
        """Rows of one of the recorded questions."""
        return list(self.contents["sums"][name])

    def settings(self, home: Path) -> Settings:
        return Settings(home=home, data=self.data, kafka="127.0.0.1:1", time_zone=self.contents["zone"])


def unpack(commit: str, folder: Path) -> OldData:
    """The data that a commit left, in a folder of their own."""
    with tarfile.open(FOLDER / commit / "data.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    return OldData(folder, json.loads((FOLDER / commit / "contents.json").read_text()))


def rows_of(lake: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table as `pycturestream sql --format json` prints them, read without a JVM."""
    return [json_value(row) for row in open_table(lake / table).to_pyarrow_dataset().to_table().to_pylist()]


def lines_of(rows: Iterable[Mapping[str, Any]], columns: list[str]) -> list[str]:
    """Each row as one text, which only speaks of these columns."""
    return [json.dumps([rounded(row[name]) for name in columns]) for row in rows]
