"""Location of the lake: a local folder, or a prefix in a bucket of an S3-compatible store.

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
    """An S3-compatible store and the credentials for it.

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
        """Return the keys as variables that Spark's connector reads, so that no file holds them."""
        keys = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return {name: value for name, value in keys.items() if value}

    def delta_options(self) -> dict[str, str]:
        """Return delta-rs options; by default it commits with If-None-Match, see docs/object-storage.md."""
        options = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            **self.to_env(),
            "AWS_ALLOW_HTTP": "true" if self.endpoint.startswith("http://") else "",
        }
        return {name: value for name, value in options.items() if value}


@dataclass(frozen=True, slots=True)
class ObjectFolder:
    """Objects with a common prefix, with the methods of `Path` that the programs use.

    Attributes:
        url: as s3a://bucket/name, without a slash at its end; Spark and delta-rs both read it.
        store: where the bucket is.
    """

    url: str
    store: S3Store

    def __str__(self) -> str:
        """Return the URL, which holds no secret."""
        return self.url

    def __truediv__(self, name: str) -> ObjectFolder:
        """Return the folder or object of this name in it."""
        return replace(self, url=f"{self.url}/{name}")

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.url.rpartition("/")[2]

    def exists(self) -> bool:
        """Return whether there is an object of this name, or one below it.

        Raises:
            OSError: the store cannot be asked.
        """
        return bool(self._files.get_file_info(self._place).type)

    def glob(self, pattern: str) -> list[ObjectFolder]:
        """Yield direct children that match the pattern; none if the folder is missing.

        Raises:
            OSError: the store cannot be asked.
        """
        names = sorted(file.base_name for file in self._below())
        return [self / name for name in names if fnmatchcase(name, pattern)]

    def changed_at(self) -> float:
        """Return the time of the newest object below it in seconds since 1970; 0 if there is none."""
        times = [file.mtime_ns or 0 for file in self._below(recursive=True)]
        return max(times, default=0) / 1e9

    def mkdir(self, *, parents: bool = False) -> None:
        """Create an empty folder, which shows as one object; parents need none."""
        self._files.create_dir(self._place, recursive=parents)

    def read_text(self, encoding: str = "utf-8") -> str:
        """Read the object's content.

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
    """Return when anything in the folder changed last, in seconds since 1970."""
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
