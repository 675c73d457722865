"""Opens Delta tables without a JVM, wherever the lake lies."""

from __future__ import annotations

from deltalake import DeltaTable

from lake.config.lake_location import LakeLocation, ObjectFolder


def open_table(folder: LakeLocation, version: int | None = None) -> DeltaTable:
    """The table in a folder, as it is now or as it was at a Delta version.

    Raises:
        TableNotFoundError: there is none.
        OSError: the store cannot be asked.
    """
    return DeltaTable(str(folder), version=version, storage_options=storage_options(folder))


def is_table(folder: LakeLocation) -> bool:
    """Whether a table has been made there."""
    return (folder / "_delta_log").exists()


def storage_options(folder: LakeLocation) -> dict[str, str] | None:
    """What delta-rs needs to know of the store; None for a local folder."""
    return folder.store.delta_options() if isinstance(folder, ObjectFolder) else None
