//! Statements that are large or strange: each is answered, or refused in words that say why.

use std::fmt::Write;

use starmart::mart::Mart;

use crate::projects;

/// Statements, each with the answer, or with words of the error behind `!`.
async fn check(statements: &[(String, &str)]) {
    let (_folder, mart) = projects::loaded("shop").await;
    let mart: &std::sync::Arc<Mart> = &mart;
    for (sql, expected) in statements {
        let shown: String = sql.chars().take(120).collect();
        let answer = projects::ask(mart, sql).await;
        match (expected.strip_prefix('!'), answer) {
            (Some(words), Err(error)) => assert!(error.to_string().contains(words), "{shown}\n{error}"),
            (Some(_), Ok(answer)) => panic!("{shown}\nis answered: {answer}"),
            (None, answer) => assert_eq!(answer.unwrap(), *expected, "{shown}"),
        }
    }
}

fn nested(depth: usize, wrap: &str, close: &str, inner: &str) -> String {
    format!("{}{inner}{}", wrap.repeat(depth), close.repeat(depth))
}

#[tokio::test]
async fn nesting_two_hundred_deep() {
    let plain = "SELECT department, baskets FROM sales";
    check(&[
        (nested(200, "SELECT * FROM (", ") t", plain), "!chains or nests more than 200"),
        (nested(200, "(", ")", plain), "!chains or nests more than 200"),
        (format!("SELECT {} FROM sales", nested(200, "(", ")", "revenue")), "!chains or nests more than 200"),
        (nested(12, "SELECT SUM(baskets) AS baskets FROM (", ") t", plain), "11"),
    ])
    .await;
}

#[tokio::test]
async fn ten_thousand_columns() {
    let items = |count: usize| {
        let mut items = String::new();
        (0..count).for_each(|at| write!(items, "{}revenue AS r{at}", if at == 0 { "" } else { ", " }).unwrap());
        items
    };
    let many = items(1_600);
    check(&[
        (format!("SELECT {} FROM sales", items(10_000)), "!10000 items; the limit is 1600"),
        (format!("SELECT r1599 FROM (SELECT {many} FROM sales) t"), "122.12"),
    ])
    .await;
}

#[tokio::test]
async fn a_statement_of_a_megabyte() {
    let list = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("'{at:06}'")).collect();
        names.join(",")
    };
    check(&[
        (format!("SELECT lines FROM sales WHERE product IN ('無名',{})", list(20_000)), "1"),
        (format!("SELECT lines FROM sales WHERE product = '{}'", "x".repeat(1_000_000)), "!more than its limits allow"),
        (format!("SELECT lines FROM sales WHERE product = '{}'", "x".repeat(1_100_000)), "!the limit is 1048576"),
        (
            format!("SELECT lines FROM sales WHERE product IN ({})", list(60_000)),
            "!words and signs; the limit is 50000",
        ),
    ])
    .await;
}

#[tokio::test]
async fn names_in_any_case_and_script() {
    check(&[
        ("SELECT Brand, SUM(LINES) FROM Sales WHERE BRAND = 'Private' GROUP BY brand".into(), "Private,4"),
        ("SELECT \"Brand\", lines FROM sales".into(), "!no dimension or measure 'Brand'; did you mean 'brand'?"),
        ("SELECT 品牌, SUM(行數) FROM (SELECT brand AS 品牌, lines AS 行數 FROM sales) AS 表 WHERE 品牌 = 'Private' GROUP BY 品牌".into(), "Private,4"),
        ("SELECT 品牌 FROM sales".into(), "!no dimension or measure '品牌'"),
        ("SELECT lines AS \"a \"\" 'b' 行\" FROM sales".into(), "11"),
    ])
    .await;
}

#[tokio::test]
async fn names_that_mean_several_things() {
    check(&[
        // `amount` is a measure of one cube and a column of the other's facts; `discount` is a measure and a column.
        ("SELECT s.lines, a.amount FROM (SELECT lines FROM sales) s CROSS JOIN (SELECT amount FROM all_lines) a".into(), "11,122.12"),
        ("SELECT amount FROM sales".into(), "!no dimension or measure 'amount'"),
        ("SELECT discount FROM sales WHERE discount > 0".into(), "6.75"),
        // An alias that hides a measure is one only where nothing else can be meant.
        ("SELECT brand AS revenue, lines FROM sales WHERE brand = 'Private'".into(), "Private,4"),
        ("SELECT brand AS revenue, SUM(revenue) FROM sales GROUP BY revenue".into(), "!'revenue' is a column and the alias of 'brand'"),
        ("SELECT brand AS revenue, SUM(lines) AS l FROM sales WHERE brand IS NOT NULL GROUP BY 1 ORDER BY revenue".into(), "National,5|Private,4"),
        ("SELECT city FROM (SELECT city, brand FROM sales) a JOIN (SELECT city, product FROM sales) b ON a.city = b.city".into(), "!'city' stands in several tables"),
        ("SELECT name FROM sales JOIN mart.stores ON city = city".into(), "!ambiguous"),
        ("SELECT sales.lines FROM sales s".into(), "!the cube 'sales' is called 's' here"),
    ])
    .await;
}
