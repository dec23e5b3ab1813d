"""The program, and a study done by it on this machine alone."""

import os
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[1]
STUDY = DEPLOY / "tests" / "study.toml"


@pytest.fixture(scope="session")
def headroom() -> Path:
    program = Path(os.environ["HEADROOM"]).resolve()
    assert program.is_file(), f"{program} is missing: `cargo build` makes it, and HEADROOM names it"
    return program


@pytest.fixture(scope="session")
def whole(headroom: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole")
    subprocess.run([headroom, "simulate", "--manifest", STUDY, "--jobs", "1", "--out", out], check=True)
    return contents(out)


def contents(out: Path) -> dict[str, bytes]:
    """Returns all files under a folder by their paths."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
