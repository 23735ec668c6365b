"""What the semantic layer costs, in one run: planning, loading a model, and questions as BI tools ask them.

Statements of tests/tools are planned beside the careful SQL over tables that means the same; a model of 200 measures is
loaded beside one of a single measure; ten statements as tools send them are answered beside DuckDB, which is asked the
careful SQL over the same Parquet files. A rival named aim is the most that ours should be. Prints a table and writes
target/bench/semantic.json; `make bench` runs it after building release.

usage: semantic.py STARMART_BINARY DATA_FOLDER [RUNS]
"""

import contextlib
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import timeit

import adbc_driver_flightsql.dbapi as adbc
import duckdb
import pyarrow.flight

from measure import Results, medians, run, statement

TESTS = pathlib.Path(__file__).resolve().parent.parent / "tests"
PLANNING_AIM, LOADING_AIM, RATIO_AIM = 5, 10, 2
SECTION = re.compile("^(sees|asks|means|refused|instead|plan|answer|says):", re.MULTILINE)

MODEL = """version: 1
tables:
  lines:
    files: data/lines.csv
    columns: {sold_at: {type: timestamp, stored_in: UTC}, amount: "decimal(12,2)"}
cubes:
  sales:
    table: lines
    time: sold_at
    dimensions: {kind: kind}
    measures:
      sales: sum(amount)
"""
# Five measures by a number and the one before: a sum, one of some rows, a ratio, and what is derived of that, twice.
FIVE = """\
      sum_{0}: {{expr: sum(amount * {0}), unit: USD, format: "#,##0.00", title: {{en: Sum {0}, zh-TW: 總和 {0}}}}}
      some_{0}: {{expr: sum_{0}, filter: kind = '{0}', unit: USD, title: {{en: Some {0}, zh-TW: 部分 {0}}}}}
      share_{0}: {{expr: some_{0} / sum_{0}, format: percent, title: {{en: Share {0}, zh-TW: 佔比 {0}}}}}
      gap_{0}: {{expr: share_{0} - share_{1}, format: percent, title: {{en: Gap {0}, zh-TW: 差距 {0}}}}}
      change_{0}: {{expr: gap_{0} / share_{1}, format: percent, title: {{en: Change {0}, zh-TW: 變化 {0}}}}}
"""

# Over the retail mart, written as in tests/tools; what it means is DuckDB's SQL.
STATEMENTS = """
== Superset: lazy distinct counts
asks:
SELECT dept AS dept, sum(visits) AS "SUM(visits)", sum(buyers) AS "SUM(buyers)", COUNT(*) AS count
FROM (select department as dept, age, baskets as visits, households as buyers from sales where brand = 'National'
) AS virtual_table GROUP BY dept ORDER BY "SUM(visits)" DESC LIMIT 1000
means:
select department, count(distinct basket_id), count(distinct household_id), count(distinct coalesce(age, ''))
from transactions left join products using (product_id) left join households using (household_id)
where brand = 'National' group by 1 order by 2 desc, 1
== Tableau: top ten by a join
asks:
SELECT CAST("sales"."category" AS TEXT) AS "category", SUM("sales"."revenue") AS "sum:revenue:ok",
  DATE_TRUNC('MONTH', "sales"."sold_at") AS "tmn:sold_at:ok"
FROM "cubes"."sales" "sales" INNER JOIN (
  SELECT CAST("sales"."category" AS TEXT) AS "category", SUM("sales"."revenue") AS "$__alias__0"
  FROM "cubes"."sales" "sales" GROUP BY 1 ORDER BY 2 DESC, 1 ASC LIMIT 10
) "t0" ON (CAST("sales"."category" AS TEXT) = "t0"."category")
WHERE ("sales"."sold_at" < (TIMESTAMP '2017-12-01 00:00:00.000')) GROUP BY 1, 3
means:
with f as (select product_category, sales_value, timezone('America/New_York', sold_at) as sold
  from transactions left join products using (product_id)),
top as (select product_category from f group by 1 order by sum(sales_value) desc, 1 limit 10)
select product_category, sum(sales_value), date_trunc('month', sold)
from f join top using (product_category) where sold < '2017-12-01' group by 1, 3
== Superset: rollup of distinct counts
asks:
SELECT department AS department, brand AS brand, count(DISTINCT baskets) AS "COUNT_DISTINCT(baskets)",
sum(households) AS "SUM(households)", grouping(department) AS department__superset_grouping,
grouping(brand) AS brand__superset_grouping FROM cubes.sales GROUP BY ROLLUP(department, brand)
means:
select department, brand, count(distinct basket_id), count(distinct household_id), grouping(department), grouping(brand)
from transactions left join products using (product_id) group by rollup (department, brand)
== Superset: CASE and FILTER
asks:
SELECT department AS department, SUM(CASE WHEN brand = 'Private' THEN revenue ELSE 0 END) / SUM(revenue) AS "Private",
SUM(CASE WHEN brand = 'Private' THEN baskets END) AS "Baskets", SUM(aov) FILTER (WHERE income = '50-74K') AS "Middle",
SUM(CASE WHEN age = '65+' THEN trips_per_household END) AS "Trips"
FROM cubes.sales GROUP BY department ORDER BY "Private" DESC LIMIT 1000
means:
select department,
  sum(case when brand = 'Private' then sales_value else 0 end)::double / nullif(sum(sales_value), 0)::double,
  count(distinct basket_id) filter (brand = 'Private'),
  sum(sales_value) filter (income = '50-74K')::double / nullif(count(distinct basket_id) filter (income = '50-74K'), 0),
  count(distinct basket_id) filter (age = '65+') / nullif(count(distinct household_id) filter (age = '65+'), 0)
from transactions left join products using (product_id) left join households using (household_id)
group by 1 order by 2 desc, 1
== Superset: share of the total
asks:
SELECT category AS category, SUM(revenue) * 1.0 / SUM(SUM(revenue)) OVER () AS share
FROM cubes.sales GROUP BY category ORDER BY share DESC LIMIT 1000
means:
select product_category, sum(sales_value)::double / (sum(sum(sales_value)) over ())::double
from transactions left join products using (product_id) group by 1 order by 2 desc, 1
== dbt: chain of CTEs
asks:
WITH sma_28009_cte AS (
  SELECT DATE_TRUNC('day', sold_at) AS metric_time__day , brand AS sale__brand , revenue AS __revenue
  FROM "starmart"."cubes"."sales" sales_source_src_28000)
SELECT metric_time__day AS metric_time__day , CAST(private AS DOUBLE) / CAST(NULLIF(revenue, 0) AS DOUBLE) AS ratio
FROM (SELECT COALESCE(subq_20.metric_time__day, subq_25.metric_time__day) AS metric_time__day
    , MAX(subq_20.private) AS private , MAX(subq_25.revenue) AS revenue
  FROM (SELECT metric_time__day , SUM(revenue) AS private
    FROM (SELECT metric_time__day , sale__brand , __revenue AS revenue FROM sma_28009_cte) subq_16
    WHERE sale__brand = 'Private' GROUP BY metric_time__day) subq_20
  FULL OUTER JOIN (SELECT metric_time__day , SUM(__revenue) AS revenue
    FROM sma_28009_cte GROUP BY metric_time__day) subq_25 ON subq_20.metric_time__day = subq_25.metric_time__day
  GROUP BY COALESCE(subq_20.metric_time__day, subq_25.metric_time__day)) subq_26
means:
select date_trunc('day', timezone('America/New_York', sold_at)),
  sum(sales_value) filter (brand = 'Private')::double / nullif(sum(sales_value), 0)::double
from transactions left join products using (product_id) group by 1
== Grafana: the ten best and the rest
asks:
SELECT CASE WHEN category IN (SELECT category FROM sales WHERE category IS NOT NULL ORDER BY baskets DESC LIMIT 10)
THEN category ELSE 'other' END AS metric, baskets, aov FROM sales GROUP BY 1 ORDER BY 2 DESC
means:
with f as (select product_category, basket_id, sales_value from transactions left join products using (product_id)),
top as (select product_category as best from f where product_category is not null
  group by 1 order by count(distinct basket_id) desc, 1 limit 10)
select coalesce(best, 'other'), count(distinct basket_id), sum(sales_value)::double / count(distinct basket_id)
from f left join top on product_category = best group by 1 order by 2 desc, 1
== Metabase: distinct counts by month
asks:
SELECT DATE_TRUNC('month', "cubes"."sales"."sold_at") AS "sold_at", SUM("cubes"."sales"."revenue") AS "sum",
SUM("cubes"."sales"."baskets") AS "sum_2", SUM("cubes"."sales"."households") AS "sum_3" FROM "cubes"."sales"
GROUP BY DATE_TRUNC('month', "cubes"."sales"."sold_at") ORDER BY DATE_TRUNC('month', "cubes"."sales"."sold_at") ASC
means:
select date_trunc('month', timezone('America/New_York', sold_at)), sum(sales_value),
  count(distinct basket_id), count(distinct household_id) from transactions group by 1 order by 1
== Tableau: households above a mark
asks:
SELECT "sales"."household" AS "household", SUM("sales"."aov") AS "sum:aov:ok",
  SUM("sales"."revenue") AS "sum:revenue:ok" FROM "cubes"."sales" "sales" GROUP BY 1
HAVING ((SUM("sales"."revenue") >= 1999.9999999999) AND (SUM("sales"."revenue") <= 5000.0000000004))
means:
select household_id, sum(sales_value)::double / count(distinct basket_id), sum(sales_value)
from transactions group by 1 having sum(sales_value) between 1999.9999999999 and 5000.0000000004
== Superset: all but some
asks:
SELECT product_type AS product_type, COUNT(*) AS count, sum(revenue) AS "SUM(revenue)" FROM cubes.sales
WHERE (age IS NULL OR age NOT IN ('65+')) AND NOT (department IS NULL OR department IN ('FUEL'))
AND product_type NOT LIKE '%BEER%' GROUP BY product_type ORDER BY "SUM(revenue)" DESC LIMIT 10000
means:
select product_type, count(*), sum(sales_value)
from transactions join products using (product_id) left join households using (household_id)
where (age is null or age <> '65+') and department <> 'FUEL' and product_type not like '%BEER%'
group by 1 order by 3 desc, 1
"""


def cases(text):
    """The names and sections of the statements in a text like those of tests/tools."""
    for part in text.split("\n== ")[1:]:
        name, *sections = SECTION.split(part)
        yield name.strip(), dict(zip(sections[::2], map(str.strip, sections[1::2])))


def paired(first, second, runs):
    """The milliseconds of both in turn, the first turn left out, as `medians` takes them."""
    spent = lambda work: (timeit.timeit(work, number=1) * 1000,)
    return [(spent(first), spent(second)) for _ in range(runs + 1)][1:]


@contextlib.contextmanager
def served(binary, project):
    """Where a server of the project answers, as its greeting says, until the block ends."""
    command = [binary, "-C", project, "serve", "--flight", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        found = (re.search(r"grpc://[\d.:]+", line) for line in process.stderr)
        yield next((url[0] for url in found if url), None) or sys.exit("a server did not start")
    finally:
        process.terminate()
        process.wait()


def fixtures():
    """The tools' statements that mean something: the name, what is asked and what it means."""
    for path in sorted((TESTS / "tools").glob("*.txt")):
        for name, sections in cases(path.read_text()):
            if "means" in sections:
                yield f"{path.stem}: {name}", statement(sections["asks"]), statement(sections["means"])


def planning(binary, folder, runs, results):
    """GetFlightInfo of the tools' statements and of what they mean: medians of each, then over all statements.

    It plans each time anew and runs nothing. No plan is kept anywhere (a ticket carries the statement's text, which
    DoGet plans again), only the model as it was resolved for a mart version. To plan is to bind names, measures and
    types and to make DataFusion's logical plan; DoGet optimises it. The round trip is in both, so not in what is added.
    """
    shutil.copytree(TESTS / "projects" / "shop", folder)
    run([binary, "-q", "-C", str(folder), "load"])
    planned = []
    with served(binary, folder) as url, pyarrow.flight.connect(url) as client:
        for name, asks, means in fixtures():
            try:
                turns = paired(lambda: client.get_flight_info(asks), lambda: client.get_flight_info(means), runs)
            except pyarrow.ArrowException as error:
                print(f"not planned, {name}: {error}", file=sys.stderr)
            else:
                ours, rival, ratio = medians(turns, 0)
                planned.append((ours - rival, ours, rival, ratio, name))
    columns = [sorted(column) for column in list(zip(*planned))[:3]]
    for word, share in (("median", 0.5), ("99th percentile", 0.99), ("most", 1)):
        added, ours, rival = (column[int(share * (len(planned) - 1))] for column in columns)
        results.add(f"planned {len(planned)}, {word}", "ms", ours, rival, ours / rival, "careful SQL")
        results.add(f"  added by the cube, {word}", "ms", added, PLANNING_AIM, added / PLANNING_AIM, "aim of the 99th")
    for _, ours, rival, ratio, name in sorted(planned)[:-4:-1]:
        results.add(f"  {name}", "ms", ours, rival, ratio, "careful SQL")


def loading(binary, folder, runs, results):
    """What 200 measures add to a load of the model: `check` decodes the files three times and resolves them twice, a dry
    load twice and once, so that their difference is what one load takes; all are whole processes."""

    def project(name, measures):
        rows, config = "kind,sold_at,amount\n1,2017-01-01T05:00:00Z,9.99\n", "version: 1\nmart: mart\ndata: data\n"
        for path, text in ("cubes/a.yaml", MODEL + measures), ("data/lines.csv", rows), ("starmart.yaml", config):
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text)
        return [binary, "-q", "-C", str(folder / name)]

    many = project("many", "".join(FIVE.format(number, number - 1 or 40) for number in range(1, 41)))
    one = project("one", "")

    def added(*command):
        ours, rival, ratio = medians([(run([*many, *command]), run([*one, *command])) for _ in range(4 * runs)], 0)
        results.add(" ".join(command) + ", 201 measures", "ms", ours * 1000, rival * 1000, ratio, "1 measure")
        return (ours - rival) * 1000

    load = added("check") - added("load", "--dry-run")
    results.add("  a load of 200 more measures", "ms", load, LOADING_AIM, load / LOADING_AIM, "aim")


def same(one, other):
    """Whether two tables hold the same rows: doubles but for their last digits, everything else exactly."""
    exact = lambda row: repr([value for value in row if not isinstance(value, float)])
    one, other = (sorted(zip(*(column.to_pylist() for column in table.columns)), key=exact) for table in (one, other))
    near = lambda a, b: isinstance(a, float) and math.isclose(a, b, rel_tol=1e-9)
    alike = lambda a, b: type(a) is type(b) and (a == b or near(a, b))
    return len(one) == len(other) and all(len(a) == len(b) and all(map(alike, a, b)) for a, b in zip(one, other))


def asking(binary, folder, data, runs, results):
    """The ten statements over the retail mart, from the text to an Arrow table, beside DuckDB in process."""
    run([binary, "-q", "-C", str(folder), "demo", "--no-serve", "--dir", str(folder / "demo"), "--data", str(data)])
    database = duckdb.connect()
    for table in (folder / "demo" / "mart" / "tables").iterdir():
        database.execute(f"create view {table.name} as select * from read_parquet('{table}/*.parquet')")
    rival_name = f"DuckDB {duckdb.__version__}"
    with served(binary, folder / "demo") as url, adbc.connect(url, autocommit=True) as mart, mart.cursor() as cursor:
        for name, sections in cases(STATEMENTS):
            ours = lambda: cursor.execute(sections["asks"]).fetch_arrow_table()
            rival = lambda: database.sql(sections["means"]).to_arrow_table()
            if not same(ours(), rival()):
                sys.exit(f"the answers differ: {name}")
            results.add(name, "ms", *medians(paired(ours, rival, runs), 0), rival_name)
    largest = max(row["ratio"] for row in results.rows if row["rival_name"] == rival_name)
    results.add("  the largest ratio", "x", largest, RATIO_AIM, largest / RATIO_AIM, "aim")


def main():
    binary, data = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 15
    results = Results("semantic")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        planning(binary, folder / "shop", runs, results)
        loading(binary, folder, runs, results)
        asking(binary, folder, data, runs, results)
    results.write()


main()
