"""Tables that delta-rs writes, one function each: the folder of the table, then options."""

import datetime as dt
import decimal
import os

import pyarrow as pa
from deltalake import DeltaTable, TableFeatures, write_deltalake
from deltalake.schema import Field, PrimitiveType

D = decimal.Decimal
UTC = dt.timezone.utc


def plain(rows=3, first=0):
    """Rows with an id, a text and a value, some of them null."""
    ids = list(range(first, first + rows))
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "kind": pa.array([None if i % 3 == 2 else f"k{i % 3}" for i in ids], pa.string()),
            "value": pa.array([i / 4 for i in ids], pa.float64()),
        }
    )


def all_types():
    struct = pa.struct([("a b", pa.int32()), ("inner", pa.struct([("when", pa.timestamp("us", "UTC"))]))])
    when = dt.datetime(2013, 1, 31, 5, 6, 7, 123456, UTC)
    columns = {
        "byte": pa.array([-128, 127, None], pa.int8()),
        "short": pa.array([-32768, 32767, None], pa.int16()),
        "int": pa.array([-(2**31), 2**31 - 1, None], pa.int32()),
        "long": pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
        "float": pa.array([0.1, float("nan"), None], pa.float32()),
        "double": pa.array([-0.0, float("inf"), None], pa.float64()),
        "small": pa.array([D("1.50"), D("-99.99"), None], pa.decimal128(4, 2)),
        "big": pa.array([D("0." + "1" * 10), D("-" + "9" * 28), None], pa.decimal128(38, 10)),
        "text": pa.array(["", "ü😀'\"\\\n", None], pa.string()),
        "bytes": pa.array([b"", b"\x00\xff", None], pa.binary()),
        "flag": pa.array([True, False, None], pa.bool_()),
        "day": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31), None], pa.date32()),
        "instant": pa.array([when, dt.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), None], pa.timestamp("us", "UTC")),
        "struct": pa.array([{"a b": 1, "inner": {"when": when}}, {"a b": None, "inner": None}, None], struct),
        "list": pa.array([[], [1, None, 3], None], pa.list_(pa.int64())),
        "map": pa.array([[], [("k", 1), ("l", None)], None], pa.map_(pa.string(), pa.int32())),
        "deep": pa.array([[[("k", {"x": ["y"]})]], [[]], None], pa.list_(pa.map_(pa.string(), pa.struct([("x", pa.list_(pa.string()))])))),
    }
    return pa.table(columns)


def create(path):
    write_deltalake(path, plain())


def append(path):
    write_deltalake(path, plain())
    write_deltalake(path, plain(4, 10), mode="append")


def overwrite(path):
    append(path)
    write_deltalake(path, plain(2, 100), mode="overwrite")


def types(path):
    write_deltalake(path, all_types())
    write_deltalake(path, all_types().take([1]), mode="append")


def timestamp_ntz(path):
    moments = [dt.datetime(2013, 1, 31, 5, 6, 7, 123456), dt.datetime(1900, 1, 1), None]
    write_deltalake(path, pa.table({"at": pa.array(moments, pa.timestamp("us")), "n": [1, 2, 3]}))


def partitioned(path):
    texts = ["a/b c", "x=y%20ü", "it's", ":", "100%", "[a]*?", "#&+;", None, "NULL", "__HIVE_DEFAULT_PARTITION__", " ", "a\\b", "😀"]
    table = pa.table({"id": pa.array(range(len(texts)), pa.int64()), "odd name%": pa.array(texts, pa.string())})
    write_deltalake(path, table, partition_by=["odd name%"])


def partitioned_by_empty_text(path):
    write_deltalake(path, pa.table({"id": [1, 2, 3], "kind": ["", None, "x"]}), partition_by=["kind"])


def partitioned_by_types(path):
    day = [dt.date(2013, 1, 31), None, dt.date(1969, 12, 31)]
    table = pa.table(
        # no negative decimals: delta-rs 1.6.6 writes them as `-2.-25`, which it can't read itself
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "day": pa.array(day, pa.date32()),
            "at": pa.array([dt.datetime(2013, 1, 31, 5, 6, 7, 123456, UTC), None, dt.datetime(2013, 1, 31, tzinfo=UTC)], pa.timestamp("us", "UTC")),
            "amount": pa.array([D("1.50"), None, D("0.01")], pa.decimal128(10, 2)),
            "flag": pa.array([True, None, False], pa.bool_()),
            "n": pa.array([-1, None, 2**62], pa.int64()),
        }
    )
    write_deltalake(path, table, partition_by=["day", "at", "amount", "flag", "n"])


def replace_where(path):
    write_deltalake(path, plain(9), partition_by=["kind"])
    write_deltalake(path, pa.table({"id": [100], "kind": ["k0"], "value": [1.0]}), mode="overwrite", predicate="kind = 'k0'")


def merge(path):
    write_deltalake(path, plain(6))
    changes = plain(6, 3).set_column(2, "value", pa.array([9.5] * 6, pa.float64()))
    (
        DeltaTable(path)
        .merge(changes, predicate="s.id = t.id", source_alias="s", target_alias="t")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )


def delete(path):
    write_deltalake(path, plain(9), partition_by=["kind"])
    DeltaTable(path).delete("id > 5")
    DeltaTable(path).delete("kind = 'k0'")


def update(path):
    write_deltalake(path, plain(9))
    DeltaTable(path).update(predicate="id % 2 = 0", updates={"value": "value + 100"})


def evolve(path):
    write_deltalake(path, plain())
    wider = plain(2, 50).append_column("extra", pa.array([{"x": 1}, None], pa.struct([("x", pa.int32())])))
    write_deltalake(path, wider, mode="append", schema_mode="merge")
    DeltaTable(path).alter.add_columns([Field("later", PrimitiveType("string"))])


def overwrite_schema(path):
    write_deltalake(path, plain())
    write_deltalake(path, pa.table({"other": ["x"]}), mode="overwrite", schema_mode="overwrite")


def checkpoint(path):
    for i in range(5):
        write_deltalake(path, plain(2, i * 2), mode="append", partition_by=["kind"])
    DeltaTable(path).delete("id = 3")
    DeltaTable(path).create_checkpoint()
    for version in range(5):
        os.remove(os.path.join(path, "_delta_log", f"{version:020d}.json"))
    write_deltalake(path, plain(1, 70), mode="append")


def compact(path):
    for i in range(4):
        write_deltalake(path, plain(3, i * 3), mode="append")
    DeltaTable(path).optimize.compact()
    DeltaTable(path).optimize.z_order(["id"])
    DeltaTable(path).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)


def compacted_log(path):
    for i in range(4):
        write_deltalake(path, plain(3, i * 3), mode="append")
    DeltaTable(path).compact_logs(0, 3)


def restore(path):
    overwrite(path)
    DeltaTable(path).restore(0)


def constraint(path):
    write_deltalake(path, plain())
    DeltaTable(path).alter.add_constraint({"positive": "id >= 0"})


def not_null(path):
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("kind", pa.string())])
    write_deltalake(path, pa.table({"id": [1, 2], "kind": ["a", None]}, schema=schema))


def append_only(path):
    write_deltalake(path, plain(), configuration={"delta.appendOnly": "true"})


def change_data_feed(path):
    write_deltalake(path, plain(6), configuration={"delta.enableChangeDataFeed": "true"})
    DeltaTable(path).update(predicate="id = 1", updates={"value": "7.5"})
    DeltaTable(path).delete("id = 2")


def feature(path, feature):
    write_deltalake(path, plain())
    DeltaTable(path).alter.add_feature(getattr(TableFeatures, feature), allow_protocol_versions_increase=True)


def property(path, name, value):
    write_deltalake(path, plain(), configuration={name: value})


def property_then_delete(path, name, value):
    write_deltalake(path, plain(6), configuration={name: value})
    DeltaTable(path).delete("id = 2")


def v2_checkpoint(path):
    write_deltalake(path, plain(), configuration={"delta.checkpointPolicy": "v2"})
    write_deltalake(path, plain(1, 9), mode="append")
    DeltaTable(path).create_checkpoint()
    for version in range(1):
        os.remove(os.path.join(path, "_delta_log", f"{version:020d}.json"))


# On tables that somebody else made.


def append_rows(path, count, first):
    write_deltalake(path, plain(count, first), mode="append")


def merge_rows(path, count, first):
    (
        DeltaTable(path)
        .merge(plain(count, first), predicate="s.id = t.id", source_alias="s", target_alias="t")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )


def delete_rows(path, predicate):
    DeltaTable(path).delete(predicate)


def make_checkpoint(path):
    DeltaTable(path).create_checkpoint()


def optimize(path):
    DeltaTable(path).optimize.compact()
