use super::{rows, sorted};

const BY_BOTH: &str = "(SELECT department d, store s, SUM(baskets) b, SUM(revenue) r FROM sales GROUP BY 1, 2) t";

#[tokio::test]
async fn measures_of_the_page() {
    assert_eq!(
        sorted("SELECT department, baskets, revenue, aov FROM sales").await,
        ["A 5 108.00 21.6", "B 2 12.00 6.0"]
    );
    assert_eq!(rows("SELECT baskets, lines, revenue FROM sales").await, ["5 7 120.00"]);
    assert_eq!(sorted("SELECT city, revenue_a FROM sales").await, ["Bath 70.00", "York 38.00"]);
    assert_eq!(sorted("SELECT department, revenue FROM sales WHERE revenue > 20").await, ["A 108.00"]);
    assert_eq!(rows("SELECT COUNT(*), COUNT(DISTINCT department), SUM(1) FROM sales").await, ["7 2 7"]);
    assert_eq!(rows("SELECT revenue, lines FROM sales WHERE department = 'none'").await, ["NULL 0"]);
    assert_eq!(rows("SELECT department FROM sales WHERE 1 = 0").await.len(), 0);
}

#[tokio::test]
async fn evaluated_blocks_add_up_where_they_may() {
    assert_eq!(rows(&format!("SELECT SUM(r) FROM {BY_BOTH}")).await, ["120.00"]);
    assert_eq!(sorted(&format!("SELECT d, s, SUM(b) FROM {BY_BOTH} GROUP BY d, s")).await.len(), 4);
    let evaluated = "(SELECT department d, store, revenue r FROM sales WHERE revenue > 40) t";
    assert_eq!(rows(&format!("SELECT d, SUM(r) FROM {evaluated} GROUP BY 1")).await, ["A 70.00"]);
}

#[tokio::test]
async fn select_all_keeps_equal_rows() {
    assert_eq!(sorted("SELECT ALL lines > 0 AS some FROM sales GROUP BY department").await, ["true", "true"]);
}

#[tokio::test]
async fn a_block_of_constants_exists_where_facts_do() {
    assert_eq!(rows("SELECT 1 AS one FROM sales WHERE department = 'none'").await.len(), 0);
    assert_eq!(rows("SELECT 1 AS one FROM sales").await, ["1"]);
    let exists = |department: &str| {
        format!("SELECT COUNT(*) FROM mart.lines WHERE EXISTS (SELECT 1 FROM sales WHERE department = '{department}')")
    };
    assert_eq!(rows(&exists("A")).await, ["7"]);
    assert_eq!(rows(&exists("none")).await, ["0"]);
}

#[tokio::test]
async fn a_filter_above_an_outer_join_stays_with_its_column() {
    // What is asked of a line must not be asked of the shop, whose column has the same name.
    let shops = "(VALUES ('S1'), ('S3')) s(store)";
    for (filter, answer) in [
        ("concat(l.store, '') = 'S1'", "4"),
        ("concat(l.store, '') = 'S3'", "0"),
        ("concat(l.store, '') = ''", "1"),
        ("coalesce(l.store, 'none') = 'none'", "1"),
        ("coalesce(l.store, 'none') = 'S3'", "0"),
        ("concat(s.store, '') = 'S3'", "1"),
    ] {
        for join in [format!("mart.lines l RIGHT JOIN {shops}"), format!("{shops} LEFT JOIN mart.lines l")] {
            let sql = format!("SELECT COUNT(*) FROM {join} ON l.store = s.store WHERE {filter}");
            assert_eq!(rows(&sql).await, [answer], "{sql}");
        }
    }
}

#[tokio::test]
async fn ties_at_a_limit_are_broken_by_the_keys_in_item_order() {
    let tie = "SELECT store, department FROM sales GROUP BY department, store ORDER BY lines * 0 LIMIT 2";
    assert_eq!(rows(tie).await, ["S1 A", "S1 B"]);
    assert_eq!(rows("SELECT DISTINCT department, store FROM sales ORDER BY department DESC LIMIT 1").await, ["B S1"]);
}

#[tokio::test]
async fn instants_meet_the_wall_clock_in_the_zone() {
    // The last two facts are at 12:00Z, 08:00 in New York.
    for literal in [
        "'2017-04-30T11:30:00Z'",
        "coalesce('2017-04-30T11:30:00Z', NULL)",
        "TIMESTAMP '2017-04-30T11:30:00Z'",
        "'2017-04-30 07:30:00'",
    ] {
        for clock in ["sold_at", "sold_at__hour", "date_trunc('hour', sold_at)", "sold_at + INTERVAL '0 day'"] {
            let sql = format!("SELECT lines FROM sales WHERE {clock} >= {literal}");
            assert_eq!(rows(&sql).await, ["2"], "{sql}");
        }
        let sql = format!("SELECT n FROM (SELECT sold_at__hour h, lines n FROM sales) t WHERE h >= {literal}");
        assert_eq!(rows(&sql).await, ["2"], "{sql}");
    }
    // It is now 2017-04-30 21:00 in New York, and tomorrow in UTC.
    assert_eq!(rows("SELECT current_date FROM mart.shops LIMIT 1").await, ["2017-04-30"]);
    let evaluated = "(SELECT sold_at__hour h, lines n FROM sales) t";
    for now in ["now()", "current_timestamp"] {
        let sql = format!("SELECT n FROM {evaluated} WHERE h > {now} - INTERVAL '14 hour'");
        assert_eq!(rows(&sql).await, ["2"], "{sql}");
    }
}

#[tokio::test]
async fn filters_casts_and_coalesce_apply_to_the_measure() {
    let filtered = "SELECT SUM(revenue) FILTER (WHERE department = 'A') a, baskets FROM sales";
    assert_eq!(rows(filtered).await, ["108.00 5"]);
    assert_eq!(rows("SELECT CAST(SUM(coalesce(baskets, 0)) AS double) FROM sales").await, ["5.0"]);
    assert_eq!(
        rows("SELECT COUNT(DISTINCT baskets), MAX(largest), COUNT(*) FILTER (WHERE store = 'S2') FROM sales").await,
        ["5 40.00 3"]
    );
    assert_eq!(sorted("SELECT upper(department) AS u, revenue FROM sales GROUP BY u").await, ["A 108.00", "B 12.00"]);
    assert_eq!(rows("SELECT MIN(sold_at__month), MAX(sold_at__day) FROM sales").await, ["2017-01-01 2017-04-30"]);
}

#[tokio::test]
async fn blocks_are_evaluated_in_unions_ctes_and_subqueries() {
    let union = "SELECT department, revenue FROM sales GROUP BY 1 UNION ALL SELECT 'all', revenue FROM sales";
    assert_eq!(sorted(union).await, ["A 108.00", "B 12.00", "all 120.00"]);
    let share = "SELECT department, revenue / (SELECT revenue FROM sales) AS share FROM sales ORDER BY share LIMIT 1";
    assert_eq!(rows(share).await, ["B 0.1"]);
    let cte = "WITH sales AS (SELECT department AS d, SUM(revenue) AS r FROM sales GROUP BY 1) SELECT r FROM sales WHERE d = 'B'";
    assert_eq!(rows(cte).await, ["12.00"]);
    let among = "SELECT revenue FROM sales WHERE store IN (SELECT store FROM sales WHERE revenue > 50)";
    assert_eq!(rows(among).await, ["77.00"]);
    let named = "WITH big AS (SELECT store FROM sales WHERE revenue > 50) \
                 SELECT revenue FROM sales WHERE store IN (SELECT store FROM big)";
    assert_eq!(rows(named).await, ["77.00"]);
    let windows = format!("SELECT d, s, SUM(b) OVER (PARTITION BY d, s) n FROM {BY_BOTH} ORDER BY d, s LIMIT 1");
    assert_eq!(rows(&windows).await, ["A S1 3"]);
}
