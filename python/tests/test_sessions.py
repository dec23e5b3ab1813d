"""Recordings are read as the command line reads them, and what is wrong with them is told."""

from pathlib import Path

import polars as pl
import pytest

import headroom


def test_the_report_says_what_became_of_every_row(sessions, cli):
    assert (sessions.report["rows"], sessions.report["accepted"]) == (9, 8)
    assert sessions.report["rejected"][0]["count"] == 1
    told = cli("datasets", "import", "sessions.csv", "--format", "generic-csv", "--out", "s.parquet").stdout
    assert sessions.report_text == told.rstrip("\n")
    assert repr(sessions) == "Sessions of sessions.csv: 8 of 9 rows"


def test_a_format_is_recognised_named_or_described(sessions):
    assert sessions.format == "generic-csv" and sessions.path == Path("sessions.csv")
    seen = headroom.inspect("sessions.csv")
    assert seen.format == "generic-csv" and "generic-csv" in seen.notes[0]
    Path("mapping.toml").write_text(seen.mapping)
    described = headroom.read_sessions(Path("sessions.csv"), Path("mapping.toml"))
    assert pl.DataFrame(described).equals(pl.DataFrame(sessions))


def test_drivers_are_named_alike_with_the_same_salt_only():
    Path("some.csv").write_text("session,station,arrival,departure,energy,driver\n1,A,2025-03-03T08:00Z,2025-03-03T09:00Z,5,anna\n")
    Path("mapping.toml").write_text(
        '[columns]\nid = "session"\nstation = "station"\narrival = "arrival"\ndeparture = "departure"\nenergy = "energy"\n'
        'user = "driver"\n[times]\nformats = ["%Y-%m-%dT%H:%M%#z"]\nzone = "offset"\n[energy]\nunit = "kWh"\n'
    )

    def driver(salt: bytes | None) -> str:
        return pl.DataFrame(headroom.read_sessions("some.csv", "mapping.toml", salt=salt))["user"][0]

    assert driver(b"one") == driver(b"one") != driver(b"two") != driver(None)
    assert "anna" not in driver(None)


@pytest.mark.parametrize("format", ["generic-csv", "boulder", "acn-json", "mapping.toml", "nonsense"])
@pytest.mark.parametrize("file", ["nowhere.csv", ".", "bytes.csv", "sessions.csv"])
def test_a_file_that_cannot_be_read_is_refused_in_the_words_of_the_command_line(file, format, cli):
    Path("bytes.csv").write_bytes(bytes(range(256)) * 8)
    if (file, format) == ("sessions.csv", "generic-csv"):
        return
    with pytest.raises(headroom.HeadroomError) as refused:
        headroom.read_sessions(file, format)
    told = cli("datasets", "import", file, "--format", format, "--out", "s.parquet").stderr
    assert str(refused.value) in told


def test_a_file_of_no_known_format_is_asked_about():
    Path("other.csv").write_text("a;b\n1;2\n")
    with pytest.raises(headroom.HeadroomError, match="give `format`, or a mapping made of `headroom.inspect`"):
        headroom.read_sessions("other.csv")


def test_wrong_types_are_pythons_own_errors():
    with pytest.raises(TypeError):
        headroom.read_sessions(5)
    with pytest.raises(TypeError):
        headroom.read_sessions("sessions.csv", salt="text")
    with pytest.raises(TypeError):
        headroom.Sessions()
