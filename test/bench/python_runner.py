"""The Python library's ETLRunner doing the work of `make bench`. Prints seconds, without the time that Python and imports take.

python_runner.py FOLDER steps N           N trivial steps, once, from a fresh start
python_runner.py FOLDER per-step          seconds for each further step in process
python_runner.py FOLDER aggregate CSV     CSV, group by, Delta
python_runner.py FOLDER upsert CSV        upserts the rows into FOLDER/lake/bench/big
"""

import sys
import types
from time import perf_counter

import polars as pl
from loom.etl import ETLParams, ETLPipeline, ETLProcess, ETLRunner, Format, FromFile, IntoTable, SchemaMode, StepSQL


class Nothing(ETLParams, frozen=True):
    pass


def subclass(name, base, **body):
    return types.new_class(name, (base,), {}, lambda namespace: namespace.update(body))


def pipeline(*steps):
    process = subclass("Load", ETLProcess[Nothing], steps=list(steps))
    return subclass("Bench", ETLPipeline[Nothing], processes=[process])


def sql_step(name, sql, target, **sources):
    return subclass(name, StepSQL[Nothing, pl.LazyFrame], sql=sql, target=target, **sources)


def trivial(count):
    overwrite = SchemaMode.OVERWRITE  # also creates the table
    targets = (IntoTable(f"demo.t{i}").replace(schema=overwrite) for i in range(count))
    return pipeline(*(sql_step(f"S{i}", "SELECT 1 AS id, 2 AS v", target) for i, target in enumerate(targets)))


def timed(runner, work):
    started = perf_counter()
    runner.run(work, Nothing())
    return perf_counter() - started


def main(folder, what, *args):
    tables = {"table_path": {"uri": f"{folder}/lake"}}
    runner = ETLRunner.from_dict({"defaults": tables, "missing_table_policy": "create"})
    if what == "steps":
        return timed(runner, trivial(int(args[0])))
    if what == "per-step":
        timed(runner, trivial(1))
        one = timed(runner, trivial(1))
        return (timed(runner, trivial(100)) - one) / 99
    csv = FromFile(args[0], format=Format.CSV)
    if what == "aggregate":
        sql = "SELECT category, COUNT(*) AS n, SUM(amount) AS total, MAX(quantity) AS most FROM csv GROUP BY category"
        target = IntoTable("bench.totals").replace(schema=SchemaMode.OVERWRITE)
    else:
        sql = "SELECT id, category, quantity, amount FROM csv"
        target = IntoTable("bench.big").upsert(keys=("id",))
    return timed(runner, pipeline(sql_step("Step", sql, target, csv=csv)))


print(main(*sys.argv[1:]))
