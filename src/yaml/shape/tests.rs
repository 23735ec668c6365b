//! What a shape refuses, in which words, and its JSON Schema.

use serde_json::json;

use super::*;
use crate::yaml::parse;

fn table() -> Shape {
    Shape::Map(vec![
        Key::new("files", Shape::Text, "Where its files are."),
        Key::new("primary_key", Shape::TextOrList, "Its key."),
        Key::new("joins", Shape::named("a join", Shape::Either(vec![Shape::TextOrList, join()])), "Its joins."),
        Key::new("title", Shape::Either(vec![Shape::Text, Shape::dict(Shape::Text)]), "Its title."),
        Key::new("mode", Shape::OneOf(&["replace", "append"]), "How it loads.").default("replace"),
        Key::new("keep", Shape::Bool, "Whether it stays.").default("true"),
        Key::new("slots", Shape::Within(1, 9), "How many."),
        Key::new("tolerance", Shape::Number, "How near."),
        Key::new("expr", Shape::Scalar, "An expression."),
        Key::new("tags", Shape::list(Shape::Text), "Words."),
    ])
}

fn join() -> Shape {
    Shape::Map(vec![
        Key::new("table", Shape::Text, "The other table.").required(),
        Key::new("keys", Shape::TextOrList, "My columns.").required(),
    ])
}

fn file() -> Shape {
    Shape::Map(vec![
        Key::new("version", Shape::OneOf(&["1"]), "The format.").required(),
        Key::new("tables", Shape::named("a table", table()), "The tables."),
    ])
}

fn faults(text: &str) -> Vec<String> {
    let mut faults = Faults::default();
    let mut node = parse("f", text, &mut faults).expect("YAML");
    file().check("f", &mut node, &mut faults);
    faults.sorted().iter().map(ToString::to_string).collect()
}

/// The faults of one table's keys.
fn table_faults(line: &str) -> String {
    faults(&format!("version: 1\ntables:\n  t:\n    {line}\n")).join("\n")
}

#[test]
fn good_files_pass() {
    let text = "version: 1
tables:
  transactions:
    files: data/t.parquet
    primary_key: [basket_id, product_id]
    joins:
      products: product_id
      stores: [country, store_id]
      household: {table: households, keys: household_id}
    title: {en: Sales, zh-TW: 銷售}
    mode: append
    keep: false
    slots: 3
    tolerance: 0.005
    expr: 1
    tags: [no, yes]
  products: {primary_key: product_id, title: Products, expr: true, tolerance: 1}
";
    assert_eq!(faults(text), Vec::<String>::new());
}

#[test]
fn unknown_keys_name_the_nearest_or_all() {
    assert_eq!(table_faults("fils: x"), "f:4:5: table 't': unknown key 'fils'; did you mean 'files'?");
    assert_eq!(faults("version: 1\nmeasures: {}\n"), ["f:2:1: unknown key 'measures'; known here: version, tables"]);
}

#[test]
fn what_a_mistyped_key_holds_is_checked_too() {
    assert_eq!(
        table_faults("jions: {p: {table: x, kys: [a, 3]}}"),
        "f:4:5: table 't': unknown key 'jions'; did you mean 'joins'?\n\
         f:4:27: join 'p': unknown key 'kys'; did you mean 'keys'?\n\
         f:4:36: join 'p': 'keys': expected a text, found 3; quote it: \"3\""
    );
    // A key that is there already is not taken for another.
    assert_eq!(table_faults("{files: a, fils: 3}"), "f:4:16: table 't': unknown key 'fils'; did you mean 'files'?");
}

#[test]
fn every_fault_is_noted() {
    let text = "tables:\n  T: {files: [a]}\n  it: {mode: replce}\n  a__b: {keep: yes}\n  c: 3\n  9x: {}\n";
    assert_eq!(
        faults(text),
        [
            "f:1:1: missing key 'version'",
            "f:2:3: table 'T': the name must be lowercase letters, digits and '_', beginning with a letter; choose another",
            "f:2:14: table 'T': 'files': expected a text, found a list",
            "f:3:3: table 'it': the name is reserved in expressions; choose another",
            "f:3:14: table 'it': 'mode': expected one of replace, append, found 'replce'; did you mean 'replace'?",
            "f:4:3: table 'a__b': the name holds '__', which is reserved for what is derived from a name; choose another",
            "f:4:16: table 'a__b': 'keep': expected true or false, found 'yes'",
            "f:5:6: table 'c': expected a map, found 3",
            "f:6:3: table '9x': the name must be lowercase letters, digits and '_', beginning with a letter; choose another",
        ]
    );
}

#[test]
fn values_must_be_of_their_kind() {
    for (line, fault) in [
        ("files: 12", "f:4:12: table 't': 'files': expected a text, found 12; quote it: \"12\""),
        ("files: \" \"", "f:4:12: table 't': 'files': expected a text, found an empty text"),
        ("files: {a: b}", "f:4:12: table 't': 'files': expected a text, found a map"),
        ("slots: 0", "f:4:12: table 't': 'slots': expected a whole number from 1 to 9, found 0"),
        ("slots: '3'", "f:4:12: table 't': 'slots': expected a whole number from 1 to 9, found '3'"),
        ("slots: 1.5", "f:4:12: table 't': 'slots': expected a whole number from 1 to 9, found 1.5"),
        ("tolerance: little", "f:4:16: table 't': 'tolerance': expected a number, found 'little'"),
        ("title: [a]", "f:4:12: table 't': 'title': expected a text or a map, found a list"),
        ("title: {en: 3}", "f:4:17: table 't': 'en': expected a text, found 3; quote it: \"3\""),
        ("primary_key: []", "f:4:18: table 't': 'primary_key': the list is empty; fill it or leave the key out"),
        ("primary_key: [a, [b]]", "f:4:22: table 't': 'primary_key': expected a text, found a list"),
        ("tags: a", "f:4:11: table 't': 'tags': expected a list, found 'a'"),
        ("expr: [a]", "f:4:11: table 't': 'expr': expected a value, found a list"),
        ("joins: {p: {keys: a}}", "f:4:16: join 'p': missing key 'table'"),
    ] {
        assert_eq!(table_faults(line), fault);
    }
    assert!(table_faults("files: # x").contains("expected a text, found nothing; fill it in"));
    assert_eq!(faults("version: 2\n"), ["f:1:10: 'version': expected 1, found 2"]);
    assert_eq!(faults(""), ["f:1:1: the file is empty; begin it with version: 1"]);
    assert_eq!(
        faults("version: 1\ntables:\n  - t: {}\n"),
        ["f:3:3: 'tables': expected a map, found a list; write `key: value`, without '-' or [ ]"]
    );
}

#[test]
fn the_json_schema_says_the_same() {
    let schema = file().json_schema("cubes");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["title"], "cubes");
    assert_eq!(schema["required"], json!(["version"]));
    assert_eq!(schema["additionalProperties"], json!(false));
    assert_eq!(schema["properties"]["version"], json!({"enum": [1], "description": "The format."}));
    let tables = &schema["properties"]["tables"];
    assert_eq!(tables["description"], "The tables.");
    assert_eq!(tables["propertyNames"]["pattern"], "^(?!(?:user|param|it)$)[a-z](?:_?[a-z0-9])*_?$");
    let table = &tables["additionalProperties"]["properties"];
    assert_eq!(
        table["mode"],
        json!({"enum": ["replace", "append"], "description": "How it loads.", "default": "replace"})
    );
    assert_eq!(table["keep"]["default"], json!(true));
    assert_eq!(table["slots"], json!({"type": "integer", "minimum": 1, "maximum": 9, "description": "How many."}));
    assert_eq!(table["joins"]["additionalProperties"]["anyOf"][1]["required"], json!(["table", "keys"]));
}

#[test]
fn of_alternatives_exactly_one_is_there() {
    let shape = Shape::Map(vec![
        Key::new("files", Shape::Text, "Its files.").alternative(),
        Key::new("sql", Shape::Text, "Its query.").alternative(),
    ]);
    let faults = |text: &str| {
        let mut faults = Faults::default();
        let mut node = parse("f", text, &mut faults).expect("YAML");
        shape.check("f", &mut node, &mut faults);
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(faults("files: a"), Vec::<String>::new());
    assert_eq!(faults("{}"), ["f:1:1: missing key 'files' or 'sql'"]);
    assert_eq!(faults("sql: a\nfiles: b"), ["f:1:1: 'sql' beside 'files'; keep one of them"]);
    assert_eq!(shape.json_schema("t")["oneOf"], json!([{"required": ["files"]}, {"required": ["sql"]}]));
}

#[test]
fn an_answer_is_a_number_a_quoted_text_or_null() {
    let shape = Shape::Map(vec![Key::new("expect", Shape::Answer, "The answer.")]);
    let is_fine = |text: &str| {
        let mut faults = Faults::default();
        let mut node = parse("f", text, &mut faults).expect("YAML");
        shape.check("f", &mut node, &mut faults);
        faults.is_empty()
    };
    for (value, fine) in [("1.5", true), ("'a'", true), ("null", true), ("true", true), ("many", false), ("[1]", false)]
    {
        assert_eq!(is_fine(&format!("expect: {value}")), fine, "{value}");
    }
}
