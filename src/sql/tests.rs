use arrow::datatypes::{Field, Schema};
use datafusion::common::DFSchema;
use datafusion::execution::SessionStateDefaults;

use super::*;
use arrow::datatypes::{DataType, SchemaRef};
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
    assert!(message(parse_statements("SELEC 1")).contains("Line: 1, Column: 1"));
    assert!(message(parse_query("SELECT 1 2 3")).contains("does not parse"));
    assert!(message(parse_expr("a +")).contains("does not parse"));
    assert!(message(parse_expr("a, b")).contains("does not parse"));
    assert!(message(parse_query(&format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500)))).contains("nested deeper"));
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
    let typed = |sql: &str| type_expr(&parse_expr(sql).unwrap(), &row, &functions()).map(|(_, data_type)| data_type);
    assert_eq!(typed("amount > 0.5").unwrap(), DataType::Boolean);
    assert_eq!(typed("1.50").unwrap(), DataType::Decimal128(3, 2));
    assert_eq!(message(typed("departmnt")), "unknown column 'departmnt'; did you mean 'department'?");
    let tables = |name: &str| (name == "t").then(schema);
    let query = parse_query("select department, count(*) as n from t group by department").unwrap();
    let result = type_query(&query, &tables, &functions()).unwrap();
    assert_eq!(result.field(1).data_type(), &DataType::Int64);
    assert!(result.fields().iter().all(|field| field.is_nullable()));
    assert_eq!(
        message(type_query(&parse_query("select 1 from u").unwrap(), &tables, &functions())),
        "unknown table 'u'"
    );
}
