//! Seeds stand under `fuzz/corpus`, in a folder for each decoder: those that are written here, kept as they would be
//! written today (`UPDATE=1` writes them), and what fuzzers have found. All of them hold, and so does what becomes of
//! them when bytes are changed, cut off or added.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::flight::fuzzing::seeds::{self, Seed};
use crate::store::{Claim, FORMAT, Input, Pin, Verdict};

const STATEMENTS: [(&str, &str); 6] = [
    (
        "cube",
        "SELECT department AS \"部門\", revenue, rank() OVER (ORDER BY revenue DESC) AS r FROM sales\n\
         WHERE sold_at >= TIMESTAMP '2017-01-01' AND household LIKE 'h\\_%' HAVING aov > 1.5e1 LIMIT 10 OFFSET 1",
    ),
    (
        "with",
        "WITH big AS (SELECT * FROM mart.lines VERSION AS OF 3 UNION ALL VALUES (1, NULL))\n\
         SELECT count(DISTINCT b.id) FILTER (WHERE b.x IN (1, 2)) FROM big b LEFT JOIN mart.shops s ON b.id = s.id\n\
         GROUP BY s.city -- the end",
    ),
    ("parameters", "SELECT CASE WHEN ? THEN CAST(? AS DECIMAL(12, 2)) ELSE -1 END, 1 || 'x' LIMIT ?"),
    ("explain", "EXPLAIN ANALYZE SELECT date_trunc('week', sold_at), extract(YEAR FROM day) FROM sales GROUP BY ALL"),
    ("set", "SET TIME ZONE 'Asia/Taipei'"),
    ("describe", "SHOW COLUMNS FROM sales"),
];

const MODEL: &str = "version: 1
defaults: {timezone: Asia/Taipei, currency: USD, locale: en}
tables:
  sales:
    title: {en: Sales, zh-TW: 銷售}
    files: data/*.csv
    sort_by: [sold_at]
    columns:
      amount: decimal(12,2)
      sold_at: {type: timestamp, stored_in: UTC}
      household: {order: [h1, h2]}
    joins: {product: {table: products, keys: product_id}}
  products:
    files: [data/products.csv]
    primary_key: [product_id]
    columns: {department: {labels: labels.csv}}
    hierarchies: {kinds: [department, price]}
  totals:
    sql: >
      select household, sum(amount) as total
      from sales group by household
cubes:
  sold:
    table: sales
    time: sold_at
    filter: paid and amount > 0
    dimensions: {department: product.department}
    measures:
      revenue: {expr: sum(amount), format: '#,##0.00', unit: USD}
      aov: revenue / count(*)
tests:
  known: {query: SELECT revenue FROM sold, expect: 1.5, tolerance: 0.01}
#--- labels.csv
value,en,zh-TW
MEAT,\"Meat, fresh\",鮮肉
";

fn stored() -> MartVersion {
    let published = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
    let sha256 = Some("00ff".into());
    let input = Input { path: "data/a.csv".into(), size: 7, modified: published, sha256 };
    let reads = BTreeMap::from([("b".into(), 2)]);
    let pin = Pin { delta_version: 3, fingerprint: "f".into(), inputs: vec![input], rows: 9, reads };
    let verdict = |claim| Verdict {
        table: "a".into(),
        claim,
        detail: "b_id = id".into(),
        holds: true,
        violations: 0,
        orphans: 4,
        orphan_keys: 2,
        tested: BTreeMap::from([("a".into(), 3)]),
    };
    MartVersion {
        format: FORMAT,
        number: 12,
        published,
        model_hash: "h".into(),
        tables: BTreeMap::from([("a".into(), pin)]),
        verdicts: vec![verdict(Claim::PrimaryKey), verdict(Claim::Join { name: "b".into() })],
    }
}

fn written() -> Vec<Seed> {
    let statements = STATEMENTS.map(|(name, sql)| ("sql", name, sql.into()));
    let rest = [
        ("model", "sold", MODEL.into()),
        ("labels", "departments", "\u{feff}en,value,zh-TW\r\n\"Meat, fresh\",MEAT,鮮肉\r\nDeli,DELI,\n".into()),
        ("version", "full", stored().encode().unwrap()),
    ];
    seeds::all().into_iter().chain(statements).chain(rest).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The seeds of a decoder as they lie there.
fn lying(decoder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(root().join("corpus").join(decoder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn seeds_are_those_that_would_be_written_today() {
    for (decoder, name, bytes) in written() {
        let path = root().join("corpus").join(decoder).join(name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).is_ok_and(|there| there == bytes), "{}; UPDATE=1 writes it", path.display());
    }
}

#[test]
fn seeds_are_taken() {
    for (decoder, name, bytes) in written() {
        let text = || String::from_utf8(bytes.clone()).unwrap();
        let taken = match (decoder, name) {
            ("ticket", _) => flight::ticket(&bytes).map(drop),
            ("handle", _) => flight::handle(&bytes).map(drop),
            // What would write is refused.
            ("command", "update") => continue,
            ("command", _) => flight::command(&bytes).into_iter().find(Result::is_ok).unwrap().map(drop),
            ("action", _) => flight::action(&bytes).map(drop),
            ("values", _) => flight::values(&bytes).map(drop),
            ("sql", _) => plan::statement(&text()).map(drop),
            ("model", _) => resolve(&Spec::decode(&files(&text())), &schemas(), &functions::all()).map(drop),
            _ => continue,
        };
        assert!(taken.is_ok(), "{decoder}/{name}: {taken:?}");
    }
}

#[test]
fn every_decoder_has_a_fuzzer_and_seeds_that_hold() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for (name, decode) in DECODERS {
        assert!(root().join("fuzz_targets").join(name).with_extension("rs").exists(), "{name} has no fuzzer");
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not built");
        for (path, bytes) in lying(name) {
            println!("{}", path.display());
            decode(&bytes);
        }
    }
}

#[test]
fn seeds_that_are_damaged_hold() {
    let change = (any::<Index>(), any::<u8>(), 0..4_usize);
    let damage = (any::<Index>(), prop::collection::vec(change, 1..4));
    for (name, decode) in DECODERS {
        let seeds = lying(name);
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(256) });
        let held = runner.run(&damage, |(seed, changes)| {
            let mut bytes = seed.get(&seeds).1.clone();
            for (at, byte, how) in changes {
                let at = at.index(bytes.len() + 1);
                match how {
                    0 => bytes.truncate(at),
                    1 => drop(bytes.splice(at..at, std::iter::repeat_n(byte, 1 << (byte % 12)))),
                    _ => bytes.iter_mut().skip(at).take(1).for_each(|old| *old ^= byte),
                }
            }
            decode(&bytes);
            Ok(())
        });
        held.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
