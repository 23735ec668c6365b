"""Loading transactions, side by side with DuckDB doing the same work, in turn, in one run.

Both read the Parquet file, cast money to DECIMAL(12,2), check that (basket_id, product_id) is unique, sort by time and
store and write zstd Parquet. Both fsync what they write: Starmart always does, DuckDB's file is fsynced afterwards.
Prints a table and writes target/bench/load.json; `make bench` runs it after building release.

usage: load.py STARMART_BINARY DATA_FOLDER [RUNS]
"""

import json
import pathlib
import shutil
import sys
import tempfile

from measure import Results, medians, run

MODEL = """version: 1
defaults: {timezone: America/New_York}
tables:
  transactions:
    files: data/transactions.parquet
    primary_key: [basket_id, product_id]
    sort_by: [sold_at, store_id]
    columns:
      sales_value: decimal(12,2)
      retail_disc: decimal(12,2)
      coupon_disc: decimal(12,2)
      coupon_match_disc: decimal(12,2)
      sold_at: {from: transaction_timestamp, type: timestamp, stored_in: UTC}
"""

RIVAL = """
import duckdb, os, sys
source, target = sys.argv[1:]
database = duckdb.connect()
database.execute(f'''create table t as select household_id, store_id, basket_id, product_id, quantity,
    sales_value::decimal(12,2) sales_value, retail_disc::decimal(12,2) retail_disc,
    coupon_disc::decimal(12,2) coupon_disc, coupon_match_disc::decimal(12,2) coupon_match_disc,
    week, transaction_timestamp::timestamp sold_at from '{source}' ''')
assert database.execute('''select count(*) from (select 1 from t group by basket_id, product_id
    having count(*) > 1 or basket_id is null or product_id is null)''').fetchone() == (0,)
database.execute(f"copy (from t order by sold_at, store_id) to '{target}' (format parquet, compression zstd)")
os.fsync(os.open(target, os.O_RDWR))
"""


def ours(binary, data, folder):
    project = folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    (project / "cubes").mkdir(parents=True)
    (project / "cubes" / "tables.yaml").write_text(MODEL)
    (project / "starmart.yaml").write_text(f"version: 1\nmart: mart\ndata: {json.dumps(str(data))}\n")
    return run([binary, "-q", "-C", str(project), "load"])


def rival(data, folder):
    target = folder / "rival.parquet"
    target.unlink(missing_ok=True)
    return run([sys.executable, "-c", RIVAL, str(data / "transactions.parquet"), str(target)])


def main():
    import duckdb

    binary, data = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        pairs = [(ours(binary, data, folder), rival(data, folder)) for _ in range(runs + 1)][1:]
    results = Results("load")
    for case, unit, at in (("load transactions", "s", 0), ("load transactions, peak memory", "MiB", 1)):
        results.add(case, unit, *medians(pairs, at), f"DuckDB {duckdb.__version__}")
    results.write()


main()
