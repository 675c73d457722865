"""Each test of an upgrade runs on the data of every older commit that has a fixture."""

from __future__ import annotations

import pytest

from tests.upgrades.old_data import COMMITS, OldData, unpack


@pytest.fixture(scope="module", params=COMMITS)
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OldData:
    """The data of one commit, anew for each file of tests."""
    return unpack(request.param, tmp_path_factory.mktemp("old data"))
