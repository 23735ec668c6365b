"""Starmart as Python's ADBC driver sees it. STARMART_URL names a server of the project tests/projects/wire, loaded."""

import datetime
import decimal
import os
import sys
import threading
import traceback

import adbc_driver_flightsql.dbapi as flightsql
import adbc_driver_manager
import flightsql as flightsql_dbapi
import pandas
import polars
import pyarrow
import pyarrow.compute
import pyarrow.flight

URL = os.environ["STARMART_URL"]
UTC = datetime.timezone.utc
CROSS = "from mart.samples a cross join mart.samples b cross join mart.samples c"


def connect(**options):
    # Without autocommit=True the driver warns that there are no transactions.
    return flightsql.connect(URL, autocommit=True, **options)


def table(sql):
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetch_arrow_table()


def refused(sql):
    try:
        table(sql)
    except adbc_driver_manager.Error as error:
        return error
    raise AssertionError(f"not refused: {sql}")


def test_connects_and_tells_what_it_is():
    with connect() as connection:
        info = connection.adbc_get_info()
        assert info["vendor_name"] == "Starmart", info
        assert info["vendor_version"], info


def objects(depth, **filters):
    with connect() as connection:
        return connection.adbc_get_objects(depth=depth, **filters).read_all().to_pylist()


def test_objects_at_every_depth():
    [catalog] = objects("catalogs")
    assert catalog["catalog_name"] == "starmart" and not catalog["catalog_db_schemas"], catalog
    [catalog] = objects("db_schemas")
    schemas = catalog["catalog_db_schemas"]
    assert [schema["db_schema_name"] for schema in schemas] == ["cubes", "information_schema", "mart", "system"], schemas
    assert not any(schema["db_schema_tables"] for schema in schemas), schemas
    [catalog] = objects("tables")
    tables = {
        (schema["db_schema_name"], table["table_name"], table["table_type"]): table["table_columns"]
        for schema in catalog["catalog_db_schemas"]
        for table in schema["db_schema_tables"]
    }
    own = [table for table in tables if table[2] == "TABLE"]
    assert own == [("cubes", "sampled", "TABLE"), ("mart", "samples", "TABLE")], tables
    assert ("system", "measures", "SYSTEM TABLE") in tables, tables
    assert not any(tables.values()), tables


def test_objects_with_their_columns():
    for depth in ["columns", "all"]:
        [catalog] = objects(depth)
        columns = {
            (table["table_name"], column["column_name"]): column
            for schema in catalog["catalog_db_schemas"]
            for table in schema["db_schema_tables"]
            for column in table["table_columns"]
        }
        assert all(column["xdbc_type_name"] for column in columns.values()), columns
        price = columns["samples", "price"]
        assert price["ordinal_position"] == 3 and price["xdbc_type_name"] == "DECIMAL", price
        assert columns["sampled", "seen"]["xdbc_type_name"] == "TIMESTAMP", columns["sampled", "seen"]
        assert columns["samples", "seen"]["xdbc_type_name"] == "TIMESTAMP WITH TIME ZONE", columns["samples", "seen"]
        assert columns["sampled", "mean"]["xdbc_type_name"] == "DOUBLE", columns["sampled", "mean"]
    [catalog] = objects("all", db_schema_filter="m%", table_name_filter="sample_", column_name_filter="pr%")
    [schema] = catalog["catalog_db_schemas"]
    [table] = schema["db_schema_tables"]
    assert [column["column_name"] for column in table["table_columns"]] == ["price"], table


def test_schemas_of_tables_by_name():
    with connect() as connection:
        samples = connection.adbc_get_table_schema("samples", db_schema_filter="mart")
        cube = connection.adbc_get_table_schema("sampled")
        assert connection.adbc_get_table_types() == ["SYSTEM TABLE", "TABLE"]
        for name in ["sample_", "nothing_here"]:
            try:
                connection.adbc_get_table_schema(name)
            except adbc_driver_manager.Error as error:
                assert error.status_code == adbc_driver_manager.AdbcStatusCode.NOT_FOUND, (name, str(error))
                continue
            raise AssertionError(f"there is a table {name}")
    rows = table("select * from mart.samples limit 1")
    assert [(field.name, field.type) for field in samples] == [(field.name, field.type) for field in rows.schema]
    assert not any(field.metadata for field in rows.schema), rows.schema
    price = samples.field("price").metadata
    assert (price[b"ARROW:FLIGHT:SQL:PRECISION"], price[b"ARROW:FLIGHT:SQL:SCALE"]) == (b"12", b"2"), price
    total = cube.field("total").metadata
    assert total[b"starmart.role"] == b"measure" and total[b"starmart.additivity"] == b"additive", total
    assert cube.metadata[b"ARROW:FLIGHT:SQL:REMARKS"] == b"Samples", cube.metadata
    assert "flag" in cube.names and "seen__month" in cube.names, cube.names


def test_types_and_values():
    sql = "select id, label, price, flag, sold_on, seen, cast(price as double) as ratio from mart.samples order by id"
    rows = table(sql)
    types = {field.name: field.type for field in rows.schema}
    assert types == {
        "id": pyarrow.int64(),
        "label": pyarrow.string(),
        "price": pyarrow.decimal128(12, 2),
        "flag": pyarrow.bool_(),
        "sold_on": pyarrow.date32(),
        "seen": pyarrow.timestamp("us", tz="UTC"),
        "ratio": pyarrow.float64(),
    }, types
    assert all(field.nullable for field in rows.schema)
    assert rows.num_rows == 50
    assert rows.slice(2, 1).to_pylist() == [
        {
            "id": 3,
            "label": "樣品 3",
            "price": decimal.Decimal("3.75"),
            "flag": False,
            "sold_on": datetime.date(2017, 1, 4),
            "seen": datetime.datetime(2017, 3, 12, 3, tzinfo=UTC),
            "ratio": 3.75,
        }
    ]
    last = rows.slice(49, 1).to_pylist()[0]
    assert last.pop("id") == 50 and last.pop("label") == "樣品 50"
    assert set(last.values()) == {None}, last


def test_rows_through_the_cursor():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("select id, label from mart.samples order by id")
        assert [column[0] for column in cursor.description] == ["id", "label"]
        assert cursor.fetchone() == (1, "樣品 1")
        assert len(cursor.fetchmany(3)) == 3
        assert len(cursor.fetchall()) == 46
        # A connection answers one statement after another.
        cursor.execute("select 1 as one")
        assert cursor.fetchall() == [(1,)]


def test_cubes():
    rows = table("select flag, measure(n) as n, measure(total) as total from sampled group by flag order by flag")
    assert rows.to_pylist() == [
        {"flag": False, "n": 25, "total": decimal.Decimal("781.25")},
        {"flag": True, "n": 24, "total": decimal.Decimal("750.00")},
        {"flag": None, "n": 1, "total": None},
    ], rows.to_pylist()


def test_fact_rows():
    rows = table("select * from sampled")
    measures = table("select measure(n) as n, measure(total) as total from sampled").to_pylist()
    assert [{name: sum(filter(None, rows[name].to_pylist())) for name in ("n", "total")}] == measures, measures
    # The mean has no value in a row, and its field says so.
    mean = rows.schema.field("mean")
    assert rows["mean"].null_count == 50 and mean.metadata[b"starmart.detail"] == b"null: not additive", mean
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("select * from (select * from sampled where flag = ?) t limit 0", (True,))
        assert cursor.fetch_arrow_table().schema == rows.schema


def test_wall_clock_is_naive():
    rows = table("select seen, measure(n) as n from sampled where seen < timestamp '2017-03-12 04:00:00' group by seen")
    assert rows.schema.field("seen").type == pyarrow.timestamp("us"), rows.schema
    # 02:00 to 03:00 did not exist in New York on that day.
    hours = [row.hour for row in rows.column("seen").to_pylist() if row.day == 12]
    assert sorted(hours) == [0, 1, 3], hours


def test_no_rows_keep_their_schema():
    rows = table("select id, label from mart.samples where id < 0")
    assert rows.num_rows == 0 and rows.schema.names == ["id", "label"]


def test_aggregates_over_columns_without_null():
    rows = table("select count(*) as n, min(id) as low, sum(id) as total from mart.samples")
    assert rows.to_pylist()[0]["n"] == 50 and rows.to_pylist()[0]["low"] == 1


def test_results_larger_than_a_message():
    rows = table(f"select a.id as a, c.id as c, repeat(b.label, 30) as long_text {CROSS}")
    assert rows.num_rows == 125_000
    assert rows.nbytes > 32 << 20, rows.nbytes
    assert pyarrow.compute.count_distinct(rows.column("long_text")).as_py() == 50


def test_a_client_that_leaves_early():
    for _ in range(40):
        with connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"select a.id, repeat(b.label, 30) as long_text {CROSS} cross join mart.samples d")
            assert cursor.fetchone() is not None
    # Each query has ended, else the queue would be full by now.
    assert table("select 1 as one").to_pylist() == [{"one": 1}]


def test_errors_have_their_codes():
    status = adbc_driver_manager.AdbcStatusCode
    for sql, code in [
        ("selec 1", status.INVALID_ARGUMENT),
        ("select ? as x", status.INVALID_ARGUMENT),
        ("select nope from mart.samples", status.INVALID_ARGUMENT),
        ("select 1; select 2", status.INVALID_ARGUMENT),
        ("drop table mart.samples", status.UNAUTHORIZED),
        ("copy mart.samples to '/tmp/x'", status.UNAUTHORIZED),
        ("set timezone = 'Asia/Taipei'", status.INVALID_ARGUMENT),
    ]:
        error = refused(sql)
        assert error.status_code == code, (sql, error.status_code, str(error))
    assert "labels" in str(refused("select labels from mart.samples"))


def test_errors_say_chinese():
    assert "沒有" in str(refused('select "沒有" from mart.samples'))


def bound(sql, values):
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetch_arrow_table()


def test_parameters_keep_their_order_and_types():
    values = (
        1,
        -9223372036854775808,
        2.5,
        decimal.Decimal("-3.75"),
        True,
        "it's 數\n?",
        datetime.date(2017, 1, 4),
        datetime.datetime(2017, 3, 12, 3, 4, 5, 678901),
        datetime.datetime(2017, 3, 12, 3, tzinfo=UTC),
        None,
        11,
        "twelve",
    )
    numbered = ", ".join(f"${number} as p{number}" for number in range(1, 13))
    for sql in [f"select {numbered}", "select " + ", ".join("?" * 12)]:
        got = [column[0].as_py() for column in bound(sql, values).columns]
        assert got == list(values), got
    backwards = "select $12 as a, $2 as b, $10 as c, $1 as d, $3, $4, $5, $6, $7, $8, $9, $11"
    assert [column[0].as_py() for column in bound(backwards, values).columns][:4] == ["twelve", -(2**63), None, 1]


def test_parameters_choose_rows():
    by_id = "select label from mart.samples where id = ? and price = ? and sold_on = ? and flag = ?"
    values = (3, decimal.Decimal("3.75"), datetime.date(2017, 1, 4), False)
    assert bound(by_id, values).to_pylist() == [{"label": "樣品 3"}]
    assert bound("select id from mart.samples where label = ?", ("樣品 7",)).to_pylist() == [{"id": 7}]
    assert bound("select id from mart.samples where label = ?", (None,)).num_rows == 0
    assert bound("select id from mart.samples order by id limit ? offset ?", (2, 5)).to_pylist() == [{"id": 6}, {"id": 7}]
    seen = bound("select count(*) as n from mart.samples where seen = ?", (datetime.datetime(2017, 3, 12, 3, tzinfo=UTC),))
    assert seen.to_pylist() == [{"n": 1}]
    cube = "select flag, measure(n) as n from sampled where flag = ? and seen >= ? group by flag"
    assert bound(cube, (True, datetime.datetime(2017, 1, 1))).to_pylist() == [{"flag": True, "n": 24}]


def test_a_prepared_statement_runs_again_with_other_values():
    with connect() as connection, connection.cursor() as cursor:
        sql = "select label from mart.samples where id = ?"
        assert cursor.adbc_prepare(sql).types == [pyarrow.int64()]
        for number in (1, 7, 50):
            cursor.execute(sql, (number,))
            assert cursor.fetchall() == [(f"樣品 {number}",)]


def test_what_cannot_be_bound_is_refused():
    for sql, values in [
        ("select ? as x", ()),
        ("select ? as x", (1, 2)),
        ("select $2 as x", (1, 2)),
        ("select $1, ? as x", (1, 2)),
        ("select ? as x", (b"bytes",)),
        ("select * from ?", ("mart.samples",)),
        ("select id from mart.samples limit ?", ("many",)),
        ("select id from mart.samples where id = ?", ("1 or true",)),
    ]:
        try:
            bound(sql, values)
        except adbc_driver_manager.Error as error:
            assert error.status_code == adbc_driver_manager.AdbcStatusCode.INVALID_ARGUMENT, (sql, str(error))
            continue
        raise AssertionError(f"bound: {sql} {values}")
    with connect() as connection, connection.cursor() as cursor:
        try:
            cursor.executemany("select ? as x", [(1,), (2,)])
        except adbc_driver_manager.Error:
            return
        raise AssertionError("rows of values were taken")


def test_pandas_and_polars():
    sql = "select id, label, price, sold_on from mart.samples where id < 4 order by id"
    with connect() as connection:
        frame = pandas.read_sql(sql, connection)
        assert list(frame["label"]) == ["樣品 1", "樣品 2", "樣品 3"] and frame["price"][2] == decimal.Decimal("3.75")
        frame = polars.read_database("select flag, measure(n) as n from sampled group by flag order by flag", connection)
        assert frame.rows() == [(False, 25), (True, 24), (None, 1)], frame
        some = polars.read_database(sql.replace("< 4", "< ?"), connection, execute_options={"parameters": [3]})
        assert some.schema["price"] == polars.Decimal(12, 2) and some["sold_on"].dtype == polars.Date, some.schema
        assert some.height == 2


def test_flightsql_dbapi():
    host, port = URL.removeprefix("grpc://").split(":")
    client = flightsql_dbapi.FlightSQLClient(host=host, port=int(port), insecure=True)
    info = client.execute("select id, label from mart.samples where id = 3")
    assert client.do_get(info.endpoints[0].ticket).read_all().to_pylist() == [{"id": 3, "label": "樣品 3"}]
    cursor = flightsql_dbapi.connect(client).cursor()
    sql = "select id, label from mart.samples where id < ? and label <> ? order by id"
    for bound, expected in [((4, "樣品 2"), [1, 3]), ((3, "x"), [1, 2])]:
        cursor.execute(sql, bound)
        assert [row[0] for row in cursor.fetchall()] == expected


def test_sqlalchemy_as_superset_uses_it():
    import sqlalchemy

    host, port = URL.removeprefix("grpc://").split(":")
    engine = sqlalchemy.create_engine(f"datafusion://{host}:{port}?insecure=True")
    inspector = sqlalchemy.inspect(engine)
    assert inspector.get_schema_names() == ["cubes", "information_schema", "mart", "system"]
    assert inspector.get_table_names(schema="mart") == ["samples"]
    columns = {column["name"]: str(column["type"]) for column in inspector.get_columns("samples", schema="mart")}
    assert columns["price"] == "DECIMAL" and columns["sold_on"] == "DATE", columns
    with engine.connect() as connection:
        [[count]] = connection.execute(sqlalchemy.text("SELECT COUNT(*) FROM mart.samples"))
        assert count > 0, count
        samples = sqlalchemy.Table("samples", sqlalchemy.MetaData(), autoload_with=engine, schema="mart")
        chosen = sqlalchemy.select(samples.c.id).where(samples.c.label == "樣品 3", samples.c.id < 9)
        assert connection.execute(chosen).all() == [(3,)]


def test_a_query_is_cancelled():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"select sum(a.id * b.id * c.id) as s {CROSS} cross join mart.samples d cross join mart.samples e")
        threading.Timer(0.5, cursor.adbc_cancel).start()
        try:
            cursor.fetchall()
        except Exception as error:
            assert "ancel" in str(error), error
        else:
            raise AssertionError("it went on")
    assert table("select 1 as one").to_pylist() == [{"one": 1}]


def test_credentials_are_refused():
    try:
        flightsql.connect(URL, db_kwargs={"username": "a", "password": "b"}, autocommit=True).close()
    except adbc_driver_manager.Error as error:
        assert "no login" in str(error), error
        return
    raise AssertionError("credentials were taken unchecked")


def test_flight_calls_that_are_not_there():
    with pyarrow.flight.connect(URL) as client:
        for call in [
            lambda: client.get_flight_info(pyarrow.flight.FlightDescriptor.for_path("sales")),
            lambda: list(client.list_flights()),
            lambda: list(client.do_action("BeginTransaction")),
        ]:
            try:
                call()
            except (NotImplementedError, pyarrow.ArrowNotImplementedError) as error:
                assert "not " in str(error)
                continue
            raise AssertionError("answered")
        try:
            list(client.do_get(pyarrow.flight.Ticket(b"junk")))
        except pyarrow.ArrowInvalid as error:
            assert "ticket" in str(error)
        else:
            raise AssertionError("junk was redeemed")


def main():
    wanted = sys.argv[1:]
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    failed = 0
    for name, test in tests.items():
        if wanted and name not in wanted:
            continue
        try:
            test()
            print(f"ok   {name}", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{failed} failed" if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
