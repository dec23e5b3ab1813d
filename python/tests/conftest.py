"""Small made-up inputs, and the command line to compare with."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import headroom

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "optimizer" / "cases").glob("*.json"))
PROGRAM = os.environ.get("HEADROOM", str(ROOT / "target" / "debug" / "headroom"))

SITE = """
id = "yard"
name = "Yard"
time_zone = "Europe/Amsterdam"
import_capacity_kw = 18.0
margin_kw = 1.0
[safe_mode]
import_limit_kw = 12.0
rate_a = 0.0
station_default_a = 0.0
[energy_price]
currency = "EUR"
[[energy_price.band]]
price_per_kwh = 0.40
start_time = "08:00"
end_time = "12:00"
[[energy_price.band]]
price_per_kwh = 0.20
[base_load]
peak_kw = 5.0
""" + "".join(
    f"""
[[evse]]
uid = "E{number}"
phases = ["L1", "L2", "L3"]
voltage_v = 230.0
maximum_current_a = 16.0
"""
    for number in range(1, 5)
)

MANIFEST = """
name = "yard"
strategies = ["uncontrolled", "optimized"]
seeds = [1, 2]
power = true
[[scenario]]
name = "yard"
site = "site.toml"
from = "2025-03-03"
to = "2025-03-04"
days_per_part = 1
"""


def recording() -> str:
    """A workday morning at four plugs, on two days; the last row ends before it begins."""
    rows = ["session_id,station_id,arrival,departure,energy_kwh"]
    for day in (3, 4):
        for plug in range(1, 5):
            rows.append(f"{day}-{plug},E{plug},2025-03-0{day}T08:{plug}0:00+01:00,2025-03-0{day}T17:00:00+01:00,{10 + plug}")
    rows.append("wrong,E1,2025-03-05T08:00:00+01:00,2025-03-05T07:00:00+01:00,5")
    return "\n".join(rows) + "\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a recording, a site, a study and a problem."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sessions.csv").write_text(recording())
    (tmp_path / "site.toml").write_text(SITE)
    (tmp_path / "study.toml").write_text(MANIFEST)
    (tmp_path / "problem.json").write_bytes(CASES[0].read_bytes())
    return tmp_path


@pytest.fixture
def sessions() -> headroom.Sessions:
    return headroom.read_sessions("sessions.csv")


@pytest.fixture
def cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [PROGRAM, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})

    return run
