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
    check(&[
        (filtered, "2"),
        (dated, "1"),
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
        ("SELECT median(v) FROM (VALUES ('a')) t(v)", "!median takes a number"),
        ("SELECT sum(m) FROM (SELECT median(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS m
            FROM (VALUES (1.0), (2.0), (4.0), (NULL)) t(v)) u", "9.5"),
    ])
    .await;
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
        ("SELECT random()", "!random"),
        ("SELECT uuid()", "!uuid"),
    ])
    .await;
}
