use super::{KeyClaim, planned, planned_with, refused, rows};

const BY_BOTH: &str = "(SELECT department d, store s, SUM(baskets) b, SUM(revenue) r FROM sales GROUP BY 1, 2) t";

/// Statements whose answer would be wrong, each with a word of its refusal.
#[test]
fn sums_that_nothing_proves_right() {
    for (select, word) in [
        ("SELECT d, SUM(b) FROM {} GROUP BY d", "baskets"),
        ("SELECT SUM(DISTINCT r) FROM {}", "DISTINCT"),
        ("SELECT d FROM {} GROUP BY d ORDER BY SUM(b) DESC LIMIT 1", "baskets"),
        ("SELECT SUM(r) FROM (SELECT DISTINCT r FROM {}) u", "revenue"),
        ("SELECT SUM(r) FROM (SELECT r FROM {} GROUP BY r) u", "revenue"),
        ("SELECT SUM(r * 2) FROM {}", "revenue"),
        ("SELECT SUM(b) OVER () FROM {}", "baskets"),
        ("SELECT SUM(x) FROM (SELECT d, (SELECT baskets FROM sales) x FROM {}) u", "SUM"),
        ("SELECT SUM((SELECT baskets FROM sales)) FROM {}", "SUM"),
        ("SELECT SUM(r) FROM (SELECT r FROM {} UNION ALL SELECT r FROM {}) u", "revenue"),
    ] {
        let sql = select.replace("{}", BY_BOTH);
        let error = refused(&sql);
        assert!(error.contains(word), "{sql}\n{error}");
    }
    let distinct = refused("SELECT SUM(r) FROM (SELECT DISTINCT revenue r FROM sales GROUP BY department) t");
    assert!(distinct.contains("revenue"), "{distinct}");
}

#[test]
fn what_is_not_there_yet_is_refused_by_name() {
    for (sql, word) in [
        ("SELECT department FROM sales JOIN mart.lines ON true", "JOIN"),
        ("SELECT AVG(baskets) FROM sales", "baskets"),
        ("SELECT SUM(revenue + 1) FROM sales", "revenue"),
        ("SELECT revenue FROM sales GROUP BY revenue", "revenue"),
        ("SELECT department FROM sales WHERE revenue > 1 GROUP BY department", "HAVING"),
        ("SELECT department FROM sales WHERE revenue > 1 OR store = 'S1'", "store"),
        ("SELECT department, revenue FROM sales AS s(a, b)", "alias"),
        ("WITH c AS (SELECT * FROM mart.lines) SELECT * FROM c VERSION AS OF 1", "VERSION AS OF"),
        ("SELECT revenue FROM sales VERSION AS OF 1", "mart_version"),
        ("SELECT revnue FROM sales", "revenue"),
        (
            "SELECT department FROM sales s WHERE EXISTS (SELECT 1 FROM mart.shops t WHERE t.store > s.store)",
            "only by an equality with a dimension",
        ),
        (
            "SELECT 1 FROM mart.lines l WHERE 1 < (SELECT lines FROM sales WHERE store = l.store OR store = 'S1')",
            "only by an equality with a dimension",
        ),
        (
            "SELECT lines FROM sales s WHERE EXISTS (SELECT s.store FROM sales t WHERE t.store = s.store)",
            "'s.store' is outside",
        ),
        ("SELECT lines FROM sales s WHERE t.store = 'S1'", "unknown name 't.store'; the cube 'sales' is called 's'"),
        (
            "SELECT 1 FROM mart.lines l LEFT JOIN mart.shops s ON l.store = s.store AND EXISTS (SELECT 1 FROM mart.shops)",
            "do not stand in ON",
        ),
        ("SELECT COUNT(DISTINCT store, department) FROM mart.lines", "takes 1 argument"),
        ("SELECT \"$mark\"(store, 'x') FROM mart.lines", "unknown function"),
        ("SELECT revenue FROM sale", "sales"),
        ("SELECT * FROM mart.line", "mart.lines"),
    ] {
        let error = refused(sql);
        assert!(error.contains(word), "{sql}\n{error}");
    }
}

#[test]
fn a_join_needs_a_true_claim_only_where_it_is_used() {
    for claim in [KeyClaim::Broken { violations: 1 }, KeyClaim::Untested] {
        assert!(planned_with("SELECT city, revenue FROM sales", claim).unwrap_err().to_string().contains("shop"));
        planned_with("SELECT store, revenue FROM sales", claim).unwrap();
    }
    planned("SELECT city, revenue FROM sales").unwrap();
}

#[tokio::test]
async fn filters_may_not_multiply_along_a_chain() {
    let chain = |links: usize, wrapped: &str| {
        let mut sql = "WITH c0 AS (SELECT line_id AS a, store FROM mart.lines)".to_owned();
        for at in 1..=links {
            sql += &format!(", c{at} AS (SELECT a + a AS a, store FROM c{} WHERE a + a > 0)", at - 1);
        }
        format!("{sql} SELECT count(*) FROM {}", wrapped.replace('$', &format!("c{links}")))
    };
    assert_eq!(rows(&chain(10, "$")).await, ["7"]);
    let many: Vec<String> = (0..24_000).map(|at| at.to_string()).collect();
    let long = format!("SELECT count(*) FROM mart.lines WHERE line_id IN ({})", many.join(", "));
    assert_eq!(rows(&long).await, ["7"]);
    for wrapped in [
        "$",
        "(SELECT a AS b FROM $ GROUP BY a HAVING a > 0) AS d",
        "mart.lines AS l JOIN $ AS d ON l.store = d.store AND l.line_id < d.a",
        "(SELECT a FROM $ UNION ALL SELECT 1) AS d WHERE a > 1",
        "mart.shops WHERE store IN (SELECT store FROM $ WHERE a > 1)",
    ] {
        assert!(refused(&chain(24, wrapped)).contains("earlier"), "{wrapped}");
        assert!(refused(&chain(80, wrapped)).contains("earlier"), "{wrapped}");
    }
}

#[test]
fn names_may_not_multiply_along_a_chain_of_plain_blocks() {
    let chain = |links: usize| {
        let mut sql = "WITH c0 AS (SELECT department AS x, revenue FROM sales)".to_owned();
        for at in 1..=links {
            sql += &format!(", c{at} AS (SELECT concat(x, x) AS x, revenue FROM c{})", at - 1);
        }
        format!("{sql} SELECT x, SUM(revenue) FROM c{links} GROUP BY 1")
    };
    planned(&chain(5)).unwrap();
    for links in [20, 80] {
        assert!(refused(&chain(links)).contains("spelled out"), "{links}");
    }
}

#[test]
fn joins_that_cannot_stay_lazy_are_not_read_again_and_again() {
    let nested = |depth: usize, outer: &str| {
        let plain = "(SELECT department AS k, revenue AS r FROM sales) a";
        (0..depth).fold("SELECT department AS k, revenue AS r FROM sales".to_owned(), |inner, _| {
            format!("SELECT {outer} FROM {plain} JOIN ({inner}) b ON a.r = b.r GROUP BY 1")
        })
    };
    planned(&nested(3, "a.k AS k, MAX(a.r) AS r")).unwrap_or_else(|error| panic!("{error}"));
    let deep = nested(12, "a.k AS k, MAX(a.r) AS r");
    assert!(refused(&deep).contains("too deeply"), "{}", refused(&deep));
}
