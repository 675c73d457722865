"""All settings of all programs: the single list behind code, files, compose and documents.

A setting has one name everywhere: `PYCTURESTREAM_<NAME>` in the environment and in `.env`, `<name>` in lower
case in `pycturestream.toml`. To add one, add a line to its subject below and read it, by its name alone,
with `text`, `path`, `number` or `whole` of `lake.config.settings`:

    number("DOOR_SECONDS", 5, 0.1, 60, CAPTURE, "How long the door is watched."),   # here
    watch=number(env, "DOOR_SECONDS")                                               # in the program

Then `python -m stack.cli.settings_page` writes the line into docs/settings.md. Nothing else: range,
kind, `config check|show`, the files and the error sentences come from here. `secret=True` masks a value and
allows `PYCTURESTREAM_<NAME>_FILE`; `fault=` takes a function of `setting_key` that says what is wrong.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from lake.config.setting_key import (
    EVERY,
    Key,
    address_problem,
    bucket_problem,
    choice,
    endpoint_problem,
    function_problem,
    host_names_problem,
    number,
    path,
    port,
    server_problem,
    text,
    whole,
    zone_problem,
)
from lake.contracts.wire_format import TOPIC_PARTITIONS

ALL: Final = (EVERY,)
CAPTURE, DASHBOARDS, JOBS, STACK = ("capture",), ("dashboards",), ("jobs",), ("stack",)


def days(name: str, default: int, meaning: str) -> Key:
    """Define how long rows of the lake are kept."""
    return whole(name, default, 1, 36_500, JOBS, meaning)


def own_login(program: str, user: str) -> tuple[Key, Key]:
    """Define the Kafka login of one program, if it differs from the others'."""
    unset, name = "the common one", program.upper()
    return (
        text(f"KAFKA_USER_{name}", None, STACK, f"Who logs in to Kafka as {user}.", unset=unset),
        text(f"KAFKA_PASSWORD_{name}", None, STACK, "Its password.", unset=unset, secret=True),
    )


# fmt: off
SUBJECTS: Final[dict[str, tuple[Key, ...]]] = {
    "places": (
        path("CONFIG", None, ALL, "The TOML file.", unset="`pycturestream.toml` in the project's root"),
        path("HOME", "~/.cache/pycturestream", ALL, "Cache of everything fetched."),
        path("DATA", None, ALL, "Lake, checkpoints, broker, logs.", unset="`var` in the project's root"),
        text("TIME_ZONE", None, ALL,
             "The site's zone, for zone-less times of old clients.", unset="the machine's",
             fault=zone_problem),
        choice("JAVA", ("auto", "bundled"), STACK,
               "Whose Java runs: the machine's if it fits, or the packaged."),
    ),
    "kafka": (
        text("KAFKA", None, ALL,
             "Other brokers, host:port with commas between several, instead of the embedded one.",
             unset="the embedded one, 127.0.0.1 and `KAFKA_PORT`", fault=server_problem),
        choice("KAFKA_SECURITY", ("plaintext", "sasl_ssl"), ALL,
               "Whether that broker wants TLS and a login by SCRAM-SHA-512; the embedded one does not."),
        text("KAFKA_USER", None, ALL, "Who logs in: programs without a login of their own, `up`, `doctor`."),
        text("KAFKA_PASSWORD", None, ALL, "Its password.", secret=True),
        path("KAFKA_CA", None, ALL, "PEM file of the authority that signed the broker's certificate.",
             unset="those that the system trusts"),
        *own_login("capture", "the agent"),
        *own_login("stream", "the streaming application"),
        *own_login("batch", "Airflow and its jobs"),
        *own_login("dashboard", "the dashboard"),
        *own_login("results", "`./pycturestream results`"),
        port("KAFKA_PORT", 9092, ALL, "Port of the embedded broker."),
        port("KAFKA_CONTROLLER_PORT", 9093, STACK, "Port of its controller."),
        choice("KAFKA_BROKERS", ("1", "3"), STACK,
               "Embedded brokers; any one of three may fail. `make up KAFKA_BROKERS=3`."),
        port("KAFKA_PORT_2", 9094, STACK, "Port of the second of three embedded brokers."),
        port("KAFKA_CONTROLLER_PORT_2", 9095, STACK, "Port of its controller."),
        port("KAFKA_PORT_3", 9096, STACK, "Port of the third."),
        port("KAFKA_CONTROLLER_PORT_3", 9097, STACK, "Port of its controller."),
        whole("KAFKA_REPLICATION", 0, 0, 10, STACK,
              "Copies of each new topic, all but one of which must hold a frame before it is acknowledged;"
              " 0: one on each broker, at most 3."),
        number("FRAMES_TOPIC_HOURS", 24, 0.01, 24 * 365, STACK, "Hours for which the broker keeps pictures."),
        number("FRAMES_TOPIC_GB", 2, 0.1, 1e5, STACK, "GiB up to which the broker keeps pictures."),
        whole("PARTITIONS", TOPIC_PARTITIONS, TOPIC_PARTITIONS, 10_000, STACK,
              "Partitions of the topic of pictures: so many workers analyse at once; a topic only grows."),
    ),
    "object storage": (
        text("LAKE", None, ALL,
             "Where tables and checkpoints are, s3a://bucket/folder.", unset="below `DATA`",
             fault=bucket_problem),
        text("S3_ENDPOINT", None, ALL,
             "The bucket's store, https://host:port.", unset="AWS itself", fault=endpoint_problem),
        text("S3_REGION", "us-east-1", ALL, "Region of the bucket."),
        text("S3_ACCESS_KEY", None, ALL,
             "Name of the key to the bucket.", unset="the machine's role or profile", secret=True),
        text("S3_SECRET_KEY", None, ALL,
             "The key itself.", unset="the machine's role or profile", secret=True),
    ),
    "capture": (
        path("CAMERAS", None, CAPTURE, "The list of cameras.", unset="`cameras.toml` in the data folder"),
        number("CAPTURE_INTERVAL", 3, 0.01, 86_400, CAPTURE, "Seconds between two pictures of a camera."),
        whole("CAPTURE_WIDTH", 1280, 16, 16_384, CAPTURE, "Pixels asked of devices."),
        whole("CAPTURE_HEIGHT", 720, 16, 16_384, CAPTURE, "Pixels asked of devices."),
        whole("CAPTURE_QUALITY", 85, 1, 100, CAPTURE, "JPEG quality."),
        whole("CAPTURE_BUFFER_FRAMES", 64, 1, 100_000, CAPTURE,
              "Pictures a camera holds back without a broker."),
        number("CAPTURE_BUFFER_MB", 16, 1, 4096, CAPTURE, "MiB a camera holds back without a broker."),
        number("CAPTURE_PATIENCE", 4, 0.5, 3600, CAPTURE,
               "Seconds without a picture after which a live camera is opened anew."),
        number("CAPTURE_FROZEN", 60, 0, 86_400, CAPTURE,
               "Seconds (and 10 pictures) of the same picture after which a live camera is lost; 0: never."),
    ),
    "detection": (
        choice("ENGINE", ("litert", "tensorflow"), JOBS, "What runs the model; `make up ENGINE=tensorflow`."),
        choice("PRECISION", ("float32", "int8"), JOBS, "Of the weights and arithmetic under `litert`."),
        path("MODEL", None, JOBS,
             "Folder of the model, with its `model.json`.", unset="`models/coco-ssd` in the cache"),
        text("DETECTOR", "jobs.detector:load_detector", JOBS,
             "Function that loads the detector, `module:function`.", fault=function_problem),
        whole("DETECTOR_THREADS", 1, 1, 64, JOBS, "CPU threads of one detector."),
        choice("POLICY", ("newest", "all"), JOBS, "Frames analysed of each camera and batch."),
        number("STALE_AFTER_SECONDS", 5, 0.1, 86_400, JOBS, "Older frames are skipped under `newest`."),
        number("REPORT_THRESHOLD", 0.5, 0.2, 1, ALL, "Objects with a lower score are kept, not reported."),
    ),
    "spark": (
        text("SPARK_MASTER", "local[4,2]", ALL,
             "Where the streaming application runs; `spark://…`: a cluster."),
        path("SPARK_CONF", None, STACK,
             "Folder in which Spark's configuration is written at each start.",
             unset="`run/spark-conf` in the data folder, on a cluster `run/spark-cluster-conf`"),
        whole("STREAM_CORES", 4, 1, 10_000, JOBS, "Tasks that it runs at once on a cluster."),
        whole("EXECUTOR_CORES", 2, 1, 1000, JOBS, "Tasks that it runs at once on each executor."),
        text("EXECUTOR_MEMORY", "1g", ALL, "Heap of an executor of a cluster, as Spark writes it."),
        text("EXECUTOR_PYTHON", None, STACK,
             "Python on the machines of a cluster's executors.", unset="the driver's"),
        path("SPARK_DEFAULTS", None, ALL,
             "File of further lines for Spark's configuration on a cluster, secrets among them."),
        whole("SPARK_WORKERS", 0, 0, 8, STACK,
              "Workers of an own cluster on this machine; `make up SPARK_WORKERS=2`."),
        port("SPARK_MASTER_PORT", 7077, STACK, "Port of the own cluster's master."),
        port("SPARK_MASTER_UI_PORT", 8090, STACK, "Port of its pages."),
        port("SPARK_WORKER_UI_PORT", 8091, STACK, "Port of the first worker's pages; others follow."),
        port("SPARK_UI_PORT", 4040, ("jobs", "stack"), "Port of the Spark UI."),
        number("DETECT_EVERY_SECONDS", 0, 0, 3600, JOBS,
               "Pace of the detection; 0 begins a batch as soon as the last has ended."),
        number("ARCHIVE_FRAMES_EVERY_SECONDS", 15, 0.1, 3600, JOBS, "Seconds between commits of pictures."),
        number("ARCHIVE_DETECTIONS_EVERY_SECONDS", 2, 0.1, 3600, JOBS,
               "Seconds between commits of detections."),
        number("ARCHIVE_STATUS_EVERY_SECONDS", 60, 0.1, 3600, JOBS,
               "Seconds between commits of cameras' notices."),
        number("LEAST_FREE_GB", 2, 0, 1e6, JOBS,
               "GB free on the lake's disk below which pictures wait in Kafka."),
    ),
    "batch": (
        text("BATCH_MASTER", "local[1]", ALL,
             "Where batch Spark runs: on one core, beside the stream; `spark://…`: a cluster."),
        whole("BATCH_CORES", 2, 1, 10_000, ALL, "Tasks that a batch job runs at once on a cluster."),
        choice("DETECT_SKIPPED", ("on", "off"), ("dags", "jobs"),
               "Whether the batch layer analyses what the speed layer skipped."),
        number("DETECT_MINUTES", 20, 0.01, 24 * 60, JOBS, "Minutes for which it does so in each run."),
        whole("QUALITY_HISTORY", 50, 1, 10_000, JOBS, "Audits whose Data Docs are kept."),
    ),
    "retention": (
        days("FRAMES_DAYS", 7, "Days for which pictures are kept."),
        number("FRAMES_GB", 20, 0.001, 1e6, JOBS, "GB up to which pictures are kept; today's stay."),
        days("DEMO_FRAMES_DAYS", 1, "Days for which pictures of the demo camera are kept."),
        days("DETECTIONS_DAYS", 400, "Days for which detections are kept; imported events stay."),
        days("CANDIDATES_DAYS", 30, "Days for which recounts before their audit are kept."),
        days("QUALITY_DAYS", 400, "Days for which results of audits are kept."),
        days("PROGRESS_DAYS", 7, "Days for which micro-batches are kept."),
        days("STATUS_DAYS", 30, "Days for which notices about cameras are kept."),
    ),
    "airflow": (
        port("AIRFLOW_PORT", 8080, ("dashboards", "stack"), "Port of Airflow's pages."),
        port("AIRFLOW_LOGS_PORT", 8793, STACK, "Port of the logs of Airflow's tasks."),
        number("AIRFLOW_DAYS", 30, 1, 3650, STACK,
               "Days for which Airflow remembers runs and keeps their logs."),
        text("AIRFLOW", None, ("dashboards", "stack"),
             "Where Airflow's API is found by its parts and the dashboard, host:port.",
             unset="127.0.0.1 and `AIRFLOW_PORT`", fault=server_problem),
        text("AIRFLOW_HOST", "127.0.0.1", STACK,
             "Address on which its API and its log server listen.", fault=address_problem),
        text("AIRFLOW_LOGS_HOST", "127.0.0.1", STACK, "Host of its log server, as the API finds it."),
        text("AIRFLOW_DATABASE", None, STACK,
             "Another database for its state: `postgresql+psycopg2://airflow@db.example/airflow`.",
             unset="an SQLite file in the data folder", secret=True),
        text("AIRFLOW_DATABASE_PASSWORD", None, STACK, "Password of that database.", secret=True),
    ),
    "dashboard": (
        port("DASHBOARD_PORT", 8078, ("dags", "dashboards", "stack"), "Port of the pages."),
        text("DASHBOARD_HOST", "127.0.0.1", DASHBOARDS,
             "Address that listens besides loopback; refused without a user.", fault=address_problem),
        text("DASHBOARD_NAMES", None, DASHBOARDS,
             "Host names that are answered too, commas between them.", fault=host_names_problem),
        text("DASHBOARD_PROXY", None, DASHBOARDS,
             "Address of the reverse proxy whose word on the visitor's address and https is taken.",
             fault=address_problem),
        path("DASHBOARD_USERS", None, DASHBOARDS,
             "File of those who may log in.", unset="`dashboard/users.json` in the data folder"),
        number("DASHBOARD_SESSION_HOURS", 12, 0.1, 720, DASHBOARDS, "Hours after which a login ends."),
    ),
}
# fmt: on
KEYS: Final = {key.name: key for keys in SUBJECTS.values() for key in keys}


def find_key(name: str) -> Key | None:
    """Find a setting by name; for `<SECRET>_FILE` that of the file with the secret."""
    secret = KEYS.get(name.removesuffix("_FILE"))
    if secret is None or name == secret.name:
        return secret
    return path(name, None, secret.programs, "File that holds it.") if secret.secret else None


def subject_of(key: Key) -> str:
    """Return the subject, and so the table of the TOML file, to which a setting belongs."""
    name = key.name if key.name in KEYS else key.name.removesuffix("_FILE")
    return next(subject for subject, keys in SUBJECTS.items() if KEYS[name] in keys)


def suggest_name(name: str, names: list[str]) -> str:
    """Suggest the name that was probably meant, as a question; otherwise where to look.

    >>> suggest_name("KAFKA_PROT", ["KAFKA_PORT", "HOME"])
    'did you mean KAFKA_PORT?'
    """
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else "./pycturestream config show lists all there are"
