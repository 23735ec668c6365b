//! LIMITs without ORDER BY beneath aggregates (semantics, rule 7).

use super::{failed, refused, rows};

#[tokio::test]
async fn a_limit_that_cuts_beneath_an_aggregate_fails() {
    for sql in [
        "SELECT SUM(r) FROM (SELECT department, revenue r FROM sales GROUP BY 1 LIMIT 1) t",
        "SELECT COUNT(*) FROM (SELECT * FROM mart.lines LIMIT 6) t",
        "SELECT COUNT(*) FROM (SELECT store FROM mart.lines LIMIT 6) t WHERE store = 'S1'",
        "SELECT COUNT(*) FROM (SELECT store FROM mart.lines UNION ALL (SELECT store FROM mart.lines LIMIT 6)) t",
        "SELECT COUNT(*) FROM mart.shops s JOIN (SELECT store FROM mart.lines LIMIT 6) l ON s.store = l.store",
        "SELECT COUNT(*) FROM (SELECT d FROM (SELECT department d, store FROM sales GROUP BY 1, 2) LIMIT 3) t",
        "SELECT d, COUNT(*) FROM (SELECT department d, store, lines FROM sales GROUP BY 1, 2 LIMIT 3) t GROUP BY d",
        "WITH t AS (SELECT store FROM mart.lines LIMIT 6) SELECT MAX(store) FROM t",
        "SELECT COUNT(*) FROM (SELECT store, MAX(line_id) FROM mart.lines GROUP BY 1 LIMIT 1) t",
        "SELECT s, n FROM (SELECT s, SUM(n) n FROM (SELECT store s, COUNT(*) n FROM mart.lines GROUP BY 1 LIMIT 1) GROUP BY 1) t",
    ] {
        let error = failed(sql).await;
        assert!(error.contains("without ORDER BY cuts rows"), "{sql}\n{error}");
    }
}

#[tokio::test]
async fn a_limit_that_cuts_nothing_or_in_order_is_one() {
    for (sql, answer) in [
        ("SELECT SUM(r) FROM (SELECT department, revenue r FROM sales GROUP BY 1 LIMIT 2) t", "120.00"),
        ("SELECT SUM(r) FROM (SELECT department, revenue r FROM sales GROUP BY 1 ORDER BY r LIMIT 1) t", "12.00"),
        ("SELECT COUNT(*) FROM (SELECT * FROM mart.lines LIMIT 100000) t", "7"),
        ("SELECT COUNT(*) FROM (SELECT * FROM mart.lines LIMIT 7) t", "7"),
        ("SELECT COUNT(*) FROM (SELECT * FROM mart.lines LIMIT 7 OFFSET 0) t", "7"),
        ("SELECT COUNT(*) FROM (SELECT * FROM mart.lines LIMIT 0) t", "0"),
        ("SELECT COUNT(*) FROM (SELECT * FROM mart.lines ORDER BY line_id LIMIT 3 OFFSET 5) t", "2"),
        ("SELECT COUNT(*) FROM (SELECT d FROM (SELECT department d, store FROM sales GROUP BY 1, 2) LIMIT 4) t", "4"),
        ("SELECT MAX(n) FROM (SELECT COUNT(*) n FROM mart.lines LIMIT 1) t", "7"),
    ] {
        assert_eq!(rows(sql).await, [answer], "{sql}");
    }
    // Not beneath an aggregate, rows of a cube come in the order of its keys.
    assert_eq!(rows("SELECT * FROM (SELECT department, store FROM sales LIMIT 1) t").await, ["A S1"]);
}

#[test]
fn an_offset_without_order_beneath_an_aggregate_is_refused() {
    for sql in [
        "SELECT COUNT(*) FROM (SELECT * FROM mart.lines LIMIT 7 OFFSET 1) t",
        "SELECT COUNT(*) FROM (SELECT * FROM mart.lines OFFSET 1) t",
        "SELECT SUM(r) FROM (SELECT department, revenue r FROM sales GROUP BY 1 LIMIT 1 OFFSET 1) t",
        "SELECT COUNT(*) FROM (SELECT store FROM mart.lines GROUP BY 1 OFFSET 1) t",
    ] {
        assert!(refused(sql).contains("OFFSET without ORDER BY"), "{sql}");
    }
}
