"""Other implementations of Delta Lake, as a server: one JSON request a line in, one JSON reply a line out.

Readers: `delta-rs` (its query engine), `delta-rs-arrow` (its Arrow table), `duckdb` (the delta extension). Every value is
compared as the text that DuckDB casts it to, in UTC, so that both sides speak of values in the same words.
"""

import json
import os
import sys
import traceback

import deltalake
import duckdb
import duckdb_extension_delta
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

import scenarios

EXTENSION = os.path.join(
    os.path.dirname(duckdb_extension_delta.__file__),
    "extensions",
    f"v{duckdb.__version__}",
    "delta.duckdb_extension",
)

connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
connection.execute("SET TimeZone = 'UTC'")
connection.execute(f"LOAD '{EXTENSION}'")


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def name(text):
    return '"' + text.replace('"', '""') + '"'


def source(request):
    """SQL of the relation that a reader sees; Arrow tables are registered under the name `seen`."""
    reader, path, version = request["reader"], request["path"], request.get("version")
    if reader == "duckdb":
        at = "" if version is None else f", version := {version}"
        return f"delta_scan({literal(path)}{at})"
    table = DeltaTable(path, version=version)
    if reader == "delta-rs-arrow":
        seen = table.to_pyarrow_table()
    else:
        where = f" WHERE {request['where']}" if "where" in request else ""
        seen = pa.table(QueryBuilder().register("t", table).execute(f"SELECT * FROM t{where}"))
    connection.register("seen", seen)
    return "seen"


def read(request):
    relation = source(request)
    if request["reader"] == "duckdb" and "where" in request:
        relation = f"(SELECT * FROM {relation} WHERE {request['where']})"
    columns = [row[:2] for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
    shown = ", ".join(f"CAST({name(column)} AS VARCHAR)" for column, _ in columns)
    rows = connection.execute(f"SELECT {shown} FROM {relation}").fetchall()
    return {"columns": [column for column, _ in columns], "rows": rows}


def write(request):
    return getattr(scenarios, request["scenario"])(request["path"], **request.get("options", {}))


def insert(request):
    """A blind insert by DuckDB's own writer."""
    connection.execute(f"ATTACH {literal(request['path'])} AS inserted (TYPE delta)")
    try:
        connection.execute(f"INSERT INTO inserted {request['query']}")
    finally:
        connection.execute("DETACH inserted")


def facts(request):
    """What delta-rs says of a table beside its rows."""
    table = DeltaTable(request["path"])
    protocol = table.protocol()
    return {
        "version": table.version(),
        "partitionColumns": table.metadata().partition_columns,
        "configuration": table.metadata().configuration,
        "reader": protocol.min_reader_version,
        "writer": protocol.min_writer_version,
        "history": [
            {"version": entry.get("version"), "operation": entry.get("operation"), "loom": entry.get("loom")}
            for entry in table.history()
        ],
        "transaction": table.transaction_version(request["appId"]) if "appId" in request else None,
    }


COMMANDS = {"read": read, "write": write, "insert": insert, "facts": facts}


def main():
    print(json.dumps({"deltalake": deltalake.__version__, "duckdb": duckdb.__version__}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = {"ok": COMMANDS[request["command"]](request)}
        except BaseException as error:  # a panic of the Rust side is no Exception
            reply = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        print(json.dumps(reply, default=str), flush=True)


main()
