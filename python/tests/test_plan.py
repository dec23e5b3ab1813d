"""Plans are those of the command line, byte by byte; bad problems are refused in its words."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import headroom
from conftest import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_plan_has_the_bytes_of_the_command_line(case, cli):
    assert headroom.plan(case).json + "\n" == cli("plan", case, "--output", "json").stdout


def test_a_plan_is_shown_and_explained_as_on_the_command_line(cli):
    plan, explained = headroom.plan("problem.json"), headroom.plan("problem.json", explain=True)
    assert f"{plan}\n" == cli("plan", "problem.json").stdout
    assert f"{explained}\n" == cli("plan", "problem.json", "--explain").stdout
    assert explained.json + "\n" == cli("plan", "problem.json", "--explain", "--output", "json").stdout
    assert plan.explanation is None and explained.explanation["binding"] == json.loads(explained.json)["binding"]


def test_a_problem_is_a_dict_a_file_or_bytes():
    text = Path("problem.json").read_bytes()
    problem = json.loads(text)
    assert {headroom.plan(given).json for given in (problem, "problem.json", Path("problem.json"), text)} == {
        headroom.plan(problem).json
    }


def test_times_and_numbers_of_numpy_are_taken():
    problem = json.loads(Path("problem.json").read_text())
    same = json.loads(Path("problem.json").read_text())
    same["now"] = datetime.fromisoformat(same["now"])
    same["prices"] = np.array(same["prices"])
    session = same["sessions"][0]
    session["needed_wh"] = np.float32(session["needed_wh"])
    assert headroom.plan(same).json == headroom.plan(problem).json


def test_powers_are_a_row_per_session_and_step_with_its_reason():
    plan = headroom.plan("problem.json")
    powers = pl.DataFrame(plan.powers)
    assert powers.columns == ["session", "node", "start", "end", "power_w", "reason"]
    for planned in plan.schedule["sessions"]:
        rows = powers.filter(pl.col("session") == planned["session"])
        assert rows["power_w"].to_list() == planned["power_w"]
        assert [reason is None for reason in rows["reason"]] == [reason is None for reason in planned["reasons"]]
    assert powers["reason"].drop_nulls().len() > 0


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda problem: problem | {"sesions": []}, "sesions: unknown field"),
        (lambda problem: {key: value for key, value in problem.items() if key != "tree"}, "missing field `tree`"),
        (lambda problem: problem | {"prices": problem["prices"][:-1]}, "prices"),
        (lambda problem: problem | {"margin_w": float("nan")}, "margin_w"),
        (lambda problem: problem | {"now": "yesterday"}, "now: "),
        (lambda problem: problem | {"now": "1970-01-01T00:00:00Z"}, "`now`"),
        (lambda _: [], "problem: it is not a saved problem"),
        (lambda _: None, "problem: it is not a saved problem"),
        (lambda _: b"{", "problem: it is not a saved problem"),
        (lambda _: b"\xff", "utf-8"),
    ],
)
def test_a_bad_problem_is_refused_with_field_and_rule(broken, told):
    problem = json.loads(Path("problem.json").read_text())
    with pytest.raises(headroom.HeadroomError) as refused:
        headroom.plan(broken(problem))
    assert told in str(refused.value)


@pytest.mark.parametrize("text", ['{"sesions": []}', "[]", "", "{" * 10_000, '{"now": 1e999}'])
def test_a_bad_file_is_refused_in_the_words_of_the_command_line(text, cli):
    Path("broken.json").write_text(text)
    for path in ("broken.json", "nowhere.json"):
        with pytest.raises(headroom.HeadroomError) as refused:
            headroom.plan(path)
        assert f"error: {refused.value}\n" == cli("plan", path).stderr


def test_what_has_no_json_form_is_a_type_error():
    for thing in ({"now": object()}, {1, 2}):
        with pytest.raises(TypeError, match="has no JSON form"):
            headroom.plan(thing)
    assert issubclass(headroom.HeadroomError, ValueError)
