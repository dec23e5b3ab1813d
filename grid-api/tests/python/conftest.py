"""A service that tests share, and one of a test's own."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from service import Service
from utility import Utility


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("shared")) as service:
        yield service


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path) as service:
        yield service


@pytest.fixture(scope="session")
def dso(shared: Service) -> Utility:
    return shared.utility("dso")


PROGRAMMES = count(1)


@pytest.fixture
def programme() -> str:
    """A programme that no other test limits in."""
    return f"test-{next(PROGRAMMES)}"
