"""An S3 store for a test, with buckets `lake` and `forgetful`, gone with the test."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from pyarrow.fs import S3FileSystem

from benchmarks.support.running.programs import ROOT
from lake.config.lake_location import S3Store
from lake.config.settings import PREFIX, Settings

SECRET = "a-secret-of-the-tests"
REQUIREMENTS = ROOT / "requirements" / "s3.txt"


@contextmanager
def running_store() -> Iterator[S3Store]:
    command = [str(server_python()), str(Path(__file__).with_name("s3_server.py"))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip()
            store = S3Store(f"http://127.0.0.1:{port}", "eu-central-1", "tester", SECRET)
            _make_buckets(store)
            yield store
        finally:
            server.kill()


def server_python() -> Path:
    """Python of the environment that holds the server, in the cache; made once for each state of its file."""
    mark = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = Settings.from_env(os.environ).home / "tests" / f"s3-{mark}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv, made = [sys.executable, "-m", "uv"], folder / "made"
    with FileLock(f"{folder}.lock"):
        if not made.exists():
            subprocess.run([*uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=True)
            into = ["--python", folder, "--require-hashes", "-r", REQUIREMENTS]
            subprocess.run([*uv, "pip", "install", "-q", *into], check=True)
            made.touch()
    return folder / "bin" / "python"


def _make_buckets(store: S3Store) -> None:
    files = S3FileSystem(
        access_key=store.access_key, secret_key=store.secret_key, region=store.region, scheme="http",
        endpoint_override=store.endpoint.removeprefix("http://"), allow_bucket_creation=True,
    )  # fmt: skip
    for bucket in ("lake", "forgetful"):
        files.create_dir(bucket)


def environment(store: S3Store, url: str) -> dict[str, str]:
    """The settings that put a lake into a bucket of the store."""
    told = {
        "LAKE": url,
        "S3_ENDPOINT": store.endpoint,
        "S3_REGION": store.region,
        "S3_ACCESS_KEY": store.access_key,
        "S3_SECRET_KEY": store.secret_key,
    }
    return {PREFIX + name: value for name, value in told.items()}
