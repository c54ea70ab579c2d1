"""Upserts the rows of a CSV file into a table by delta-rs alone. Prints seconds, without the time that imports take."""

import sys
from time import perf_counter

import polars as pl
from deltalake import DeltaTable

table, csv = sys.argv[1:]
started = perf_counter()
rows = pl.read_csv(csv)
merge = DeltaTable(table).merge(rows, predicate="t.id = s.id", source_alias="s", target_alias="t")
merge.when_matched_update_all().when_not_matched_insert_all().execute()
print(perf_counter() - started)
