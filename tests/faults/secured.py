"""A Kafka that trusts nobody, as a company has one: TLS, a user for each program, and access rules."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialDeletion

from benchmarks.support.running.programs import Program, free_ports, wait_for
from lake.config.kafka_address import Kafka, KafkaLogin, client_options
from lake.config.settings import PREFIX, Settings
from stack.kafka.broker import BrokerSettings, why_not_ready
from stack.kafka.security import BrokerSecurity
from stack.kafka.topics import create_topics
from stack.programs.kafka_rights import add_rights, list_grants
from stack.programs.kafka_users import ADMIN, PROGRAMS
from stack.provision.java import find_java
from tests.certificates import SUBJECT, Authority

ROOT = "root"
CANARY = "k4nary"
"""In every password, so that it is found wherever one gets out; the rest breaks a careless quotation."""


def password_of(user: str) -> str:
    return f'{CANARY}"\\{user} ü'


class SecuredBroker:
    """The broker as a process, and the logins to it."""

    def __init__(self, folder: Path) -> None:
        port, controller = free_ports(2)
        self.address = f"127.0.0.1:{port}"
        self.authority, home = Authority(folder, "authority"), Settings.from_env(os.environ).home
        users = {user: password_of(user) for user in (ROOT, ADMIN, *PROGRAMS)}
        security = BrokerSecurity(
            self.authority.sign("broker.pem"), self.authority.file, SUBJECT, ROOT, users
        )
        java = find_java(home, os.environ)
        self.settings = BrokerSettings(
            port, controller, folder, home / "jars" / "kafka", java, security=security
        )
        self.program = Program(self.settings.command(), os.environ, folder / "kafka.log")

    def start(self) -> None:
        self.settings.format_storage()
        self.settings.write_properties()
        self.program.start()
        wait_for("secured broker", lambda: self.program.runs and not why_not_ready(self.login(ROOT)))

    def forget(self, user: str) -> None:
        """Take a user's password away."""
        with KafkaAdminClient(**client_options(self.login(ROOT))) as admin:
            gone = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)
            assert admin.alter_user_scram_credentials([gone]) == {user: None}

    def login(self, user: str, password: str | None = None, ca: Path | None = None) -> Kafka:
        """How a user reaches the broker; with another password or authority than the right one, if told."""
        own = KafkaLogin(user, password or password_of(user), ca or self.authority.file)
        return Kafka(self.address, own)

    def environ(self, user: str) -> dict[str, str]:
        """Settings of one common user."""
        values = {"KAFKA": self.address, "KAFKA_SECURITY": "sasl_ssl", "KAFKA_USER": user}
        values |= {"KAFKA_PASSWORD": password_of(user), "KAFKA_CA": str(self.authority.file)}
        return {PREFIX + name: value for name, value in values.items()}


@contextmanager
def running_secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """The broker with its topics, and for each program a user of its own with the least rights."""
    made = SecuredBroker(folder)
    try:
        made.start()
        add_rights(made.login(ROOT), list_grants({name: name for name in (*PROGRAMS, ADMIN)}))
        create_topics(made.login(ADMIN))
        yield made
    finally:
        made.program.stop()


class Doorman:
    """Counts who comes, on a port of its own, and lets them through to the broker."""

    def __init__(self, to: str) -> None:
        host, _, port = to.rpartition(":")
        self._to = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.came = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                guest, _ = self._listener.accept()
                self.came += 1
                inside = socket.create_connection(self._to)
                self._open += [guest, inside]
                for one, other in ((guest, inside), (inside, guest)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class StrangeDoor:
    """Shows everybody a certificate, counts who comes, and lets nobody in."""

    def __init__(self, keys: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(keys)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.came = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                guest, _ = self._listener.accept()
            except OSError:
                return
            self.came += 1
            with guest, suppress(OSError):
                self._context.wrap_socket(guest, server_side=True).close()


@contextmanager
def door_to(broker: Kafka) -> Iterator[tuple[Doorman, Kafka]]:
    """The same login by a door that counts."""
    door = Doorman(broker.servers)
    try:
        yield door, Kafka(door.address, broker.login)
    finally:
        door.close()


def own_logins() -> Mapping[str, str]:
    """Settings that give each program its own user."""
    values = {}
    for program in PROGRAMS:
        values[f"{PREFIX}KAFKA_USER_{program.upper()}"] = program
        values[f"{PREFIX}KAFKA_PASSWORD_{program.upper()}"] = password_of(program)
    return values
