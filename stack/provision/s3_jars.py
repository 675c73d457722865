"""Jars and compiled log store for a lake in a bucket, fetched only if one is set."""

from __future__ import annotations

import hashlib
import shutil
import sysconfig
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lake.config.settings import Settings
from lake.storage.files import replacing, sha256_of
from stack.provision.artifacts import Stamp, load_s3_jars
from stack.provision.downloads import ToolError, run_tool
from stack.provision.fetching import INCOMING, Progress, ProvisionError, Report, fetch_checked, ivy_of, lock
from stack.provision.java import find_java
from stack.provision.machine import SpaceNeed, check_space

SOURCE: Final = Path(__file__).with_name("log_store") / "ConditionalLogStore.scala"
LOG_STORE: Final = "jars/s3/pycturestream-log-store.jar"
COMPILED: Final = "log_store_of"


def provide_s3(settings: Settings, report: Report) -> None:
    """Provide the jars if the lake is in a bucket; uses no network if they are present.

    Args:
        settings: `home` is the cache folder.
        report: called with each line of progress.

    Raises:
        ProvisionError: a jar could not be fetched, or the log store not compiled.
        SpaceError: the disk is too full.
    """
    if not settings.lake_url or is_complete(settings.home):
        return
    with lock(settings.home, report):
        stamp = Stamp(settings.home)
        try:
            _fetch(stamp, report)
            _compile(stamp, settings, report)
        finally:
            stamp.save()
    shutil.rmtree(settings.home / INCOMING, ignore_errors=True)


def is_complete(home: Path) -> bool:
    """Return whether every jar is right, by sizes and times; hash only files that changed."""
    stamp = Stamp(home)
    complete = all(stamp.holds(jar.path, jar.sha256) for jar in load_s3_jars()) and _is_compiled(stamp)
    stamp.save()
    return complete


def _fetch(stamp: Stamp, report: Report) -> None:
    known = {stamp.home / LOG_STORE, *(stamp.home / jar.path for jar in load_s3_jars())}
    for stray in set((stamp.home / LOG_STORE).parent.glob("*.jar")) - known:
        stray.unlink()
    missing = [jar for jar in load_s3_jars() if not stamp.holds(jar.path, jar.sha256)]
    if missing:
        size = sum(jar.size for jar in missing)
        check_space([SpaceNeed(stamp.home, 2 * size, "jars for object storage")])
        report(f"fetching {size / 1e6:.0f} MB ({len(missing)} files) for object storage")
        fetch_checked(missing, ivy_of(stamp.home), stamp, Progress(missing, report))


def _is_compiled(stamp: Stamp) -> bool:
    source, _, digest = str(stamp.known.get(COMPILED, "")).partition(":")
    return source == _fingerprint() and stamp.holds(LOG_STORE, digest)


def _fingerprint() -> str:
    """Return a hash of the source and of all that it is compiled against."""
    jars = "".join(jar.sha256 for jar in load_s3_jars())
    return hashlib.sha256(SOURCE.read_bytes() + jars.encode()).hexdigest()


def _compile(stamp: Stamp, settings: Settings, report: Report) -> None:
    """Compile with the Scala compiler of pyspark, which Spark itself was built with.

    Raises:
        ProvisionError: the compiler failed; its last words follow.
    """
    if _is_compiled(stamp):
        return
    report("compiling the log store for object storage (about ten seconds)")
    spark = Path(sysconfig.get_path("purelib")) / "pyspark" / "jars"
    paths = ":".join(f"{folder}/*" for folder in (spark, settings.spark_jars, settings.s3_jars))
    java = str(find_java(settings.home) / "bin" / "java")
    with TemporaryDirectory() as classes:
        try:
            compiler = ["-cp", paths, "scala.tools.nsc.Main", "-usejavacp", "-nowarn", "-d", classes]
            run_tool([java, *compiler, str(SOURCE)], Path(classes))
        except ToolError as error:
            raise ProvisionError(f"cannot compile {SOURCE.name}: {error}") from error
        _pack(Path(classes), stamp.home / LOG_STORE)
    stamp.known[COMPILED] = f"{_fingerprint()}:{sha256_of(stamp.home / LOG_STORE)}"


def _pack(classes: Path, jar: Path) -> None:
    """Write the classes as a jar, moved into place when complete."""
    with replacing(jar) as new, zipfile.ZipFile(new, "w") as packed:
        for file in sorted(classes.rglob("*.class")):
            packed.write(file, file.relative_to(classes).as_posix())
