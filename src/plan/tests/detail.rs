//! `*` over a cube (semantics, rule 6), and the cube as a subquery (rule 3).

use std::sync::Arc;

use arrow::datatypes::Field;

use super::{KeyClaim, failed, model, planned, refused, rows, sorted, tables};
use crate::plan::catalogue::Catalogue;

/// The columns of a statement's result that are marked as NULL by rule.
fn marked(sql: &str) -> Vec<String> {
    let plan = planned(sql).unwrap_or_else(|error| panic!("'{sql}': {error}"));
    let marked = plan.schema.fields().iter().filter(|field| field.metadata().contains_key("starmart.detail"));
    marked.map(|field| field.name().clone()).collect()
}

#[tokio::test]
async fn detail_is_the_fact_rows() {
    let plan = planned("SELECT * FROM sales").unwrap();
    let names: Vec<_> = plan.schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names[..3], ["sold_at", "sold_at__hour", "sold_at__day"]);
    assert_eq!(
        names[7..],
        [
            "department",
            "store",
            "household",
            "city",
            "revenue",
            "lines",
            "baskets",
            "largest",
            "aov",
            "revenue_a",
            "latest"
        ]
    );
    let all = rows("SELECT * FROM sales ORDER BY revenue, sold_at").await;
    assert_eq!(all.len(), 7);
    let day = "2017-02-10 2017-02-06 2017-02-01 2017-01-01 2017-01-01";
    let first = format!("2017-02-10T07:00:00 2017-02-10T07:00:00 {day} B S1 h1 York 5.00 1 NULL NULL NULL NULL NULL");
    assert_eq!(all[0], first);
    assert!(all[6].ends_with("A S2 h3 Bath 40.00 1 NULL NULL NULL 40.00 NULL"), "{}", all[6]);
}

#[test]
fn what_detail_leaves_null_is_marked_and_typed() {
    let plan = planned("SELECT * FROM sales").unwrap();
    let measures = "revenue, lines, baskets, largest, aov, revenue_a, latest";
    let grouped = planned(&format!("SELECT {measures} FROM sales")).unwrap();
    for field in grouped.schema.fields() {
        let of_detail = plan.schema.field_with_name(field.name()).unwrap();
        assert_eq!((of_detail.data_type(), of_detail.is_nullable()), (field.data_type(), true));
        assert!(!field.metadata().contains_key("starmart.detail"));
    }
    let field = plan.schema.field_with_name("aov").unwrap();
    assert_eq!(field.metadata().get("starmart.detail").map(String::as_str), Some("null: not additive"));
    let all = ["baskets", "largest", "aov", "latest"];
    assert_eq!(marked("SELECT * FROM sales"), all);
    assert_eq!(marked("SELECT * FROM sales LIMIT 0"), all);
    assert_eq!(marked("SELECT *, upper(department) AS d FROM sales WHERE 1 = 0"), all);
    assert_eq!(marked("SELECT * FROM (SELECT * FROM sales) t LIMIT 10"), all);
    let outer = "FROM (SELECT * FROM sales ORDER BY 1) t";
    assert_eq!(marked(&format!("SELECT t.*, revenue * 2 AS twice {outer}")), all);
    assert_eq!(marked(&format!("SELECT revenue, aov AS value, CAST(baskets AS text) AS b {outer}")), ["value", "b"]);
    assert_eq!(marked(&format!("SELECT aov {outer} UNION ALL SELECT aov {outer}")), ["aov"]);
    // Beside other values what is not there would pass for one of them.
    assert!(refused(&format!("SELECT aov {outer} UNION ALL SELECT 1.5")).contains("no value in a single row"));
    assert!(marked(&format!("SELECT department, SUM(revenue) AS r {outer} GROUP BY 1")).is_empty());
    assert!(marked("EXPLAIN SELECT * FROM sales").is_empty());
}

#[test]
fn results_tell_which_columns_are_measures() {
    let roles = |sql: &str| -> Vec<String> {
        let schema = planned(sql).unwrap().schema;
        let told = |field: &Arc<Field>, key: &str| field.metadata().get(key).cloned().unwrap_or_default();
        let told =
            |field: &Arc<Field>| format!("{} {}", told(field, "starmart.role"), told(field, "starmart.additivity"));
        schema.fields().iter().map(|field| told(field).trim().to_owned()).collect()
    };
    let (dimension, sum, other) = ("dimension", "measure additive", "measure non_additive");
    assert_eq!(
        roles(
            "SELECT department AS d, MEASURE(revenue) AS r, SUM(aov), (baskets), revenue * 2, 1 AS n FROM sales GROUP BY 1"
        ),
        [dimension, sum, other, other, "", ""]
    );
    let evaluated = "(SELECT department AS d, revenue AS r FROM sales GROUP BY 1) t";
    assert_eq!(roles(&format!("SELECT d, r AS money, r + 1 AS more FROM {evaluated}")), [dimension, sum, ""]);
    assert_eq!(roles(&format!("SELECT SUM(r) AS s FROM {evaluated}")), [""]);
    assert_eq!(roles(&format!("SELECT r FROM {evaluated} UNION ALL SELECT r FROM {evaluated}")), [sum]);
    assert_eq!(roles(&format!("SELECT r FROM {evaluated} UNION ALL SELECT 1.5")), [""]);
    assert_eq!(roles("SELECT amount FROM mart.lines"), [""]);
}

#[test]
fn detail_has_the_columns_that_tools_are_told_of() {
    let model = model(&crate::execute::functions::all());
    let catalogue = Catalogue::new(&model, &tables(KeyClaim::Holds));
    let told = catalogue.relations.iter().find(|relation| relation.name == "sales").unwrap();
    let told: Vec<_> = told.columns.iter().map(|column| (&column.name, &column.data_type)).collect();
    let plan = planned("SELECT * FROM sales").unwrap();
    assert_eq!(told, plan.schema.fields().iter().map(|field| (field.name(), field.data_type())).collect::<Vec<_>>());
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
        ("SELECT MIN(revenue), MAX(revenue), COUNT(revenue_a) FROM (SELECT * FROM sales ORDER BY 1) t", "5.00 40.00 5"),
    ] {
        assert_eq!(rows(sql).await, [answer], "{sql}");
    }
    let over = "SELECT department, SUM(revenue) FROM (SELECT * FROM sales WHERE revenue > 8) t GROUP BY 1";
    assert_eq!(rows(over).await, ["A 100.00"]);
}

#[tokio::test]
async fn detail_is_filtered_ordered_and_cut() {
    for (sql, count) in [
        ("SELECT * FROM sales WHERE 1 = 0", 0),
        ("SELECT * FROM sales LIMIT 0", 0),
        ("SELECT * FROM sales LIMIT 3 OFFSET 2", 3),
        ("(SELECT * FROM sales) LIMIT 4", 4),
        ("((SELECT * FROM sales ORDER BY 1)) LIMIT 4", 4),
        ("SELECT s.* FROM sales s WHERE s.store = 'S2' ORDER BY s.revenue DESC LIMIT 2", 2),
        ("SELECT cubes.sales.* FROM cubes.sales", 7),
        ("SELECT starmart.cubes.sales.* FROM starmart.cubes.sales", 7),
        ("SELECT * FROM sales WHERE sold_at >= '2017-04-30'", 2),
        ("SELECT * FROM cubes.sales WHERE city = 'York'", 4),
        ("SELECT * FROM sales WHERE department = 'A' OR revenue = 7", 6),
        ("SELECT * FROM sales WHERE revenue + lines > 30 AND store = 'S2'", 2),
        ("SELECT * FROM sales WHERE store IN (SELECT store FROM mart.shops WHERE city = 'Bath')", 3),
        ("SELECT * FROM (SELECT * FROM sales) t LIMIT 5", 5),
        ("SELECT * FROM (SELECT * FROM sales) t WHERE t.department = 'A' ORDER BY revenue LIMIT 10", 5),
        ("WITH s AS (SELECT * FROM sales ORDER BY 1) SELECT * FROM s", 7),
        ("WITH s AS (SELECT 1) SELECT * FROM sales", 7),
    ] {
        assert_eq!(rows(sql).await.len(), count, "{sql}");
    }
    // NULLs come last, and equal rows in the order of the fact's key.
    let nulls = "SELECT revenue FROM (SELECT * FROM sales ORDER BY revenue_a DESC, store LIMIT 7) t";
    assert_eq!(rows(nulls).await.last().map(String::as_str), Some("7.00"));
    for page in 0..7 {
        let sql = format!("SELECT revenue FROM (SELECT * FROM sales ORDER BY lines LIMIT 1 OFFSET {page}) t");
        assert_eq!(rows(&sql).await, [["10.00", "20.00", "5.00", "30.00", "7.00", "40.00", "8.00"][page]], "{sql}");
    }
}

#[tokio::test]
async fn expressions_of_dimensions_stand_beside_star() {
    let sql = "SELECT lower(department) AS d, s.*, upper(store), store FROM sales s ORDER BY d DESC, revenue LIMIT 1";
    let plan = planned(sql).unwrap();
    let names: Vec<_> = plan.schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!((names[0], &names[names.len() - 2..]), ("d", &["upper(store)", "store_2"][..]));
    let row = rows(sql).await;
    assert!(row[0].starts_with("b 2017-02-10") && row[0].ends_with("NULL S1 S1"), "{}", row[0]);
    assert_eq!(rows("SELECT *, 1 AS one FROM sales WHERE revenue > 30").await.len(), 1);
    for (sql, word) in [
        ("SELECT *, revenue * 2 FROM sales", "only expressions of dimensions"),
        ("SELECT *, SUM(revenue) FROM sales", "only expressions of dimensions"),
        ("SELECT *, COUNT(*) FROM sales", "only expressions of dimensions"),
        ("SELECT *, * FROM sales", "stands once"),
        ("SELECT *, upper(city) AS store FROM sales", "another alias"),
        ("SELECT x.* FROM sales s", "'x.*'"),
        ("SELECT mart.s.* FROM sales s", "'mart.s.*'"),
        ("SELECT *, nothing FROM sales", "'nothing'"),
    ] {
        let error = refused(sql);
        assert!(error.contains(word), "{sql}\n{error}");
    }
}

#[tokio::test]
async fn a_subquery_of_star_is_the_cube_itself() {
    for (sql, answer) in [
        ("SELECT baskets, aov FROM (SELECT * FROM sales) t", "5 24.0"),
        ("SELECT COUNT(*), COUNT(DISTINCT store) FROM (SELECT * FROM sales) t", "7 2"),
        ("SELECT SUM(revenue), COUNT(*) FROM (SELECT * FROM sales WHERE department = 'B') t", "12.00 2"),
        (
            "SELECT t.baskets FROM (SELECT * FROM (SELECT s.* FROM sales s WHERE s.store = 'S2') u) t WHERE t.department = 'A'",
            "2",
        ),
        ("SELECT department, baskets FROM (SELECT * FROM sales) WHERE baskets > 2", "A 5"),
        (
            "SELECT baskets FROM (SELECT * FROM sales WHERE store IN (SELECT store FROM mart.shops WHERE city = 'York')) t",
            "3",
        ),
    ] {
        assert_eq!(rows(sql).await, [answer], "{sql}");
    }
    let grouped = "SELECT t.department, SUM(t.revenue) FROM (SELECT * FROM sales WHERE store = 'S1') t GROUP BY 1";
    assert_eq!(sorted(grouped).await, ["A 38.00", "B 5.00"]);
}

#[tokio::test]
async fn star_in_exists_asks_for_rows_alone() {
    for (condition, count) in [
        ("EXISTS (SELECT * FROM sales)", 2),
        ("EXISTS (SELECT s.* FROM sales s WHERE s.department = 'B' LIMIT 1)", 2),
        ("EXISTS ((SELECT * FROM sales WHERE department = 'none'))", 0),
        ("EXISTS (SELECT * FROM (SELECT * FROM sales) t WHERE t.store = 'S9')", 0),
        ("NOT EXISTS (SELECT * FROM sales ORDER BY sold_at LIMIT 0)", 2),
        ("EXISTS (SELECT 1 FROM (SELECT * FROM sales WHERE revenue > 100) t)", 0),
        ("EXISTS (SELECT * FROM sales GROUP BY department HAVING revenue > 100)", 2),
    ] {
        let sql = format!("SELECT * FROM mart.shops WHERE {condition}");
        assert_eq!(rows(&sql).await.len(), count, "{sql}");
    }
    for (condition, word) in [
        ("EXISTS (SELECT * FROM sales WHERE revenue > 100)", "rows or groups"),
        ("EXISTS (SELECT * FROM sales OFFSET 3)", "counts rows"),
        ("EXISTS (SELECT * FROM sales ORDER BY nothing)", "'nothing'"),
        ("store IN (SELECT * FROM sales)", "the cube itself"),
    ] {
        let error = refused(&format!("SELECT * FROM mart.shops WHERE {condition}"));
        assert!(error.contains(word), "{condition}\n{error}");
    }
}

#[tokio::test]
async fn a_limit_that_nobody_ordered_fails_beneath_an_aggregate() {
    let error = failed("SELECT SUM(revenue) FROM (SELECT * FROM sales LIMIT 3) t").await;
    assert!(error.contains("LIMIT"), "{error}");
    let ordered = "SELECT SUM(revenue) FROM (SELECT * FROM sales ORDER BY revenue DESC LIMIT 3) t";
    assert_eq!(rows(ordered).await, ["90.00"]);
}

#[test]
fn what_detail_cannot_mean_is_refused() {
    for (sql, word) in [
        ("SELECT * FROM sales WHERE aov > 5", "'aov' has no value in a single row"),
        ("SELECT * FROM sales ORDER BY baskets", "'baskets' has no value in a single row"),
        ("SELECT * FROM sales ORDER BY 16", "'aov' has no value in a single row"),
        ("SELECT * FROM sales WHERE SUM(revenue) > 5", "aggregates"),
        ("SELECT * FROM sales WHERE MEASURE(revenue) > 5", "aggregates"),
        ("SELECT * FROM sales GROUP BY department", "not grouped"),
        ("SELECT * FROM sales HAVING revenue > 5", "not grouped"),
        ("SELECT * FROM sales ORDER BY 400", "there are"),
        ("SELECT * FROM sales UNION ALL SELECT * FROM sales", "the cube itself"),
        ("SELECT SUM(revenue) FROM (SELECT DISTINCT * FROM sales) t", "DISTINCT beneath"),
        ("SELECT MEASURE(revenue) FROM (SELECT * FROM sales WHERE revenue > 8) t", "SUM()"),
    ] {
        let error = refused(sql);
        assert!(error.contains(word), "{sql}\n{error}");
    }
}

#[test]
fn nothing_is_computed_of_what_detail_leaves_null() {
    let detail = "(SELECT * FROM sales ORDER BY 1) t";
    for sql in [
        "SELECT SUM(aov) FROM DETAIL",
        "SELECT MAX(t.largest) FROM DETAIL",
        "SELECT COUNT(baskets), COUNT(*) FROM DETAIL",
        "SELECT department, AVG(aov) OVER (PARTITION BY store) FROM DETAIL",
        "SELECT coalesce(aov, 0) FROM DETAIL",
        "SELECT revenue / baskets FROM DETAIL",
        "SELECT department FROM DETAIL WHERE aov > 5",
        "SELECT department FROM DETAIL WHERE t.aov IS NULL",
        "SELECT department, SUM(revenue) FROM DETAIL GROUP BY department, aov",
        "SELECT department FROM DETAIL ORDER BY aov",
        "SELECT department, aov AS a FROM DETAIL ORDER BY a",
        "SELECT department, aov FROM DETAIL ORDER BY 2",
        "SELECT * FROM DETAIL ORDER BY 16",
        "SELECT SUM(revenue) FILTER (WHERE aov > 5) FROM DETAIL",
        "SELECT u.a + 1 FROM (SELECT t.aov AS a FROM DETAIL) u",
        "SELECT 1 FROM mart.shops WHERE 5 IN (SELECT baskets FROM DETAIL)",
        "SELECT (SELECT aov FROM (SELECT * FROM sales ORDER BY 1 LIMIT 1) t)",
        "SELECT department FROM DETAIL WHERE EXISTS (SELECT 1 FROM mart.shops s WHERE t.aov IS NULL)",
        "WITH d AS (SELECT * FROM sales ORDER BY 1) SELECT MIN(d.aov) FROM d",
    ] {
        let sql = sql.replace("DETAIL", detail);
        let error = refused(&sql);
        assert!(error.contains("has no value in a single row"), "{sql}\n{error}");
    }
}
