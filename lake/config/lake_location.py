"""Where the lake lies: a local folder, or a part of a bucket of an S3-compatible store.

Whoever reads or writes tables takes a `LakeLocation` and goes down in it with `/`; `delta_tables` opens it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, S3FileSystem


@dataclass(frozen=True, slots=True)
class S3Store:
    """An S3-compatible store, and who asks it.

    Attributes:
        endpoint: as https://host:port; empty for AWS itself.
        region: its name; stores other than AWS take any.
        access_key, secret_key: both empty where the machine has a role, or a profile, of its own.
    """

    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)

    def to_env(self) -> dict[str, str]:
        """The keys as Spark's connector finds them by itself, so that no configuration file holds them."""
        keys = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return {name: value for name, value in keys.items() if value}

    def delta_options(self) -> dict[str, str]:
        """What delta-rs is told; by itself it commits with If-None-Match, see docs/object-storage.md."""
        options = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            **self.to_env(),
            "AWS_ALLOW_HTTP": "true" if self.endpoint.startswith("http://") else "",
        }
        return {name: value for name, value in options.items() if value}


@dataclass(frozen=True, slots=True)
class ObjectFolder:
    """Objects whose names begin alike, with the few words of `Path` that the programs use.

    Attributes:
        url: as s3a://bucket/name, without a slash at its end; Spark and delta-rs both read it.
        store: where the bucket is.
    """

    url: str
    store: S3Store

    def __str__(self) -> str:
        """The URL, which holds no secret."""
        return self.url

    def __truediv__(self, name: str) -> ObjectFolder:
        """What lies in it under this name."""
        return replace(self, url=f"{self.url}/{name}")

    @property
    def name(self) -> str:
        """Its last part."""
        return self.url.rpartition("/")[2]

    def exists(self) -> bool:
        """Whether there is an object of this name, or one below it.

        Raises:
            OSError: the store cannot be asked.
        """
        return bool(self._files.get_file_info(self._place).type)

    def glob(self, pattern: str) -> list[ObjectFolder]:
        """What lies directly in it and is named so; nothing where it is missing.

        Raises:
            OSError: the store cannot be asked.
        """
        names = sorted(one.base_name for one in self._below())
        return [self / name for name in names if fnmatchcase(name, pattern)]

    def changed_at(self) -> float:
        """Seconds since 1970 of the newest object below it; 0 where there is none."""
        times = [one.mtime_ns or 0 for one in self._below(recursive=True)]
        return max(times, default=0) / 1e9

    def mkdir(self, *, parents: bool = False) -> None:
        """Make an empty folder, which shows as one object; `parents` need none."""
        self._files.create_dir(self._place, recursive=parents)

    def read_text(self, encoding: str = "utf-8") -> str:
        """The object's content.

        Raises:
            OSError: it is missing, or the store cannot be asked.
        """
        with self._files.open_input_stream(self._place) as stream:
            return bytes(stream.read()).decode(encoding)

    def _below(self, *, recursive: bool = False) -> list[FileInfo]:
        from pyarrow.fs import FileSelector

        chosen = FileSelector(self._place, allow_not_found=True, recursive=recursive)
        return list(self._files.get_file_info(chosen))

    @property
    def _place(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.netloc}{parts.path}"

    @property
    def _files(self) -> S3FileSystem:
        return _files_of(self.store)


LakeLocation: TypeAlias = Path | ObjectFolder


def changed_at(folder: LakeLocation) -> float:
    """When something in the folder changed last, in seconds since 1970."""
    return folder.changed_at() if isinstance(folder, ObjectFolder) else folder.stat().st_mtime


@lru_cache(maxsize=4)
def _files_of(store: S3Store) -> S3FileSystem:
    # Imported late: Arrow's would slow down every command that never looks into a bucket.
    from pyarrow.fs import S3FileSystem

    address = urlsplit(store.endpoint)
    return S3FileSystem(
        access_key=store.access_key or None,
        secret_key=store.secret_key or None,
        region=store.region,
        endpoint_override=address.netloc or None,
        scheme=address.scheme or "https",
    )
