use arrow::datatypes::{Field, Schema};
use datafusion::common::DFSchema;
use datafusion::execution::SessionStateDefaults;

use super::*;
use arrow::datatypes::{DataType, SchemaRef};
use chrono_tz::Tz;
use std::sync::Arc;

fn functions() -> Functions {
    let mut functions = Functions { planners: SessionStateDefaults::default_expr_planners(), ..Functions::default() };
    for function in SessionStateDefaults::default_scalar_functions() {
        functions.scalar.insert(function.name().to_owned(), function);
    }
    for function in SessionStateDefaults::default_aggregate_functions() {
        functions.aggregate.insert(function.name().to_owned(), function);
    }
    functions
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("department", DataType::Utf8, true),
        Field::new("amount", DataType::Decimal128(12, 2), true),
    ]))
}

fn message<T: std::fmt::Debug>(result: crate::error::Result<T>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn errors_say_where() {
    assert!(message(parse_statements("SELEC 1")).ends_with(", at line 1, column 1"));
    assert!(message(parse_query("SELECT 1 2 3")).contains("does not parse"));
    assert!(message(parse_expr("a +")).contains("does not parse"));
    assert!(message(parse_expr("a, b")).contains("does not parse"));
    assert!(
        message(parse_query(&format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500)))).contains("chains or nests")
    );
    assert!(message(parse_query(&format!("SELECT 1{}", "+1".repeat(30_000)))).contains("limit"));
    assert!(message(parse_query(&" ".repeat(2 << 20))).contains("limit"));
}

#[test]
fn names_fold_unless_quoted_and_may_be_chinese() {
    let query = parse_query("SELECT 部門, \"Ab\", Ab FROM mart.t VERSION AS OF 3").unwrap();
    assert!(query.to_string().contains("VERSION AS OF 3"), "{query}");
    assert_eq!(fold(&"Ab".into()), "ab");
}

#[test]
fn expressions_and_queries_are_typed() {
    let row = DFSchema::try_from(schema().as_ref().clone()).unwrap();
    let typed =
        |sql: &str| type_expr(&parse_expr(sql).unwrap(), &row, Tz::UTC, &functions()).map(|(_, data_type)| data_type);
    assert_eq!(typed("amount > 0.5").unwrap(), DataType::Boolean);
    assert_eq!(typed("1.50").unwrap(), DataType::Decimal128(3, 2));
    assert_eq!(message(typed("departmnt")), "unknown column 'departmnt'; did you mean 'department'?");
    let tables = |name: &str| (name == "t").then(schema);
    let query = parse_query("select department, count(*) as n from t group by department").unwrap();
    let result = type_query(&query, &tables, Tz::UTC, &functions()).unwrap();
    assert_eq!(result.field(1).data_type(), &DataType::Int64);
    assert!(result.fields().iter().all(|field| field.is_nullable()));
    assert_eq!(
        message(type_query(&parse_query("select 1 from u").unwrap(), &tables, Tz::UTC, &functions())),
        "unknown table 'u'"
    );
}

/// Runs on a quarter of the stack that threads have: what is too deep must be an error, not the end of the process.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

/// Whether the query was let through; then it has been typed, shown, cloned and dropped.
fn survives(sql: String) -> bool {
    let (tell, told) = std::sync::mpsc::channel();
    on_a_small_stack(move || {
        let query = parse_query(&sql);
        if let Ok(query) = &query {
            let one = |name: &str| (name == "t").then(schema);
            let _typed = type_query(query, &one, Tz::UTC, &functions());
            let _shown = query.clone().to_string();
        }
        tell.send(query.is_ok()).unwrap();
    });
    told.recv().unwrap()
}

#[test]
fn long_chains_are_refused_before_they_exhaust_the_stack() {
    let chains = [
        " + 1",
        " AND true",
        " OR 1 = 1",
        " UNION SELECT 1",
        "::text",
        " IS NULL",
        " IS DISTINCT FROM 1",
        "[1]",
        " || 'a'",
        " AND 1 + 1 = 2",
        " + CASE WHEN true THEN 1 END",
        " COLLATE x",
        " AT TIME ZONE 'UTC'",
        " -> 'a'",
        " BETWEEN 1 AND 2",
        " NOT IN (1)",
        " LIKE 'a'",
        " + t.from",
        " + \"end\"",
        " INTERSECT SELECT 1, 2",
    ];
    for chain in chains {
        for count in [20, 60, 90, 110, 150, 199, 210, 1_000, 9_000] {
            let passed = survives(format!("SELECT 1{}", chain.repeat(count)));
            assert!(!passed || count < 200, "{count} × {chain}");
        }
    }
    assert!(survives(format!("SELECT 1{}", " + 1".repeat(180))));
    assert!(survives(format!("SELECT 1 WHERE 1 = 1{}", " OR 2 = 3".repeat(180))));
}

#[test]
fn deep_and_mixed_nesting_is_refused_before_it_exhausts_the_stack() {
    for depth in [5, 12, 13, 14, 30, 45, 64, 100, 300] {
        for (open, close) in
            [("(", ")"), ("abs(", ")"), ("CASE WHEN true THEN ", " END"), ("(SELECT ", ")"), ("NOT ", "")]
        {
            for chain in ["", " + 1 + 1 + 1", " AND true"] {
                survives(format!("SELECT {}1{}", open.repeat(depth), format!("{chain}{close}").repeat(depth)));
            }
        }
        let (open, close) = ("SELECT * FROM (", ") a");
        survives(format!("{}SELECT 1 AS x{}", open.repeat(depth), close.repeat(depth)));
        survives(format!("SELECT * FROM t a{}", " CROSS JOIN t".repeat(depth)));
    }
    assert!(survives(format!("{}SELECT 1 AS x{}", "SELECT * FROM (".repeat(12), ") a".repeat(12))));
}

#[test]
fn wide_is_not_deep() {
    let items: Vec<String> = (0..2_000).map(|at| format!("{at} + 1")).collect();
    assert!(survives(format!("SELECT {}", items[..1_600].join(", "))));
    let refused = message(parse_query(&format!("SELECT 1 WHERE 1 IN (SELECT {})", items.join(", "))));
    assert_eq!(refused, "a SELECT has 2000 items; the limit is 1600");
    assert!(survives(format!("SELECT 1 IN ({})", items.join(", "))));
    assert!(survives(format!("SELECT CASE {} END", "WHEN 1 = 2 THEN 3 + 4 ".repeat(500))));
}

#[test]
fn what_does_not_parse_is_told_in_time_however_deep() {
    let openers = [
        "not (",
        "interval (",
        "cast(",
        "array[",
        "ceil(",
        "substring((",
        "position((",
        "convert(",
        "trim(",
        "case (",
        "extract(day from ",
        "struct(",
        "try_cast(",
        "exists (",
        "(",
        "f(",
        "(select * from ((",
        "overlay((",
    ];
    for opener in openers {
        for depth in [1, 5, 12, 20, 40, 60] {
            assert!(!survives(format!("select {}!", opener.repeat(depth))), "{opener} × {depth}");
            assert!(!survives(format!("select * from {}!", opener.repeat(depth))), "{opener} × {depth}");
        }
    }
    assert!(survives(format!("select {}true{}", "not (".repeat(60), ")".repeat(60))));
    assert!(survives(format!("select {}1{}", "abs(".repeat(90), ")".repeat(90))));
    assert_eq!(
        message(parse_query("select not (not (!")),
        "the SQL does not parse: expected an expression, found !, at line 1, column 18"
    );
}

#[test]
fn with_queries_may_not_multiply() {
    let doubling = |count: usize| {
        let mut sql = "WITH c0 AS (SELECT 1 AS x)".to_owned();
        for at in 1..=count {
            let before = at - 1;
            sql += &format!(", c{at} AS (SELECT a.x FROM c{before} a CROSS JOIN C{before} b)");
        }
        format!("{sql} SELECT * FROM c{count}")
    };
    assert!(survives(doubling(5)));
    assert!(message(parse_query(&doubling(7))).contains("reads more than 100 tables"));
    assert!(message(parse_query(&doubling(60))).contains("reads more than 100 tables"));
    assert!(message(parse_query(&format!("SELECT 1 FROM t{}", ", t".repeat(100)))).contains("reads more than"));
    // A name means the innermost WITH query that bears it; siblings do not add up.
    let sibling = "(WITH c AS (SELECT * FROM t) SELECT count(*) FROM c)";
    assert!(survives(format!("SELECT {}", vec![sibling; 20].join(", "))));
}

/// The message of a query that is typed over a table of every type, or the type of its first column.
fn typed(sql: &str) -> String {
    let schema = Arc::new(Schema::new(vec![
        Field::new("customer", DataType::Utf8, true),
        Field::new("amount", DataType::Decimal128(12, 2), true),
        Field::new("quantity", DataType::Int64, true),
        Field::new("day", DataType::Date32, true),
        Field::new("flag", DataType::Boolean, true),
    ]));
    let tables = |name: &str| (name == "t").then(|| Arc::clone(&schema));
    let query = parse_query(sql).unwrap();
    match type_query(&query, &tables, Tz::UTC, &crate::execute::functions::all()) {
        Ok(schema) => schema.field(0).data_type().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_does_not_plan_is_told_in_our_words() {
    let others = "does not exist; cast its arguments, or give it others";
    for (sql, message) in [
        ("select round(amount, 'x') as x from t", format!("round(decimal(12,2), text) {others}")),
        ("select lower(quantity) as x from t", format!("lower(integer) {others}")),
        ("select sum(day) as x from t", "sum(date) does not exist; sum takes a number, not date".into()),
        ("select nullif(customer) as x from t", "nullif(text) does not exist; it takes 2 arguments".into()),
        ("select lenght(customer) as x from t", "unknown function 'lenght'; did you mean 'length'?".into()),
        ("select zzzqqq(customer) as x from t", "unknown function 'zzzqqq'".into()),
        ("select customer, customer from t", "two columns are named 'customer'; rename one with AS".into()),
        ("select amount + 1 as a, day as a from t", "two columns are named 'a'; rename one with AS".into()),
        ("select amount + customer as x from t", "decimal(12,2) + text does not exist; cast one of them".into()),
        ("select flag = 1 as x from t", "boolean = integer does not exist; cast one of them".into()),
        ("select customer like 5 as x from t", "text LIKE integer does not exist; cast one of them".into()),
        ("select amount from t where quantity", "'quantity' is not true or false; compare it".into()),
        ("select case when amount then 1 end as x from t", "decimal(12,2) is not true or false; compare it".into()),
        (
            "select customer, sum(amount) as a from t",
            "'customer' is neither in GROUP BY nor in an aggregate; put it into one".into(),
        ),
        (
            "select a.day from t a join t b on a.day = b.day where c.amount > 1",
            "'c' has no column 'amount'; did you mean 'a.amount'?".into(),
        ),
        (
            "select amount from t a join t b on a.day = b.day",
            "'amount' stands in several tables; name the table before it: table.amount".into(),
        ),
    ] {
        assert_eq!(typed(sql), message, "{sql}");
    }
    assert_eq!(
        typed("select day from t where lower(quantity) = 'a'"),
        "lower does not take integer there; cast it, or give it another argument"
    );
    assert!(typed("select substr(customer) as x from t").starts_with("substr takes a text and where to begin"));
    assert_eq!(clean("Arrow error: Arithmetic overflow: Overflow happened on: 1 + 2"), "overflow: 1 + 2");
}

#[test]
fn a_text_is_not_compared_with_a_number() {
    for condition in [
        "customer > 5",
        "amount > customer",
        "customer in (1, 2)",
        "5 between customer and 7",
        "case customer when 5 then true end",
        "customer is distinct from day",
    ] {
        let found = typed(&format!("select {condition} as x from t"));
        assert!(found.starts_with("'customer' is text and is compared with a "), "{condition}: {found}");
    }
    for condition in
        ["day > '2017-01-01'", "amount > '5'", "day in ('2017-01-01')", "customer = 'x'", "customer is null"]
    {
        assert_eq!(typed(&format!("select {condition} as x from t")), "Boolean", "{condition}");
    }
}

#[test]
fn where_a_text_does_not_parse_is_known_apart() {
    let fault = |sql: &str| SyntaxFault::of(&parse_expr(sql).unwrap_err()).cloned().unwrap();
    assert_eq!(
        fault("a +\n  b c"),
        SyntaxFault { message: "the SQL does not parse: expected the end, found c".into(), offset: 8 }
    );
    assert_eq!(fault("(a + 銷").offset, 6);
    assert_eq!(fault("'a").offset, 0);
}
