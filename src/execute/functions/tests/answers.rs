//! Tables of questions and answers, one per rule.

use super::Session;

/// Asks each question and compares what is shown; an answer that starts with `!` is a part of an error.
async fn check(cases: &[(&str, &str)]) {
    let session = Session::new();
    let mut wrong = Vec::new();
    for (sql, expected) in cases {
        let shown = session.shown(sql).await;
        let right = match expected.strip_prefix('!') {
            Some(part) => shown.contains(part),
            None => shown == *expected,
        };
        if !right {
            wrong.push(format!("{sql}\n  expected {expected}\n  but got  {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Counts the rows of four amounts of which a condition is true.
fn amounts(condition: &str) -> String {
    format!("SELECT count(*) FROM (VALUES (4.20, 1), (4.50, 2), (-4.50, 3), (100.00, 4)) t(amt, n) WHERE {condition}")
}

#[tokio::test]
async fn casts_in_comparisons_round_as_they_do_elsewhere() {
    for (condition, expected) in [
        ("CAST(amt AS BIGINT) = 4", "1"),
        ("amt::bigint = 5", "1"),
        ("4 = amt::bigint", "1"),
        ("amt::bigint <> 4", "3"),
        ("amt::bigint < 5", "2"),
        ("amt::bigint <= 5", "3"),
        ("amt::bigint > 4", "2"),
        ("amt::bigint >= 5", "2"),
        ("amt::bigint IN (4, 100)", "2"),
        ("amt::bigint NOT IN (4, 100)", "2"),
        ("amt::bigint BETWEEN 4 AND 5", "2"),
        ("amt::bigint IS DISTINCT FROM 4", "3"),
        ("amt::bigint IS NOT DISTINCT FROM 4", "1"),
        ("TRY_CAST(amt AS BIGINT) = 4", "1"),
        ("CASE WHEN amt::bigint = 4 THEN true ELSE false END", "1"),
        ("CAST(amt AS DECIMAL(12,1)) = 4.2", "1"),
        ("CAST(amt AS DECIMAL(12,0)) = 5", "1"),
        ("CAST(amt AS DECIMAL(12,0)) = -5", "1"),
        ("TRY_CAST(amt AS DECIMAL(12,0)) IN (4, 5)", "2"),
        ("TRY_CAST(amt AS DECIMAL(3,2)) <> 4.20", "2"),
        ("TRY_CAST(amt AS SMALLINT) = 100", "1"),
        ("TRY_CAST(n * 100000 AS SMALLINT) <> 5", "0"),
        ("arrow_cast(amt, 'Decimal128(12, 0)') = 4", "1"),
        ("arrow_cast(amt, 'Int64') = 4", "1"),
        ("CAST(amt::double AS BIGINT) = 4", "1"),
        ("CAST(amt::double AS DECIMAL(12,1)) = 4.2", "1"),
        ("CAST(amt::double AS DECIMAL(12,0)) = 5", "1"),
    ] {
        check(&[(&amounts(condition), expected)]).await;
    }
    let filtered = "SELECT count(*) FILTER (WHERE v::bigint = 4) FROM (VALUES (4.20), (3.9)) t(v)";
    let dated = "SELECT count(*) FROM (VALUES (TIMESTAMP '2017-01-01 05:00:00')) t(ts)
        WHERE CAST(ts AS DATE) = DATE '2017-01-01' AND TRY_CAST(ts AS DATE) IN (DATE '2017-01-01')";
    let zoned =
        "SELECT count(*) FROM (VALUES (arrow_cast('2017-01-01T05:00:00', 'Timestamp(Microsecond, None)'))) t(ts)
        WHERE arrow_cast(ts, 'Timestamp(Microsecond, Some(\"America/New_York\"))')
            = arrow_cast('2017-01-01T10:00:00Z', 'Timestamp(Microsecond, Some(\"America/New_York\"))')";
    let rows = "(VALUES (4.20), (3.9), (7.5))";
    let joined = format!("SELECT t.v FROM {rows} t(v) JOIN {rows} u(v) ON t.v::bigint = u.v::bigint AND t.v < u.v");
    let grouped =
        format!("SELECT v::bigint FROM {rows} t(v) GROUP BY v::bigint HAVING v::bigint = 4 ORDER BY v::bigint");
    check(&[
        (&joined, "3.90"),
        (&grouped, "4"),
        (filtered, "2"),
        (dated, "1"),
        (zoned, "1"),
        ("SELECT arrow_cast(2.5, 'Int64')", "3"),
        ("SELECT arrow_cast(v, 'Int64') FROM (VALUES (-2.5e0)) t(v)", "-3"),
        ("SELECT arrow_cast(2.5, 'Decimal128(3, -1)')", "!scale is 0 or more"),
        ("SELECT arrow_cast(2.5, 'Float16')", "!arrow_cast to Float16 is not supported"),
        ("SELECT CAST('-2.25' AS DECIMAL(4,1))", "-2.3"),
        ("SELECT CAST(v AS DECIMAL(3,2)) FROM (VALUES (100.00)) t(v)", "!too large"),
        ("SELECT TRY_CAST(v AS DECIMAL(3,2)) FROM (VALUES (100.00)) t(v)", "NULL"),
    ])
    .await;
}

#[tokio::test]
async fn medians_are_doubles_of_exact_values() {
    check(&[
        ("SELECT median(v) FROM (VALUES (1.0), (2.5)) t(v)", "1.75"),
        ("SELECT median(v) FROM (VALUES (0.1), (0.2)) t(v)", "0.15"),
        ("SELECT median(v) FROM (VALUES (1), (2), (NULL)) t(v)", "1.5"),
        ("SELECT median(v) FROM (VALUES (CAST(1 AS DOUBLE)), (2), (9)) t(v)", "2"),
        ("SELECT median(DISTINCT v) FROM (VALUES (1), (1), (1), (4)) t(v)", "2.5"),
        ("SELECT median(v) FROM (VALUES (1)) t(v) WHERE v > 1", "NULL"),
        ("SELECT median(v) FILTER (WHERE k = 2) FROM (VALUES (1, 1.0), (2, 4.25)) t(k, v) GROUP BY k ORDER BY k DESC", "4.25"),
        ("SELECT percentile_cont(v, 0.5) FROM (VALUES (1.0), (2.5)) t(v)", "1.75"),
        ("SELECT percentile_cont(v, 0) FROM (VALUES (1.0), (2.5)) t(v)", "1"),
        ("SELECT percentile_cont(v, 1) FROM (VALUES (1.0), (2.5)) t(v)", "2.5"),
        ("SELECT percentile_cont(v, 0.7) FROM (VALUES (0), (100), (200), (300), (400), (500), (600), (700), (800), (900)) t(v)", "630"),
        ("SELECT percentile_cont(v, 1.5) FROM (VALUES (1)) t(v)", "!a number from 0 to 1"),
        ("SELECT percentile_cont(v, v) FROM (VALUES (1)) t(v)", "!literal"),
        ("SELECT percentile_disc(v, 0.5) FROM (VALUES (1.0), (2.5)) t(v)", "1.0"),
        ("SELECT percentile_disc(v, 0.51) FROM (VALUES (1.0), (2.5)) t(v)", "2.5"),
        ("SELECT percentile_disc(v, 0) FROM (VALUES (3), (2), (NULL)) t(v)", "2"),
        ("SELECT percentile_disc(v, 1) FROM (VALUES (3), (2), (NULL)) t(v)", "3"),
        ("SELECT percentile_disc(DISTINCT v, 0.5) FROM (VALUES (1), (4), (4), (4)) t(v)", "1"),
        ("SELECT percentile_disc(v, 0.5) FROM (VALUES (DATE '2017-01-31'), (DATE '2017-02-28')) t(v)", "2017-01-31"),
        ("SELECT percentile_disc(v, 0.5) FROM (VALUES (TIMESTAMP '2017-01-31 10:00:00')) t(v)", "1485856800000000"),
        ("SELECT percentile_disc(v, 0.5) FROM (VALUES (1)) t(v) WHERE v > 1", "NULL"),
        ("SELECT percentile_disc(v, 2) FROM (VALUES (1)) t(v)", "!a number from 0 to 1"),
        ("SELECT percentile_disc(v, 0.5) FROM (VALUES ('a')) t(v)", "!takes a number, a date or a timestamp"),
        ("SELECT median(v) FROM (VALUES ('a')) t(v)", "!median takes a number"),
        ("SELECT sum(m) FROM (SELECT median(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS m
            FROM (VALUES (1.0), (2.0), (4.0), (NULL)) t(v)) u", "9.5"),
    ])
    .await;
    // 0.07 of 100 is a little more than 7 in doubles.
    let hundred: Vec<String> = (1..=100).map(|value| format!("({value})")).collect();
    let seventh = format!("SELECT percentile_disc(v, 0.07) FROM (VALUES {}) t(v)", hundred.join(", "));
    check(&[(seventh.as_str(), "7")]).await;
    let nines = "9".repeat(38);
    let wide = format!("SELECT median(v) FROM (VALUES ({nines}.), (-{nines}.)) t(v)");
    check(&[(&wide, "0")]).await;
}

#[tokio::test]
async fn zeros_are_one_and_so_are_nans() {
    check(&[
        ("SELECT CASE 0/-5 WHEN 0 THEN 'zero' ELSE 'other' END", "zero"),
        ("SELECT 0/-5 IN (0)", "true"),
        ("SELECT nullif(v/-5, 0) FROM (VALUES (0)) t(v)", "NULL"),
        ("SELECT count(DISTINCT v) FROM (SELECT v/-5 AS v FROM (VALUES (0)) t(v) UNION ALL SELECT CAST('0' AS DOUBLE)) u", "1"),
        ("SELECT v * CAST('-5' AS DOUBLE) = 0 FROM (VALUES (CAST('0' AS DOUBLE))) t(v)", "true"),
        ("SELECT 1 / (v * CAST('-5' AS DOUBLE) + 1) FROM (VALUES (CAST('0' AS DOUBLE))) t(v)", "1"),
        ("SELECT count(DISTINCT w) FROM (SELECT -v AS w FROM (VALUES (CAST('0' AS DOUBLE))) t(v) UNION ALL SELECT CAST('0' AS DOUBLE)) u", "1"),
        ("SELECT -CAST('0' AS DOUBLE) IN (CAST('0' AS DOUBLE))", "true"),
        ("SELECT v % CAST('5' AS DOUBLE) IN (CAST('0' AS DOUBLE)) FROM (VALUES (CAST('-5' AS DOUBLE))) t(v)", "true"),
        ("SELECT CAST('-0' AS DOUBLE) IN (CAST('0' AS DOUBLE))", "true"),
        ("SELECT round(v) IN (CAST('0' AS DOUBLE)) FROM (VALUES (CAST('-0.2' AS DOUBLE))) t(v)", "true"),
        ("SELECT ceil(v) IN (CAST('0' AS DOUBLE)) FROM (VALUES (CAST('-0.2' AS DOUBLE))) t(v)", "true"),
        ("SELECT trunc(v) IN (CAST('0' AS DOUBLE)) FROM (VALUES (CAST('-0.2' AS DOUBLE))) t(v)", "true"),
        ("SELECT v - v > 1 FROM (VALUES (CAST('inf' AS DOUBLE))) t(v)", "true"),
        ("SELECT v - v = CAST('NaN' AS DOUBLE) FROM (VALUES (CAST('inf' AS DOUBLE))) t(v)", "true"),
        ("SELECT min(w) FROM (SELECT v - v AS w FROM (VALUES (CAST('inf' AS DOUBLE))) t(v) UNION ALL SELECT CAST('1' AS DOUBLE)) u", "1"),
        ("SELECT v * CAST('0' AS DOUBLE) > 1 FROM (VALUES (CAST('inf' AS DOUBLE))) t(v)", "true"),
        ("SELECT ln(v) > 1 FROM (VALUES (CAST('-1' AS DOUBLE))) t(v)", "true"),
        ("SELECT sum(v) > 1 FROM (VALUES (CAST('inf' AS DOUBLE)), (CAST('-inf' AS DOUBLE))) t(v)", "true"),
        ("SELECT avg(v) > 1 FROM (VALUES (CAST('inf' AS DOUBLE)), (CAST('-inf' AS DOUBLE))) t(v)", "true"),
        ("SELECT stddev(v) > 1 FROM (VALUES (CAST('inf' AS DOUBLE)), (CAST('1' AS DOUBLE))) t(v)", "true"),
        ("SELECT var_pop(v) > 1 FROM (VALUES (1, CAST('inf' AS DOUBLE)), (1, CAST('1' AS DOUBLE))) t(k, v) GROUP BY k", "true"),
    ])
    .await;
}

#[tokio::test]
async fn lengths_of_time_compare_by_length() {
    let long = "(TIMESTAMP '2020-01-01 00:00:00' - TIMESTAMP '2017-01-01 00:00:00')";
    for (condition, expected) in [
        ("< INTERVAL '2 days'", "false"),
        ("> INTERVAL '2 days'", "true"),
        ("= INTERVAL '1095 days'", "true"),
        ("BETWEEN INTERVAL '1 day' AND INTERVAL '2000 days'", "true"),
        ("IN (INTERVAL '1094 days 24 hours')", "true"),
        ("IS DISTINCT FROM INTERVAL '26280 hours'", "false"),
        ("< INTERVAL '1 month'", "!has no length to compare"),
    ] {
        check(&[(&format!("SELECT {long} {condition}"), expected)]).await;
    }
    check(&[
        ("SELECT INTERVAL '24 hours' = INTERVAL '1 day'", "true"),
        ("SELECT -INTERVAL '1 day' < INTERVAL '1 hour'", "true"),
        ("SELECT INTERVAL '30 days' < INTERVAL '1 month'", "!has no length"),
        ("SELECT DATE '2017-03-01' - DATE '2017-02-01'", "28"),
        ("SELECT b - a > 27 FROM (VALUES (DATE '2017-02-01', DATE '2017-03-01')) t(a, b)", "true"),
        (
            "SELECT sum(b - a) FROM (VALUES (DATE '2017-02-01', DATE '2017-03-01'), (NULL, DATE '2017-03-01')) t(a, b)",
            "28",
        ),
        ("SELECT DATE '2017-03-01' - 1", "2017-02-28"),
    ])
    .await;
}

#[tokio::test]
async fn operators_that_mean_something_else_elsewhere_are_refused() {
    check(&[
        ("SELECT 2 ^ 3", "!power(2, 3)"),
        ("SELECT 5 & 3", "1"),
        ("SELECT 5.5 & 3", "!takes integers"),
        ("SELECT 1 << 70", "!multiply"),
        ("SELECT DATE '2017-01-01' + INTERVAL '1 hour'", "!cast"),
        ("SELECT INTERVAL '25 hours' + v FROM (VALUES (DATE '2017-01-01')) t(v)", "!has hours"),
        ("SELECT DATE '2017-01-31' + INTERVAL '1 month'", "2017-02-28"),
        ("SELECT first_value(v) FROM (VALUES (1)) t(v)", "!first_value"),
        ("SELECT first_value(v) OVER (ORDER BY v) FROM (VALUES (1)) t(v)", "1"),
        ("SELECT nth_value(v, 1) OVER (ORDER BY v) FROM (VALUES (1)) t(v)", "1"),
        ("SELECT random()", "!random"),
        ("SELECT uuid()", "!uuid"),
    ])
    .await;
}

#[tokio::test]
async fn moving_frames_of_doubles_forget_what_has_left() {
    let over = "OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)";
    let rows = "(VALUES (1, CAST('1e16' AS DOUBLE)), (2, 1), (3, 1), (4, NULL), (5, NULL), (6, 'inf'), (7, 3), (8, 4)) t(k, v)";
    for (aggregate, k, expected) in
        [("sum", 3, "2"), ("avg", 3, "1"), ("sum", 4, "1"), ("sum", 5, "NULL"), ("sum", 7, "inf"), ("sum", 8, "7")]
    {
        let sql = format!("SELECT s FROM (SELECT k, {aggregate}(v) {over} AS s FROM {rows}) u WHERE k = {k}");
        check(&[(&sql, expected)]).await;
    }
    let rows = "(VALUES (1, CAST('1e9' AS DOUBLE)), (2, 1), (3, 2), (4, 4), (5, NULL), (6, NULL)) t(k, v)";
    for (aggregate, k, expected) in [
        ("var_pop", 1, "0"),
        ("var", 1, "NULL"),
        ("var", 3, "0.5"),
        ("var_pop", 4, "1"),
        ("stddev_pop", 4, "1"),
        ("stddev", 5, "NULL"),
        ("var_pop", 6, "NULL"),
    ] {
        let sql = format!("SELECT s FROM (SELECT k, {aggregate}(v) {over} AS s FROM {rows}) u WHERE k = {k}");
        check(&[(&sql, expected)]).await;
    }
}

#[tokio::test]
async fn time_is_cut_beyond_the_centuries_of_nanoseconds() {
    let early = "arrow_cast('1500-03-17T11:30:15.5', 'Timestamp(Microsecond, None)')";
    for (unit, expected) in [
        ("microsecond", "1500-03-17T11:30:15.500"),
        ("second", "1500-03-17T11:30:15"),
        ("hour", "1500-03-17T11:00:00"),
        ("day", "1500-03-17T00:00:00"),
        ("week", "1500-03-12T00:00:00"),
        ("month", "1500-03-01T00:00:00"),
        ("quarter", "1500-01-01T00:00:00"),
        ("YEAR", "1500-01-01T00:00:00"),
    ] {
        let sql = format!("SELECT CAST(date_trunc('{unit}', {early}) AS TEXT)");
        check(&[(&sql, expected)]).await;
    }
    let bin = |stride: &str, at: &str, rest: &str| {
        format!("SELECT CAST(date_bin(INTERVAL '{stride}', TIMESTAMP '{at}'{rest}) AS TEXT)")
    };
    for (sql, expected) in [
        (bin("15 minutes", "2017-01-01 05:37:00", ""), "2017-01-01T05:30:00"),
        (bin("1 day", "1960-01-01 05:37:00", ", TIMESTAMP '2017-01-01 06:00:00'"), "1959-12-31T06:00:00"),
        (bin("3 months", "2017-05-20 00:00:00", ""), "2017-04-01T00:00:00"),
        (bin("1 month", "2017-03-01 00:00:00", ", TIMESTAMP '2017-01-31 00:00:00'"), "2017-02-28T00:00:00"),
        (bin("1 month 1 day", "2017-03-01 00:00:00", ""), "!date_bin takes a positive interval"),
        (bin("0 days", "2017-03-01 00:00:00", ""), "!date_bin takes a positive interval"),
    ] {
        check(&[(&sql, expected)]).await;
    }
    let zoned = "arrow_cast('2017-11-05T06:30:00Z', 'Timestamp(Microsecond, Some(\"America/New_York\"))')";
    check(&[
        (&format!("SELECT CAST(date_trunc('day', {zoned}) AS BIGINT) / 1000000"), "1509854400"),
        (&format!("SELECT CAST(date_trunc('hour', {zoned}) AS BIGINT) / 1000000"), "1509861600"),
        (&format!("SELECT CAST(date_bin(INTERVAL '1 year', {early}) AS TEXT)"), "1500-01-01T00:00:00"),
        (&format!("SELECT extract(year FROM {early})"), "1500"),
        (&format!("SELECT extract(year FROM v) = 1500 FROM (VALUES ({early})) t(v)"), "true"),
        ("SELECT CAST(date_trunc('month', DATE '1500-03-17') AS TEXT)", "1500-03-01T00:00:00"),
        ("SELECT date_trunc('month', v) FROM (VALUES (CAST(NULL AS DATE))) t(v)", "NULL"),
        ("SELECT date_trunc('eon', TIMESTAMP '2017-01-01 00:00:00')", "!not 'eon'"),
        ("SELECT date_trunc(v, TIMESTAMP '2017-01-01 00:00:00') FROM (VALUES ('day')) t(v)", "!literal"),
        ("SELECT CAST(to_timestamp('1500-03-17T11:30:15.5') AS TEXT)", "1500-03-17T11:30:15.500"),
        ("SELECT arrow_typeof(to_timestamp(1))", "Timestamp(µs, \"UTC\")"),
        ("SELECT arrow_typeof(to_timestamp_seconds(1))", "Timestamp(µs, \"UTC\")"),
        ("SELECT arrow_typeof(from_unixtime(1))", "Timestamp(µs, \"UTC\")"),
        ("SELECT CAST(from_unixtime(1) AS BIGINT)", "1000000"),
        ("SELECT CAST(to_timestamp('17/03/2017', '%d/%m/%Y') AS TEXT)", "!"),
    ])
    .await;
}

#[tokio::test]
async fn functions_make_no_more_than_is_foreseen() {
    let much = "!would make more than 16 MiB of one row";
    check(&[
        ("SELECT cardinality(range(0, 200000000))", much),
        ("SELECT cardinality(range(200000000))", much),
        ("SELECT cardinality(generate_series(0, 200000000))", much),
        ("SELECT cardinality(range(200000000, 0, -1))", much),
        ("SELECT cardinality(range(DATE '1900-01-01', DATE '2900-01-01', INTERVAL '1 day'))", "365243"),
        (
            "SELECT cardinality(generate_series(arrow_cast('1900-01-01', 'Timestamp(Microsecond, None)'),
            arrow_cast('2100-01-01', 'Timestamp(Microsecond, None)'), INTERVAL '1 second'))",
            much,
        ),
        ("SELECT cardinality(array_repeat(1, 200000000))", much),
        ("SELECT cardinality(array_repeat(array_repeat(1, 1000000), 100))", much),
        ("SELECT cardinality(array_resize(make_array(1), 200000000, 1))", much),
        ("SELECT length(repeat('abc', 200000000))", much),
        ("SELECT length(lpad('abc', 200000000))", much),
        ("SELECT length(rpad('abc', 200000000, 'x'))", much),
        ("SELECT length(replace(repeat('a', 1000000), 'a', repeat('b', 1000000)))", much),
        ("SELECT sum(length(repeat('abc', v))) FROM (VALUES (1000000), (1000000000), (-1), (NULL)) t(v)", much),
        ("SELECT sum(length(repeat('abc', v))) FROM (VALUES (1000), (-1), (NULL)) t(v)", "3000"),
        ("SELECT length(repeat('abc', 1000000))", "3000000"),
        ("SELECT cardinality(range(0, 1000000))", "1000000"),
        ("SELECT lpad('7', 3, '0')", "007"),
        ("SELECT concat('a', NULL, 'b')", "ab"),
    ])
    .await;
}
