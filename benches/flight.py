"""Queries and results over Flight SQL, side by side with rivals, in turn, in one run.

Questions to the retail mart over Flight (ADBC, the result fetched as Arrow) beside DuckDB asking the same of the same
Parquet files in process, and how long both plan each; the round trip of SELECT 1 and the streaming of all transactions beside a server of pyarrow's
that only hands out batches it holds, over the same client. Answers are compared before anything is timed. Prints a table
and writes target/bench/flight.json; `make bench` runs it after building release.

usage: flight.py STARMART_BINARY DATA_FOLDER [RUNS]
"""

import contextlib
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import pyarrow.flight

from measure import Results, statement

# A case, the question to the cube or the tables, and DuckDB's over views of the tables' files.
QUESTIONS = [
    (
        "revenue by department",
        "select department, measure(revenue) as revenue from sales group by department",
        "select department, sum(sales_value) from transactions left join products using (product_id) group by 1",
    ),
    (
        "baskets by month",
        "select sold_at__month, measure(baskets) as baskets from sales group by sold_at__month",
        "select date_trunc('month', timezone('America/New_York', sold_at))::date, count(distinct basket_id) "
        "from transactions group by 1",
    ),
    (
        "three joins with filters",
        "select p.department, d.age, sum(t.sales_value) as revenue from mart.transactions t "
        "join mart.products p on t.product_id = p.product_id join mart.households h on t.household_id = h.household_id "
        "join mart.demographics d on d.household_id = h.household_id "
        "where p.brand = 'National' and d.income = '50-74K' group by 1, 2",
        None,
    ),
]

BARE = """
import sys, pyarrow, pyarrow.flight as flight, pyarrow.parquet as parquet
one = pyarrow.table({"one": pyarrow.array([1], pyarrow.int64())})
many = pyarrow.concat_tables([parquet.read_table(path) for path in sys.argv[2:]])

class Server(flight.FlightServerBase):
    def get_flight_info(self, context, descriptor):
        table = many if descriptor.command == b"many" else one
        endpoint = flight.FlightEndpoint(descriptor.command, [])
        return flight.FlightInfo(table.schema, descriptor, [endpoint], -1, -1)

    def do_get(self, context, ticket):
        return flight.RecordBatchStream(many if ticket.ticket == b"many" else one)

Server(sys.argv[1]).serve()
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command):
    """A server, until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_until(ready):
    for _ in range(200):
        if ready():
            return
        time.sleep(0.1)
    sys.exit("a server did not start")


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=1).status == 200
    except (urllib.error.URLError, OSError):
        return False


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def memory(process):
    """Peak resident MiB of a running process."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def fetch(client, descriptor):
    info = client.get_flight_info(descriptor)
    return client.do_get(info.endpoints[0].ticket).read_all()


def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def paired(first, second, runs):
    """The seconds of both in turn, the first turn left out."""
    return [(seconds(first), seconds(second)) for _ in range(runs + 1)][1:]


def sorted_rows(table):
    columns = [column.to_pylist() for column in table.columns]
    return sorted((tuple(row) for row in zip(*columns)), key=repr)


def main():
    import adbc_driver_flightsql.dbapi as adbc
    import duckdb

    binary, data = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 15
    results = Results("flight")
    report = results.add

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as servers:
        folder = pathlib.Path(folder)
        project = folder / "demo"
        subprocess.run([binary, "-q", "-C", folder, "demo", "--no-serve", "--dir", project, "--data", data], check=True)
        port, health, bare_port = free_port(), free_port(), free_port()
        serve = [binary, "-q", "-C", project, "serve", "--flight", f"127.0.0.1:{port}", "--http", f"127.0.0.1:{health}"]
        ours = servers.enter_context(running(serve))
        wait_until(lambda: answers(f"http://127.0.0.1:{health}/readyz"))
        url = f"grpc://127.0.0.1:{port}"
        database = duckdb.connect()
        rival = f"DuckDB {duckdb.__version__}"
        for table in (project / "mart" / "tables").iterdir():
            database.execute(f"create view {table.name} as select * from read_parquet('{table}/*.parquet')")
        connection = servers.enter_context(adbc.connect(url, autocommit=True))
        cursor = servers.enter_context(connection.cursor())

        mine = servers.enter_context(pyarrow.flight.connect(url))

        def ask(sql):
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

        for case, sql, theirs in QUESTIONS:
            theirs = theirs or sql.replace("mart.", "")
            if sorted_rows(ask(sql)) != sorted_rows(database.sql(theirs).to_arrow_table()):
                sys.exit(f"the answers differ: {case}")
            pairs = paired(lambda: ask(sql), lambda: database.sql(theirs).to_arrow_table(), runs)
            ours_ms, theirs_ms = (statistics.median(pair[at] for pair in pairs) * 1000 for at in (0, 1))
            report(case, "ms", ours_ms, theirs_ms, statistics.median(pair[0] / pair[1] for pair in pairs), rival)
            # GetFlightInfo plans and runs nothing; DuckDB's EXPLAIN does the same in process.
            plan = statement(sql)
            pairs = paired(lambda: mine.get_flight_info(plan), lambda: database.sql(f"explain {theirs}").fetchall(), runs)
            ours_ms, theirs_ms = (statistics.median(pair[at] for pair in pairs) * 1000 for at in (0, 1))
            ratio = statistics.median(pair[0] / pair[1] for pair in pairs)
            report("  planning it, round trip", "ms", ours_ms, theirs_ms, ratio, rival)

        files = sorted(str(path) for path in (project / "mart" / "tables" / "transactions").glob("*.parquet"))
        bare = servers.enter_context(running([sys.executable, "-c", BARE, f"grpc://127.0.0.1:{bare_port}", *files]))
        wait_until(lambda: listens(bare_port))
        other = servers.enter_context(pyarrow.flight.connect(f"grpc://127.0.0.1:{bare_port}"))
        bare_name = f"pyarrow {pyarrow.__version__}"
        command = pyarrow.flight.FlightDescriptor.for_command

        one = statement("select 1 as one")
        pairs = paired(lambda: fetch(mine, one), lambda: fetch(other, command(b"one")), 40 * runs)
        for case, at in (("SELECT 1, median", 0.5), ("SELECT 1, 99th percentile", 0.99)):
            both = [sorted(pair[side] for pair in pairs)[int(at * (len(pairs) - 1))] * 1000 for side in (0, 1)]
            report(case, "ms", *both, both[0] / both[1], bare_name)

        everything = statement("select * from mart.transactions")
        bytes_of = fetch(mine, everything).nbytes
        pairs = paired(lambda: fetch(mine, everything), lambda: fetch(other, command(b"many")), max(runs // 3, 3))
        speeds = [statistics.median(bytes_of / pair[at] for pair in pairs) / 1e9 for at in (0, 1)]
        ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
        report("all transactions, streamed", "GB/s", *speeds, ratio, bare_name)
        report("peak memory of the server", "MiB", memory(ours), memory(bare), memory(ours) / memory(bare), bare_name)

    results.write()


main()
