//! Random stars: facts with NULLs and orphans, a snowflake, a table joined in two roles, columns of the same name.

use chrono_tz::Tz;

use super::choice::Choices;
use super::star::{Cube, Join, Measure, Star, Table};
use super::tree::{Call, Expr};
use super::value::{DAY, Type, Value};

/// A star of random shape and data.
pub(crate) fn star(choices: &mut Choices) -> Star {
    let tables = vec![facts(choices), shops(choices), regions(choices), people(choices)];
    let zone = *choices.one(&ZONES);
    let own_zone = if choices.chance(30) { *choices.one(&ZONES) } else { zone };
    let mut cubes = vec![cube(choices, "sales", zone)];
    if choices.chance(30) {
        cubes.push(cube(choices, "returns", zone));
    }
    Star { tables, cubes, zone, own_zone }
}

/// Zones without and with days of 23 and 25 hours, one of them with half hours.
const ZONES: [Tz; 5] =
    [Tz::UTC, Tz::America__New_York, Tz::Asia__Taipei, Tz::America__New_York, Tz::Australia__Lord_Howe];

/// An instant, often near one at which clocks are moved in those zones.
pub(crate) fn instant(choices: &mut Choices) -> i64 {
    let hour = DAY / 24;
    let quarters = |choices: &mut Choices, most: usize| choices.below(most) as i64 * hour / 4;
    match choices.below(5) {
        // New York, from 2017-11-05T03:00Z and from 2017-03-12T05:00Z.
        0 | 1 => 17_475 * DAY + 3 * hour + quarters(choices, 24),
        2 => 17_237 * DAY + 5 * hour + quarters(choices, 16),
        // Lord Howe, from 2017-04-01T13:00Z.
        3 => 17_257 * DAY + 13 * hour + quarters(choices, 16),
        _ => (17_200 + choices.below(500) as i64) * DAY + quarters(choices, 96),
    }
}

const TEXTS: [&str; 4] = ["a", "b", "中文", "é'x"];

fn text(choices: &mut Choices) -> Value {
    if choices.chance(15) { Value::Null } else { Value::Text((*choices.one(&TEXTS)).to_owned()) }
}

fn integer(choices: &mut Choices) -> Value {
    if choices.chance(15) { Value::Null } else { Value::Integer(choices.below(6) as i128 - 1) }
}

/// A key of a table of three rows, or NULL, or one that leads nowhere.
fn key(choices: &mut Choices, prefix: &str) -> Value {
    match choices.below(8) {
        6 => Value::Null,
        7 => Value::Text("nowhere".into()),
        at => Value::Text(format!("{prefix}{}", at % 3)),
    }
}

fn columns(of: &[(&str, Type)]) -> Vec<(String, Type)> {
    of.iter().map(|(name, of)| ((*name).to_owned(), *of)).collect()
}

fn join(name: &str, table: &str, column: &str) -> Join {
    Join { name: name.into(), table: table.into(), column: column.into() }
}

fn facts(choices: &mut Choices) -> Table {
    let count = [0, 3, 8, 14, 25, 14, 25, 8][choices.below(8)];
    let mut rows = Vec::new();
    for id in 0..count {
        let amount =
            if choices.chance(12) { Value::Null } else { Value::decimal(choices.below(2000) as i128 - 300, 2) };
        let weight = if choices.chance(12) { Value::Null } else { Value::Double(choices.below(400) as f64 / 8.0) };
        let day = if choices.chance(8) { Value::Null } else { Value::Date(17_200 + choices.below(500) as i32) };
        let flag = if choices.chance(15) { Value::Null } else { Value::Boolean(choices.chance(50)) };
        let basket = if choices.chance(8) { Value::Null } else { Value::Text(format!("b{}", choices.below(7))) };
        rows.push(vec![
            Value::Integer(id),
            key(choices, "s"),
            key(choices, "p"),
            key(choices, "p"),
            basket,
            text(choices),
            integer(choices),
            amount,
            weight,
            day,
            flag,
            if choices.chance(8) { Value::Null } else { Value::Instant(instant(choices)) },
        ]);
    }
    Table {
        name: "facts".into(),
        columns: columns(&[
            ("id", Type::Integer),
            ("shop", Type::Text),
            ("buyer", Type::Text),
            ("seller", Type::Text),
            ("basket", Type::Text),
            ("kind", Type::Text),
            ("qty", Type::Integer),
            ("amount", Type::Decimal),
            ("weight", Type::Double),
            ("day", Type::Date),
            ("flag", Type::Boolean),
            ("at", Type::Instant),
        ]),
        joins: vec![
            join("store", "shops", "shop"),
            join("bought", "people", "buyer"),
            join("sold", "people", "seller"),
        ],
        rows,
    }
}

fn shops(choices: &mut Choices) -> Table {
    let row = |choices: &mut Choices, at: usize| {
        vec![Value::Text(format!("s{at}")), text(choices), text(choices), key(choices, "r")]
    };
    Table {
        name: "shops".into(),
        columns: columns(&[("shop", Type::Text), ("kind", Type::Text), ("area", Type::Text), ("region", Type::Text)]),
        joins: vec![join("within", "regions", "region")],
        rows: (0..3).map(|at| row(choices, at)).collect(),
    }
}

fn regions(choices: &mut Choices) -> Table {
    let row = |choices: &mut Choices, at: usize| vec![Value::Text(format!("r{at}")), text(choices), integer(choices)];
    Table {
        name: "regions".into(),
        columns: columns(&[("region", Type::Text), ("kind", Type::Text), ("size", Type::Integer)]),
        joins: Vec::new(),
        rows: (0..3).map(|at| row(choices, at)).collect(),
    }
}

fn people(choices: &mut Choices) -> Table {
    let row = |choices: &mut Choices, at: usize| vec![Value::Text(format!("p{at}")), text(choices)];
    Table {
        name: "people".into(),
        columns: columns(&[("person", Type::Text), ("kind", Type::Text)]),
        joins: Vec::new(),
        rows: (0..3).map(|at| row(choices, at)).collect(),
    }
}

fn path(parts: &[&str]) -> Expr {
    Expr::Name(parts.iter().map(|part| (*part).to_owned()).collect())
}

fn literal(value: i128) -> Expr {
    Expr::Literal(Value::Integer(value))
}

fn words(value: &str) -> Expr {
    Expr::Literal(Value::Text(value.into()))
}

fn cube(choices: &mut Choices, name: &str, zone: Tz) -> Cube {
    let many = Expr::binary(">", path(&["qty"]), literal(2));
    let level = Expr::Case(vec![(many.clone(), words("high"))], Some(Box::new(words("low"))));
    let named = Expr::Coalesce(Box::new(path(&["store", "kind"])), Box::new(words("none")));
    let all = [
        ("kind", path(&["kind"]), Type::Text),
        ("area", path(&["store", "area"]), Type::Text),
        ("shop", path(&["shop"]), Type::Text),
        ("buyer", path(&["buyer"]), Type::Text),
        ("flag", path(&["flag"]), Type::Boolean),
        ("quantity", path(&["qty"]), Type::Integer),
        ("bought_kind", path(&["bought", "kind"]), Type::Text),
        ("sold_kind", path(&["sold", "kind"]), Type::Text),
        ("region_kind", path(&["store", "within", "kind"]), Type::Text),
        ("region_size", path(&["store", "within", "size"]), Type::Integer),
        ("many", many.clone(), Type::Boolean),
        ("level", level, Type::Text),
        ("shop_kind", named, Type::Text),
    ];
    let dimensions = choices.some(&all, 2, 6);
    let filter = choices.chance(25).then(|| Expr::IsNull(Box::new(path(&["amount"])), true));
    let axes = [
        ("day".to_owned(), path(&["day"]), Type::Date),
        ("at".to_owned(), Expr::Wall(zone, Box::new(path(&["at"]))), Type::Instant),
    ];
    let time = choices.chance(60).then(|| choices.one(&axes).clone());
    Cube {
        name: name.into(),
        time,
        filter,
        dimensions: dimensions.into_iter().map(|(name, expr, of)| (name.to_owned(), expr, of)).collect(),
        measures: measures(choices),
    }
}

fn call(function: &'static str, distinct: bool, column: &[&str]) -> Expr {
    let argument = (!column.is_empty()).then(|| path(column));
    Expr::Call(Box::new(Call { function, distinct, argument, filter: None, over: None }))
}

fn measures(choices: &mut Choices) -> Vec<Measure> {
    let name = Expr::name;
    let own_kind = Expr::binary("=", path(&["kind"]), words("a"));
    let many = Expr::binary(">", path(&["qty"]), literal(1));
    let plain = |name: &'static str, expr: Expr| (name, expr, None, &[] as &[&str]);
    let all: [(&str, Expr, Option<Expr>, &[&str]); 23] = [
        plain("revenue", call("sum", false, &["amount"])),
        plain("lines", call("count", false, &[])),
        plain("baskets", call("count", true, &["basket"])),
        plain("units", call("sum", false, &["qty"])),
        plain("sold", call("count", false, &["amount"])),
        plain("mass", call("sum", false, &["weight"])),
        plain("largest", call("max", false, &["amount"])),
        plain("least", call("min", false, &["qty"])),
        plain("first_area", call("min", false, &["store", "area"])),
        plain("last_day", call("max", false, &["day"])),
        plain("mean", call("avg", false, &["amount"])),
        plain("middle", call("median", false, &["amount"])),
        plain("lower", call("percentile_cont", false, &["amount"])),
        plain("quarter", call("percentile_disc", false, &["amount"])),
        plain("spread", call("stddev", false, &["qty"])),
        plain("spread_pop", call("var_pop", false, &["amount"])),
        plain("about", call("hll", false, &["basket"])),
        ("aov", Expr::binary("/", name("revenue"), name("baskets")), None, &["revenue", "baskets"]),
        ("revenue_a", name("revenue"), Some(own_kind.clone()), &["revenue"]),
        ("baskets_many", name("baskets"), Some(many), &["baskets"]),
        ("net", Expr::binary("-", name("revenue"), name("units")), None, &["revenue", "units"]),
        ("turnover", name("revenue"), None, &["revenue"]),
        ("aov_a", name("aov"), Some(own_kind), &["aov", "revenue", "baskets"]),
    ];
    let chosen: Vec<&str> = choices.some(&all, 3, 8).into_iter().map(|(name, ..)| name).collect();
    let needed: Vec<&str> =
        all.iter().filter(|(name, ..)| chosen.contains(name)).flat_map(|(.., needs)| *needs).copied().collect();
    all.into_iter()
        .filter(|(name, ..)| chosen.contains(name) || needed.contains(name))
        .map(|(name, expr, filter, _)| Measure { name: name.into(), expr, filter })
        .collect()
}

/// The type of a measure's values.
pub(crate) fn measure_type(name: &str) -> Type {
    match name {
        "lines" | "baskets" | "units" | "sold" | "least" | "baskets_many" | "about" => Type::Integer,
        "mass" | "mean" | "aov" | "aov_a" | "middle" | "lower" | "spread" | "spread_pop" => Type::Double,
        "first_area" => Type::Text,
        "last_day" => Type::Date,
        _ => Type::Decimal,
    }
}
