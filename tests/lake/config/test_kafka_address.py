"""What clients of Kafka are told, and that a password is in nothing that is printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lake.config.kafka_address import Kafka, KafkaLogin, client_options, jaas_line, spark_options
from lake.config.settings import SettingError, Settings

SECRET = 'p"a\\ss; word\n=,ü'
LOGIN = KafkaLogin("ann,b=c", SECRET, Path("/etc/ca.pem"))
MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"


def test_kafka_python_logs_in_over_tls_by_scram() -> None:
    assert client_options(Kafka("a:1,b:2", LOGIN)) == {
        "bootstrap_servers": "a:1,b:2",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ann=2Cb=3Dc",
        "sasl_plain_password": SECRET,
        "ssl_cafile": "/etc/ca.pem",
    }


def test_spark_logs_in_over_tls_by_scram_with_every_letter_of_the_password_escaped(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("certificates\n")
    assert spark_options(Kafka("a:1", replace(LOGIN, ca=tmp_path / "ca.pem"))) == {
        "kafka.bootstrap.servers": "a:1",
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "SCRAM-SHA-512",
        "kafka.sasl.jaas.config": (
            f'{MODULE} required username="ann,b=c" password="p\\"a\\\\ss; word\\n=,ü";'
        ),
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.certificates": "certificates\n",
    }


def test_without_a_file_the_systems_own_authorities_are_trusted() -> None:
    login = KafkaLogin("ann", "secret")
    assert client_options(Kafka("a:1", login))["ssl_cafile"] is None
    assert not [name for name in spark_options(Kafka("a:1", login)) if "truststore" in name]


def test_a_password_is_in_nothing_that_is_printed() -> None:
    settings = Settings(Path("/h"), Path("/d"), login=LOGIN)
    printed = f"{LOGIN} {LOGIN!r} {settings!r} {settings.broker} {settings.broker!r} {settings.to_env()}"
    assert "word" not in printed
    assert "password=" in jaas_line(LOGIN)


def test_a_string_is_an_open_broker() -> None:
    assert client_options("a:1") == {"bootstrap_servers": "a:1"}
    assert spark_options("a:1") == {"kafka.bootstrap.servers": "a:1"}


def environ(**values: str) -> dict[str, str]:
    return {f"PYCTURESTREAM_{name}": value for name, value in values.items()}


SECURED = {"KAFKA_SECURITY": "sasl_ssl", "KAFKA_USER": "ann", "KAFKA_PASSWORD": "secret"}


def test_a_login_is_read_from_the_environment() -> None:
    assert Settings.from_env(environ(**SECURED)).login == KafkaLogin("ann", "secret")
    assert Settings.from_env({}).login is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {**SECURED, "KAFKA_PASSWORD": ""},
            "PYCTURESTREAM_KAFKA_SECURITY=sasl_ssl needs PYCTURESTREAM_KAFKA_PASSWORD, which is empty",
        ),
        (
            {**SECURED, "KAFKA_USER": ""},
            "PYCTURESTREAM_KAFKA_SECURITY=sasl_ssl needs PYCTURESTREAM_KAFKA_USER, which is empty",
        ),
        (
            {**SECURED, "KAFKA_SECURITY": ""},
            "PYCTURESTREAM_KAFKA_USER and _PASSWORD need PYCTURESTREAM_KAFKA_SECURITY=sasl_ssl:"
            " no password is sent in the clear",
        ),
        (
            {**SECURED, "KAFKA_CA": "/none.pem"},
            "PYCTURESTREAM_KAFKA_CA='/none.pem' holds no certificates ([Errno 2] No such file or directory);"
            " name a readable PEM file",
        ),
    ],
)
def test_half_a_login_is_refused_with_its_cure(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_env(environ(**values))
    assert str(refused.value) == sentence
