//! `*` over a cube (semantics, rule 6), and the cube as a subquery (rule 3).

use super::{planned, refused, rows, sorted};

#[tokio::test]
async fn detail_is_the_fact_rows() {
    let plan = planned("SELECT * FROM sales").unwrap();
    let names: Vec<_> = plan.schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names.first(), Some(&"sold_at"));
    assert_eq!(names[names.len() - 6..], ["revenue", "lines", "baskets", "largest", "aov", "revenue_a"]);
    let all = rows("SELECT * FROM sales ORDER BY revenue, sold_at").await;
    assert_eq!(all.len(), 7);
    assert!(
        all[0].ends_with("5.00 1 NULL NULL NULL 0") || all[0].ends_with("5.00 1 NULL NULL NULL NULL"),
        "{}",
        all[0]
    );
    assert!(all[6].ends_with("40.00 1 NULL NULL NULL 40.00"), "{}", all[6]);
    // Its types are those of the measures.
    let grouped = planned("SELECT revenue, lines, baskets, largest, aov, revenue_a FROM sales").unwrap();
    for field in grouped.schema.fields() {
        assert_eq!(plan.schema.field_with_name(field.name()).unwrap(), field.as_ref());
    }
}

#[tokio::test]
async fn detail_adds_up_to_its_measures() {
    for (sql, answer) in [
        (
            "SELECT SUM(revenue), SUM(lines), COUNT(*), SUM(revenue_a) FROM (SELECT * FROM sales ORDER BY 1) t",
            "120.00 7 7 108.00",
        ),
        ("SELECT COUNT(*), SUM(revenue) FROM (SELECT * FROM sales WHERE revenue > 10) t", "3 90.00"),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT * FROM sales) t", "7"),
        ("SELECT COUNT(*) FROM (SELECT * FROM sales WHERE department = 'A' AND revenue >= 10 LIMIT 100) t", "4"),
    ] {
        assert_eq!(rows(sql).await, [answer], "{sql}");
    }
    assert_eq!(rows("SELECT * FROM sales WHERE 1 = 0").await.len(), 0);
    assert_eq!(rows("SELECT * FROM sales LIMIT 0").await.len(), 0);
    assert_eq!(rows("SELECT * FROM sales LIMIT 3 OFFSET 2").await.len(), 3);
    assert_eq!(rows("SELECT s.* FROM sales s WHERE s.store = 'S2' ORDER BY s.revenue DESC LIMIT 2").await.len(), 2);
    assert_eq!(rows("SELECT * FROM sales WHERE sold_at >= '2017-04-30'").await.len(), 2);
    assert_eq!(rows("SELECT * FROM cubes.sales WHERE city = 'York'").await.len(), 4);
}

#[tokio::test]
async fn a_subquery_of_star_is_the_cube_itself() {
    for (sql, answer) in [
        ("SELECT baskets, aov FROM (SELECT * FROM sales) t", "5 24.0"),
        ("SELECT SUM(revenue), COUNT(*) FROM (SELECT * FROM sales WHERE department = 'B') t", "12.00 2"),
        (
            "SELECT t.baskets FROM (SELECT * FROM (SELECT s.* FROM sales s WHERE s.store = 'S2') u) t WHERE t.department = 'A'",
            "2",
        ),
        ("SELECT department, baskets FROM (SELECT * FROM sales) WHERE baskets > 2", "A 5"),
    ] {
        assert_eq!(rows(sql).await, [answer], "{sql}");
    }
    let grouped = "SELECT t.department, SUM(t.revenue) FROM (SELECT * FROM sales WHERE store = 'S1') t GROUP BY 1";
    assert_eq!(sorted(grouped).await, ["A 38.00", "B 5.00"]);
    assert_eq!(rows("SELECT * FROM (SELECT * FROM sales) t WHERE t.department = 'A' LIMIT 10").await.len(), 5);
    let exists = "SELECT COUNT(*) FROM mart.lines WHERE EXISTS (SELECT * FROM sales WHERE department = 'none')";
    assert_eq!(rows(exists).await, ["0"]);
}

#[test]
fn what_detail_cannot_mean_is_refused() {
    for (sql, word) in [
        ("SELECT * FROM sales WHERE aov > 5", "'aov' has no value in a single row"),
        ("SELECT * FROM sales ORDER BY baskets", "'baskets' has no value in a single row"),
        ("SELECT * FROM sales WHERE SUM(revenue) > 5", "aggregates"),
        ("SELECT * FROM sales GROUP BY department", "not grouped"),
        ("SELECT * FROM sales HAVING revenue > 5", "not grouped"),
        ("SELECT *, department FROM sales", "stands alone"),
        ("SELECT * FROM sales ORDER BY 400", "there are"),
        ("SELECT * FROM sales UNION ALL SELECT * FROM sales", "the cube itself"),
        ("WITH s AS (SELECT * FROM sales) SELECT SUM(revenue) FROM s", "the cube itself"),
        ("SELECT COUNT(*) FROM mart.shops JOIN (SELECT * FROM sales) t ON t.store = shops.store", "the cube itself"),
        ("SELECT SUM(aov) FROM (SELECT * FROM sales ORDER BY revenue) t", "aov"),
    ] {
        let error = refused(sql);
        assert!(error.contains(word), "{sql}\n{error}");
    }
}
