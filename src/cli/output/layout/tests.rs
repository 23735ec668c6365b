use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, NullArray, RecordBatch, StringArray};

use super::*;

fn grid(columns: Vec<(&str, ArrayRef)>) -> Grid {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut grid = Grid::of(&batch.schema(), true);
    grid.batch(&batch).unwrap();
    grid
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn on(width: usize) -> Sheet {
    Sheet { width: Some(width), ..Sheet::PLAIN }
}

#[test]
fn chinese_counts_double_numbers_go_right_and_lines_go_on() {
    let grid =
        grid(vec![("部門", texts(&[Some("食品"), None, Some("a\nb")])), ("n", numbers(&[Some(7), Some(1200), None]))]);
    let laid = lay_out(&grid, Sheet::PLAIN);
    assert_eq!(laid.text, "部門     n\n────  ────\n食品     7\nNULL  1200\na     NULL\nb\n");
    assert!(!laid.cut);
}

#[test]
fn a_null_of_no_type_is_null() {
    let grid = grid(vec![("n", Arc::new(NullArray::new(1)) as ArrayRef)]);
    assert_eq!(lay_out(&grid, Sheet::PLAIN).text, "n\n────\nNULL\n");
    let coloured = lay_out(&grid, Sheet { width: Some(80), colour: true, ..Sheet::PLAIN }).text;
    assert_eq!(coloured, "n\n────\n\x1b[2mNULL\x1b[0m\n");
}

#[test]
fn the_widest_texts_give_way_and_numbers_stay() {
    let long = "營業額".repeat(20);
    let columns = vec![
        ("name", texts(&[Some(&long)])),
        ("short", texts(&[Some("as it is")])),
        ("n", numbers(&[Some(1_234_567_890_123)])),
    ];
    let laid = lay_out(&grid(columns), on(60));
    assert!(laid.cut);
    let lines: Vec<&str> = laid.text.lines().collect();
    assert!(lines[2].ends_with("…  as it is  1234567890123"), "{}", laid.text);
    assert!(lines.iter().all(|line| line.width() <= 60), "{}", laid.text);
}

#[test]
fn what_does_not_fit_stands_upright() {
    let wide: Vec<(String, ArrayRef)> =
        (0..10).map(|n| (format!("number_{n}"), numbers(&[Some(n), Some(1_000_000 + n)]))).collect();
    let mut columns: Vec<(&str, ArrayRef)> =
        wide.iter().map(|(name, values)| (name.as_str(), Arc::clone(values))).collect();
    let long = "食品雜貨".repeat(20);
    columns.push(("lines", texts(&[Some("one\ntwo"), None])));
    columns.push(("部門", texts(&[Some(&long), Some("短")])));
    let laid = lay_out(&grid(columns), on(60));
    assert!(laid.cut && laid.text.lines().all(|line| line.width() <= 60), "{}", laid.text);
    assert!(laid.text.starts_with("── row 1 ──────────────\n"), "{}", laid.text);
    assert!(laid.text.contains("\nnumber_0 │ 1000000\n"), "{}", laid.text);
    assert!(laid.text.contains("\nlines    │ one\n         │ two\n部門     │ 食品"), "{}", laid.text);
    assert!(laid.text.ends_with("\nlines    │ NULL\n部門     │ 短\n"), "{}", laid.text);
}

#[test]
fn texts_are_cut_by_what_they_take() {
    assert_eq!(cut("食品雜貨", 8), "食品雜貨");
    assert_eq!(cut("食品雜貨", 7), "食品雜…");
    assert_eq!(cut("食品雜貨", 6), "食品…");
    assert_eq!(cut("abc", 2), "a…");
}

#[test]
fn an_empty_result_has_its_names() {
    assert_eq!(lay_out(&grid(vec![("a", texts(&[]))]), on(80)).text, "a\n─\n");
}

#[test]
fn rows_stand_as_they_are_told() {
    let grid = grid(vec![("name", texts(&[Some("食品雜貨")])), ("n", numbers(&[Some(7)]))]);
    let laid = |width, form| lay_out(&grid, Sheet { width: Some(width), form, ..Sheet::PLAIN }).text;
    assert_eq!(laid(80, Form::Upright), "── row 1 ──────────\nname │ 食品雜貨\nn    │ 7\n");
    assert_eq!(laid(5, Form::Abreast), "name      n\n────────  ─\n食品雜貨  7\n");
    assert_eq!(laid(80, Form::Fitting), laid(80, Form::Abreast));
}

#[test]
fn numbers_are_written_by_the_format_of_their_measure() {
    use arrow::array::{Decimal128Array, Float64Array};
    use arrow::datatypes::{DataType, Field, Schema};

    let formatted = |name: &str, data_type, format: &str| {
        Field::new(name, data_type, true).with_metadata([("starmart.format".to_owned(), format.to_owned())].into())
    };
    let schema = Arc::new(Schema::new(vec![
        formatted("revenue", DataType::Decimal128(38, 2), "#,##0.0"),
        formatted("share", DataType::Float64, "percent"),
        formatted("units", DataType::Int64, "#,##0"),
        formatted("label", DataType::Utf8, "#,##0"),
        formatted("odd", DataType::Int64, "as you like"),
    ]));
    let revenue = Decimal128Array::from(vec![Some(-123_456_789), None]).with_precision_and_scale(38, 2).unwrap();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(revenue),
        Arc::new(Float64Array::from(vec![Some(0.12345), Some(f64::NAN)])),
        numbers(&[Some(1_234_567), Some(0)]),
        texts(&[Some("1234"), None]),
        numbers(&[Some(1_234_567), None]),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let laid = |formats| {
        let mut grid = Grid::of(&schema, formats);
        grid.batch(&batch).unwrap();
        let text = lay_out(&grid, Sheet::PLAIN).text;
        text.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(laid(true), ["-1,234,567.9 12.3% 1,234,567 1234 1234567", "NULL NaN 0 NULL NULL"]);
    assert_eq!(laid(false), ["-1234567.89 0.12345 1234567 1234 1234567", "NULL NaN 0 NULL NULL"]);
}
