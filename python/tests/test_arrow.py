"""Tables reach polars, pandas and pyarrow whole, and where a library keeps Arrow, without being copied."""

import gc

import pandas as pd
import polars as pl
import pyarrow as pa

import headroom

ENERGIES = [11000.0, 12000.0, 13000.0, 14000.0] * 2


def test_every_library_sees_the_same_sessions(sessions):
    arrow, frame, panda = pa.table(sessions), pl.DataFrame(sessions), pd.DataFrame.from_arrow(sessions)
    assert arrow["energy_wh"].to_pylist() == frame["energy_wh"].to_list() == panda["energy_wh"].tolist() == ENERGIES
    assert arrow["session"].to_pylist() == frame["session"].to_list() == panda["session"].tolist()
    assert frame["session"][0] == "3-1" and frame["arrival"].dtype == pl.Datetime("ms", "UTC")
    assert str(frame["arrival"][0]) == "2025-03-03 07:10:00+00:00" == str(panda["arrival"][0])
    assert frame["stated_energy_wh"].null_count() == arrow["stated_energy_wh"].null_count == len(sessions)
    assert frame.columns == arrow.column_names == list(panda.columns) == sessions.column_names


def test_no_library_copies_the_buffers(sessions):
    def address(table: pa.Table, column: str) -> int:
        return table[column].chunk(0).buffers()[1].address

    first, second = pa.table(sessions), pa.table(sessions)
    for column in ("energy_wh", "arrival", "session"):
        assert address(first, column) == address(second, column)
    of_polars = pl.DataFrame(sessions)["energy_wh"].to_numpy(allow_copy=False).__array_interface__["data"][0]
    panda = first.to_pandas(types_mapper=pd.ArrowDtype)
    of_pandas = panda["energy_wh"].array.__arrow_array__().chunk(0).buffers()[1].address
    assert of_polars == of_pandas == address(first, "energy_wh")


def test_what_a_column_means_stands_in_the_schema(sessions):
    schema = pa.schema(sessions)
    assert schema.field("energy_wh").metadata[b"headroom.meaning"].startswith(b"energy delivered, Wh")
    assert schema.metadata[b"headroom.source"] == b"sessions.csv"
    assert all(field.metadata for field in schema)


def test_what_a_library_took_outlives_the_table():
    frame = pl.DataFrame(headroom.read_sessions("sessions.csv"))
    gc.collect()
    assert frame["energy_wh"].to_list() == ENERGIES and frame["session"][7] == "4-4"


def test_a_stream_can_be_dropped_unread_and_asked_for_again(sessions):
    for _ in range(100):
        sessions.__arrow_c_stream__()
        sessions.__arrow_c_schema__()
    gc.collect()
    assert len(sessions) == pa.table(sessions).num_rows == 8


def test_a_schema_that_is_asked_for_is_answered_with_the_one_there_is(sessions):
    asked = pa.schema([("energy_wh", pa.int8())])
    assert pa.RecordBatchReader.from_stream(sessions).schema == pa.schema(sessions)
    assert sessions.__arrow_c_stream__(asked.__arrow_c_schema__()) is not None


def test_sessions_go_back_through_a_frame_and_parquet(sessions):
    pl.DataFrame(sessions).filter(pl.col("energy_wh") > 12500).write_parquet("some.parquet")
    some = headroom.read_sessions("some.parquet", "generic-parquet")
    assert pl.DataFrame(some)["energy_wh"].to_list() == [energy for energy in ENERGIES if energy > 12500]
