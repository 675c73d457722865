"""The list of rights that the operator of a Kafka is given."""

from __future__ import annotations

import subprocess
import sys

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from lake.config.settings import PROJECT_ROOT
from stack.programs.kafka_rights import RIGHTS, Grant, list_grants
from stack.programs.kafka_users import ADMIN, PROGRAMS

NAMES = {name: name for name in (*PROGRAMS, ADMIN)}


def test_every_program_that_may_log_in_has_its_rights() -> None:
    assert set(RIGHTS) == set(NAMES)


def test_nobody_but_the_agent_and_the_stream_writes_to_a_topic_of_the_contract() -> None:
    writers = {
        (one.user, one.topic) for one in list_grants(NAMES) if "Write" in one.words and not one.prefixed
    }
    assert writers == {
        ("capture", "pycturestream"), ("capture", "camera-status"),
        ("stream", "resultstream"), ("stream", "frame-outcomes"),
    }  # fmt: skip


def test_a_grant_is_a_rule_for_each_operation() -> None:
    read, write = ACLOperation.READ, ACLOperation.WRITE
    resource = ResourcePattern(ResourceType.TOPIC, "doctor-", ACLResourcePatternType.PREFIXED)
    assert list(Grant("admin", "ann", "doctor-", True, (read, write)).acls()) == [
        ACL("User:ann", "*", one, ACLPermissionType.ALLOW, resource) for one in (read, write)
    ]


def test_a_grant_is_a_line_for_kafkas_own_tool() -> None:
    grant = Grant(
        "stream", "spark o'hare", "resultstream", False, (ACLOperation.READ, ACLOperation.ALTER_CONFIGS)
    )
    assert grant.command() == (
        'kafka-acls.sh --bootstrap-server "$KAFKA" --command-config admin.properties --add'
        """ --allow-principal 'User:spark o'"'"'hare' --operation Read --operation AlterConfigs"""
        " --topic resultstream --resource-pattern-type literal"
    )


def test_the_command_prints_a_line_for_each_topic_of_each_program() -> None:
    command = [sys.executable, "-m", "stack", "kafka", "acls", "--commands"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [one.command() for one in list_grants(NAMES)]
