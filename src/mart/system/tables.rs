//! `system`: the tables of the mart, their joins, and its versions.

use std::collections::BTreeSet;

use crate::model::Source;
use crate::plan::catalogue::Schema;
use crate::store::{Claim, MartVersion, Verdict};

use super::cells::{Cell, Kind};
use super::{Facts, Table, titles, words};

pub(super) const TABLES: Table = Table {
    schema: Schema::System,
    name: "tables",
    about: "The tables of the mart, and those of the model that are not loaded yet.",
    columns: &[
        ("table_name", Kind::Text, "The table, in the schema mart."),
        ("title", Kind::Text, "What people call it, in the model's language."),
        ("title_en", Kind::Text, "Its title in English."),
        ("title_zh_tw", Kind::Text, "Its title in Traditional Chinese."),
        ("title_zh_cn", Kind::Text, "Its title in Simplified Chinese."),
        ("description", Kind::Text, "What it holds."),
        ("loaded", Kind::Flag, "Whether it is in this mart version."),
        ("rows", Kind::Number, "How many rows it holds."),
        ("bytes", Kind::Number, "How large its files are."),
        ("files", Kind::Number, "How many files it lies in."),
        ("delta_version", Kind::Number, "The version of its Delta log."),
        ("loaded_at", Kind::Instant, "When its newest file was written."),
        ("source", Kind::Text, "files, or sql for a derived table."),
        ("loaded_from", Kind::Texts, "The files, or the tables that its sql reads."),
        ("sort_by", Kind::Texts, "The order in which its rows are stored."),
        ("primary_key", Kind::Texts, "The columns that name one row, as the model claims."),
        ("key_holds", Kind::Flag, "Whether that is true; NULL where there is no claim or it was not tested."),
    ],
    rows: |facts| {
        let names: BTreeSet<&String> = facts.model.tables.keys().chain(facts.snapshot.tables.keys()).collect();
        names.into_iter().map(|name| table_row(facts, name)).collect()
    },
};

fn table_row(facts: &Facts<'_>, name: &str) -> Vec<Cell> {
    let (known, stored) = (facts.model.tables.get(name), facts.snapshot.tables.get(name));
    let (source, from) = match known.map(|table| &table.source) {
        Some(Source::Files { patterns, .. }) => (Some("files"), patterns.clone()),
        Some(Source::Sql { reads, .. }) => (Some("sql"), reads.clone()),
        None => (None, Vec::new()),
    };
    let key = known.map_or(&[][..], |table| &table.primary_key);
    let verdict = verdict(facts, name, &Claim::PrimaryKey, &key.join(", "));
    let count = |count: Option<u64>| Cell::Number(count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)));
    let mut row = vec![Cell::of(name)];
    row.extend(titles(facts, known.and_then(|table| table.title.as_ref())));
    row.extend([
        words(facts, known.and_then(|table| table.description.as_ref())),
        Cell::Flag(Some(stored.is_some())),
        count(stored.map(|table| table.rows())),
        count(stored.map(|table| table.files.iter().map(|file| file.size).sum())),
        count(stored.map(|table| table.files.len() as u64)),
        count(stored.map(|table| table.delta_version)),
        Cell::Instant(stored.and_then(|table| table.files.iter().map(|file| file.modified).max())),
        Cell::text(source),
        Cell::Texts(from),
        Cell::Texts(known.map(|table| table.sort_by.clone()).unwrap_or_default()),
        Cell::Texts(key.to_vec()),
        Cell::Flag(verdict.map(|verdict| verdict.holds)),
    ]);
    row
}

pub(super) const JOINS: Table = Table {
    schema: Schema::System,
    name: "joins",
    about: "The joins of tables, to at most one row each, and what testing them found.",
    columns: &[
        ("table_name", Kind::Text, "The table that joins."),
        ("join_name", Kind::Text, "The join, by which expressions follow it."),
        ("to_table", Kind::Text, "The table joined."),
        ("columns", Kind::Texts, "My columns."),
        ("to_columns", Kind::Texts, "Their columns, which are their primary key."),
        ("holds", Kind::Flag, "Whether each key finds at most one row; NULL where that was not tested."),
        ("orphan_rows", Kind::Number, "How many rows name a member that is not there."),
        ("orphan_keys", Kind::Number, "How many keys those rows bear."),
    ],
    rows: |facts| {
        let tables = facts.model.tables.values();
        let joins = tables.flat_map(|table| table.joins.iter().map(move |join| (table, join)));
        let row = |(table, join): (&crate::model::Table, &crate::model::Join)| {
            let (mine, theirs): (Vec<String>, Vec<String>) = join.keys.iter().cloned().unzip();
            let claim = Claim::Join { name: join.name.clone() };
            let verdict = facts.snapshot.version.verdicts.iter().find(|verdict| {
                verdict.table == table.name && verdict.claim == claim && facts.snapshot.tables.contains_key(&join.table)
            });
            vec![
                Cell::of(&table.name),
                Cell::of(&join.name),
                Cell::of(&join.table),
                Cell::Texts(mine),
                Cell::Texts(theirs),
                Cell::Flag(verdict.map(|verdict| verdict.holds)),
                Cell::Number(verdict.and_then(|verdict| i64::try_from(verdict.orphans).ok())),
                Cell::Number(verdict.and_then(|verdict| i64::try_from(verdict.orphan_keys).ok())),
            ]
        };
        joins.map(row).collect()
    },
};

/// What testing a claim found, if it was tested as it is now.
fn verdict<'a>(facts: &'a Facts<'_>, table: &str, claim: &Claim, detail: &str) -> Option<&'a Verdict> {
    let verdicts = &facts.snapshot.version.verdicts;
    verdicts.iter().find(|verdict| verdict.table == table && verdict.claim == *claim && verdict.detail == detail)
}

pub(super) const VERSIONS: Table = Table {
    schema: Schema::System,
    name: "versions",
    about: "The published versions of the mart. FROM mart.NAME VERSION AS OF n reads one.",
    columns: &[
        ("version", Kind::Number, "Its number."),
        ("published_at", Kind::Instant, "When it was published."),
        ("is_read", Kind::Flag, "Whether this statement reads it."),
        ("tables", Kind::Number, "How many tables it holds."),
        ("rows", Kind::Number, "How many rows they hold."),
        ("changed_tables", Kind::Texts, "The tables that it published anew."),
        ("false_claims", Kind::Number, "How many claims of the model were found false in it."),
        ("model_hash", Kind::Text, "The hash of the model that it was loaded with."),
    ],
    rows: |facts| {
        let row = |(at, version): (usize, &MartVersion)| {
            let before = facts.versions.get(at + 1);
            let is_new = |name: &str| {
                let pin = |version: &MartVersion| version.tables.get(name).map(|pin| pin.delta_version);
                before.and_then(pin) != pin(version)
            };
            vec![
                Cell::count(version.number),
                Cell::Instant(Some(version.published)),
                Cell::Flag(Some(version.number == facts.snapshot.version.number)),
                Cell::count(version.tables.len()),
                Cell::count(version.tables.values().map(|pin| pin.rows).sum::<u64>()),
                Cell::Texts(version.tables.keys().filter(|name| is_new(name)).cloned().collect()),
                Cell::count(version.verdicts.iter().filter(|verdict| !verdict.holds).count()),
                Cell::of(&version.model_hash),
            ]
        };
        facts.versions.iter().enumerate().map(row).collect()
    },
};
