"""Writes test/fixtures/data/types.parquet: numbers, dates, and missing values of every width that Parquet has.

    pip install pyarrow numpy
    python test/golden/make_parquet_types.py

src/task/data/rows.test.ts has the values, which are the ones written here.
"""

import datetime
import decimal
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

utc = datetime.timezone.utc
table = pa.table(
    {
        "half": pa.array(np.array([0.1, 2.5], dtype=np.float16)),
        "single": pa.array([0.1, 1e-7], pa.float32()),
        "double": pa.array([0.1, 12345678.9], pa.float64()),
        "missing": pa.array([float("nan"), None], pa.float64()),
        "infinite": pa.array([float("inf"), float("-inf")], pa.float32()),
        "decimal": pa.array([decimal.Decimal("12345678901234567890.10"), decimal.Decimal("70.00")], pa.decimal128(38, 2)),
        "int64": pa.array([2**63 - 1, 9007199254740993]),
        "uint64": pa.array([2**64 - 1, 0], pa.uint64()),
        "date": pa.array([datetime.date(2024, 1, 5), None]),
        "time": pa.array([datetime.time(10, 1, 2), None]),
        "timestamp": pa.array([datetime.datetime(2024, 1, 5, 10, 0, 0, 123456), None]),
        "zoned": pa.array([datetime.datetime(2024, 1, 5, 10, 0, 0, 5, tzinfo=utc), None]),
        "list": pa.array([[0.1], [0.3, None]], pa.list_(pa.float32())),
        "nested": pa.array([{"a": 0.1}, {"a": float("nan")}], pa.struct([("a", pa.float32())])),
        "nested_half": pa.StructArray.from_arrays([pa.array(np.array([0.1, 0.3], dtype=np.float16))], ["a"]),
        "category": pa.array(["x", "y"]).dictionary_encode(),
    }
)
path = pathlib.Path(__file__).parents[1] / "fixtures/data/types.parquet"
path.parent.mkdir(exist_ok=True)
pq.write_table(table, path)
