"""A standalone master that is away is told at once; Spark itself would ask for a minute."""

from __future__ import annotations

import socket

import pytest

from lake.spark.session import SparkUnavailableError, check_master


@pytest.mark.parametrize(
    "master", ["spark://127.0.0.1:1", "spark://127.0.0.1:1,127.0.0.1:2", "spark://nowhere"]
)
def test_a_master_at_which_nothing_answers_is_named_with_the_cure(master: str) -> None:
    with pytest.raises(SparkUnavailableError, match=f"nothing answers at {master}: ./pycturestream up"):
        check_master(master)


def test_one_of_several_masters_is_enough_and_other_kinds_are_left_to_spark() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        check_master(f"spark://127.0.0.1:1,127.0.0.1:{listening.getsockname()[1]}")
    for master in ("local[4,2]", "yarn", "k8s://https://127.0.0.1:1", ""):
        check_master(master)
