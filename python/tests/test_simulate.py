"""Studies come to the same as on the command line, can be stopped, and leave Python to others meanwhile."""

import json
import signal
import sys
import threading
import tomllib
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import headroom

ONE = {"site": "site.toml", "from_": "2025-03-03", "to": "2025-03-03"}


def parts(folder: str) -> dict[str, object]:
    """All that was written, without what names the program."""
    found: dict[str, object] = {}
    for path in sorted((Path(folder) / "parts").iterdir()):
        if path.suffix == ".json":
            part = json.loads(path.read_text())
            del part["key"], part["inputs"]["build"]
            found[path.name] = part
        else:
            found[path.name] = path.read_bytes()
    return found


def test_a_study_comes_to_the_same_as_on_the_command_line(cli):
    assert cli("simulate", "--manifest", "study.toml", "--out", "told").returncode == 0
    study = headroom.simulate("study.toml", out="done")
    assert parts("done") == parts("told") and len(parts("done")) == 16
    assert cli("report", "told").returncode == 0
    assert_frame_equal(pl.DataFrame(study.scores).drop("build"), pl.read_parquet("told/results.parquet").drop("build"))
    assert pl.DataFrame(headroom.Study("told").scores)["build"][0] != pl.DataFrame(study.scores)["build"][0]
    assert study.folder == Path("done")


def test_a_manifest_is_a_file_or_a_dict():
    manifest = tomllib.loads(Path("study.toml").read_text())
    manifest["scenario"][0]["from"] = date(2025, 3, 3)
    headroom.simulate(manifest, out="of-dict")
    headroom.simulate("study.toml", out="of-file")
    assert {name: part for name, part in parts("of-dict").items() if name.endswith(".parquet")} == {
        name: part for name, part in parts("of-file").items() if name.endswith(".parquet")
    }


def test_one_scenario_is_named_by_its_fields(sessions):
    study = headroom.simulate(sessions=sessions, site=Path("site.toml"), from_=date(2025, 3, 3), to="2025-03-04", strategies=["uncontrolled", "optimized"])
    scores = pl.DataFrame(study.scores).sort("strategy")
    assert scores["strategy"].to_list() == ["optimized", "uncontrolled"] and scores["sessions"].to_list() == [8, 8]
    optimized, uncontrolled = scores["cost"]
    assert optimized < uncontrolled
    assert scores["violation_s"][0] == 0 < scores["violation_s"][1]
    by_path = headroom.simulate(sessions="sessions.csv", format="generic-csv", site="site.toml", from_="2025-03-03", to="2025-03-04", strategies=["optimized"])
    assert_frame_equal(pl.DataFrame(by_path.scores), scores.filter(pl.col("strategy") == "optimized"))


def test_power_adds_up_to_the_energy_delivered_and_the_day_to_the_limit(sessions):
    study = headroom.simulate(sessions=sessions, **ONE, strategies=["uncontrolled", "optimized"])
    power = pl.DataFrame(study.power(strategy="optimized"))
    hours = (pl.col("end") - pl.col("start")).dt.total_milliseconds() / 3_600_000
    delivered = power.select((pl.col("power_w") * hours).sum() / 1000).item()
    scores = pl.DataFrame(study.scores).filter(strategy="optimized")
    assert delivered == pytest.approx(scores["delivered_kwh"].item(), rel=1e-6)
    assert set(power["session"]) == {"3-1", "3-2", "3-3", "3-4"}
    days = pl.DataFrame(study.days).filter(strategy="optimized")
    assert days.height == 288 and (days["vehicles_kw"] + days["base_kw"] <= days["limit_kw"] + 1e-6).all()
    assert len(study.power(strategy="llf")) == len(study.power(seed=7)) == len(study.power(scenario="other")) == 0
    assert [one["strategy"] for one in study.report["scenarios"][0]["strategies"]] == ["uncontrolled", "optimized"]


def test_results_without_a_folder_live_as_long_as_the_study():
    study = headroom.simulate(**ONE, strategies=["edf"])
    folder = study.folder
    assert (folder / "parts").is_dir()
    del study
    assert not folder.exists()


def test_ctrl_c_stops_between_parts_and_what_is_done_stays_done():
    with pytest.raises(KeyboardInterrupt):
        headroom.simulate("study.toml", out="out", jobs=1, progress=lambda *_: signal.raise_signal(signal.SIGINT))
    told: list[tuple[int, int]] = []
    headroom.simulate("study.toml", out="out", jobs=1, progress=lambda *progress: told.append(progress))
    assert told == [(done, 8) for done in range(1, 9)]


def test_an_error_of_progress_is_not_lost():
    with pytest.raises(ZeroDivisionError):
        headroom.simulate("study.toml", out="out", progress=lambda done, parts: done / 0)


def test_other_threads_run_meanwhile():
    began, ran = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (began.wait(), ran.set()))
    thread.start()
    before = sys.getswitchinterval()
    # From here on the other thread has its turn only when this one lets go by itself.
    sys.setswitchinterval(1000)
    try:
        began.set()
        headroom.simulate(**ONE, strategies=["edf"])
        assert ran.is_set()
    finally:
        sys.setswitchinterval(before)
        thread.join()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "missing field `strategies`"),
        ({"strategies": []}, "`strategies` is empty: name at least one"),
        ({"strategies": ["best"]}, "strategies[0]: "),
        ({"strategies": ["edf"], "seeds": [-1]}, "seeds[0]: "),
        ({"strategies": ["edf"], "limit_share": 99}, "`scenario[0].limit_share` must be 0 to 10"),
        ({"strategies": ["edf"], "limit": 99}, "scenario[0].limit: unknown field"),
        ({"strategies": ["edf"], "to": "2025-03-02"}, "`scenario[0].to` is before `from`"),
        ({"strategies": ["edf"], "from_": "monday"}, "scenario[0].from: "),
        ({"strategies": ["edf"], "sessions": "sessions.csv"}, "`scenario[0].format` goes with `sessions`"),
        ({"strategies": ["edf"], "site": "nowhere.toml"}, "nowhere.toml: "),
        ({"strategies": ["edf"], "name": "../up"}, "`scenario[0].name` must be letters"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_with_field_and_rule(fields, told):
    with pytest.raises(headroom.HeadroomError) as refused:
        headroom.simulate(**(ONE | fields))
    assert told in str(refused.value)


def test_a_manifest_that_cannot_be_followed_is_refused_in_the_words_of_the_command_line(cli):
    Path("broken.toml").write_text(Path("study.toml").read_text().replace("[1, 2]", "[1, 1]"))
    for path in ("broken.toml", "nowhere.toml", "site.toml"):
        with pytest.raises(headroom.HeadroomError) as refused:
            headroom.simulate(path)
        assert f"error: {refused.value}\n" == cli("simulate", "--manifest", path, "--out", "out").stderr
    with pytest.raises(headroom.HeadroomError, match="give one of them, not both"):
        headroom.simulate("study.toml", strategies=["edf"])


def test_power_that_was_not_kept_is_asked_for():
    Path("study.toml").write_text(Path("study.toml").read_text().replace("power = true", ""))
    study = headroom.simulate("study.toml")
    with pytest.raises(headroom.HeadroomError, match="set `power = true` in the manifest"):
        study.power()


def test_a_folder_without_results_is_none(folder):
    (folder / "parts").mkdir()
    with pytest.raises(headroom.HeadroomError, match="there are no results"):
        headroom.Study(folder)
