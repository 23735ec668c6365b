//! Primary keys: the fewest columns whose values together name one row. Tried on the first rows, tested on all of them.

use arrow::datatypes::DataType;

use crate::error::Result;

use super::names::{Unsummed, is_key, singular, stem};
use super::survey::{Column, Table};
use super::values::{Hashes, together, visit};

/// So many hashes are held at a time, 256 MiB of them; a table of more rows is read several times.
const MOST_HELD: u64 = 1 << 25;
/// So many columns are tried together, and so many sets of them tested on all rows.
const MOST_COLUMNS: usize = 8;
const MOST_TESTED: usize = 12;

/// A primary key.
#[derive(Debug)]
pub(super) struct Key {
    /// Its columns.
    pub(super) columns: Vec<usize>,
    /// The hashes of all its values, in order; none where they are too many to hold.
    pub(super) values: Option<Vec<u64>>,
}

impl Key {
    /// Whether such a value is there; unknown where they are not held.
    pub(super) fn holds(&self, hash: u64) -> bool {
        self.values.as_ref().is_some_and(|values| values.binary_search(&hash).is_ok())
    }
}

/// The key of a table, if some columns are one.
pub(super) fn find(table: &Table) -> Result<Option<Key>> {
    if let Some(key) = single(table)? {
        return Ok(Some(key));
    }
    let parts = parts(table);
    let sets = pairs(&parts).chain(triples(&parts)).filter(|set| passes_sample(table, set));
    for columns in sets.take(MOST_TESTED) {
        if let Some(values) = unique(table, &columns, MOST_HELD)? {
            return Ok(Some(Key { columns, values }));
        }
    }
    Ok(None)
}

/// The best column that is a key by itself: by its name, or because it is the first.
fn single(table: &Table) -> Result<Option<Key>> {
    let may = |at: &usize| {
        let column = &table.columns[*at];
        let kind = matches!(column.guess.data_type, DataType::Int64 | DataType::Utf8)
            || (*at == 0 && column.guess.data_type == DataType::Date32);
        kind && column.nulls == 0 && !column.repeats && (*at == 0 || rank(table, column) > 0)
    };
    let mut able: Vec<usize> = (0..table.columns.len()).filter(may).collect();
    able.sort_by_key(|at| std::cmp::Reverse(rank(table, &table.columns[*at])));
    for at in able {
        let column = &table.columns[at];
        let values = match column.is_complete {
            true => Some(Some(column.values.clone())),
            false => unique(table, &[at], MOST_HELD)?,
        };
        if let Some(values) = values {
            return Ok(Some(Key { columns: vec![at], values }));
        }
    }
    Ok(None)
}

/// How much a column's name is that of the table's key.
fn rank(table: &Table, column: &Column) -> u8 {
    let own = stem(&column.name) == singular(&table.name) || stem(&column.name) == table.name;
    match (is_key(&column.name, &column.from), own || column.name == "id") {
        (true, true) => 2,
        (true, false) => 1,
        (false, _) => 0,
    }
}

/// The columns that may be parts of a key: keys of other things first, then days, then what rows are grouped by. Amounts
/// are none, however unique they may be.
fn parts(table: &Table) -> Vec<usize> {
    let rank = |at: &usize| {
        let column = &table.columns[*at];
        let one = column.is_complete && column.values.len() < 2;
        let calendar = Unsummed::of(&column.name, &column.from) == Some(Unsummed::Calendar);
        match &column.guess.data_type {
            _ if column.nulls > 0 || one => None,
            DataType::Int64 | DataType::Utf8 if is_key(&column.name, &column.from) => Some(0),
            DataType::Date32 | DataType::Timestamp(..) => Some(1),
            DataType::Int64 if calendar || column.name.contains("line") || column.name.contains("seq") => Some(1),
            DataType::Utf8 => Some(2),
            _ => None,
        }
    };
    let mut parts: Vec<(u8, usize)> = (0..table.columns.len()).filter_map(|at| Some((rank(&at)?, at))).collect();
    parts.sort_unstable();
    parts.truncate(MOST_COLUMNS);
    parts.into_iter().map(|(_, at)| at).collect()
}

fn pairs(parts: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let ends = (1..parts.len()).flat_map(move |second| (0..second).map(move |first| vec![parts[first], parts[second]]));
    ends.map(sorted)
}

fn triples(parts: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let thirds = (2..parts.len())
        .flat_map(move |third| pairs(&parts[..third]).map(move |pair| [pair, vec![parts[third]]].concat()));
    thirds.map(sorted)
}

/// In the order of the table's columns.
fn sorted(mut columns: Vec<usize>) -> Vec<usize> {
    columns.sort_unstable();
    columns
}

/// Whether there are combinations enough, and the first rows' are all different.
fn passes_sample(table: &Table, columns: &[usize]) -> bool {
    let combinations = columns.iter().fold(1_u64, |all, at| match table.columns[*at].is_complete {
        true => all.saturating_mul(table.columns[*at].values.len() as u64),
        false => u64::MAX,
    });
    let rows = columns.iter().map(|at| table.columns[*at].sample.len()).min().unwrap_or_default();
    let mut seen = Hashes::default();
    let of = |row: usize| together(columns.iter().map(|at| table.columns[*at].sample[row]));
    combinations >= table.rows && (0..rows).all(|row| seen.insert(of(row)))
}

/// The values of a key in all rows, if none is NULL or occurs twice; without them where more than `most` rows make more than
/// one reading necessary.
fn unique(table: &Table, columns: &[usize], most: u64) -> Result<Option<Option<Vec<u64>>>> {
    let readings = table.rows.div_ceil(most).max(1);
    let mut held: Vec<u64> = Vec::new();
    for reading in 0..readings {
        held.clear();
        let mut nulls = false;
        each_row(table, columns, |hash| match hash {
            Some(hash) if hash % readings == reading => held.push(hash),
            Some(_) => {}
            None => nulls = true,
        })?;
        held.sort_unstable();
        if nulls || held.windows(2).any(|pair| pair[0] == pair[1]) {
            return Ok(None);
        }
    }
    Ok(Some((readings == 1).then_some(held)))
}

/// Takes the hash of some columns' values in each row; none where one is NULL.
pub(super) fn each_row(table: &Table, columns: &[usize], mut take: impl FnMut(Option<u64>)) -> Result<()> {
    let mut hashes: Vec<Vec<Option<u64>>> = vec![Vec::new(); columns.len()];
    table.source.each(columns, |arrays| {
        for (column, array) in hashes.iter_mut().zip(arrays) {
            column.clear();
            visit(array, |value| column.push(value.map(|value| value.hash)));
        }
        let rows = hashes.first().map_or(0, Vec::len);
        for row in 0..rows {
            take(match hashes.as_slice() {
                [one] => one[row],
                several => several
                    .iter()
                    .map(|column| column[row])
                    .collect::<Option<Vec<u64>>>()
                    .map(|hashes| together(hashes.into_iter())),
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::propose::kit;

    fn key(name: &str, text: &str) -> Option<Vec<String>> {
        let (_folder, tables) = kit::tables(&[(name, text)]);
        let table = &tables[0];
        let key = find(table).unwrap()?;
        Some(key.columns.iter().map(|at| table.columns[*at].name.clone()).collect())
    }

    #[test]
    fn the_fewest_columns_that_name_a_row_are_the_key() {
        for (name, text, columns) in [
            ("products", "name,product_id\nTea,1\nOil,2\n", Some(vec!["product_id"])),
            ("lines", "order_id,line_no,amount\n1,1,5\n1,2,6\n2,1,7\n", Some(vec!["order_id", "line_no"])),
            ("days", "day,amount\n2025-01-01,1\n2025-01-02,2\n", Some(vec!["day"])),
            ("targets", "month,department,target\n1,A,5\n1,B,5\n2,A,5\n2,B,7\n", Some(vec!["month", "department"])),
            (
                "x",
                "a_id,b_id,c_id\n1,1,1\n1,1,2\n1,2,1\n2,1,1\n1,2,2\n2,2,2\n2,1,2\n2,2,1\n",
                Some(vec!["a_id", "b_id", "c_id"]),
            ),
            ("x", "product_id,name\n1,Tea\n,Oil\n", None),
            ("x", "product_id,name\n1,Tea\n1,Tea\n", None),
            ("x", "note,amount\nx,1\nx,2\n", None),
        ] {
            let wanted = columns.map(|columns| columns.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(key(name, text), wanted, "{text}");
        }
        assert_eq!(key("p", "amount,商品編號\n1,A1\n1,A2\n"), Some(vec!["column_2".to_owned()]));
    }

    #[test]
    fn a_key_is_tested_on_all_rows_however_few_are_held() {
        let rows: String = (1..1000).map(|at| format!("{at}\n")).collect();
        let texts = [format!("x_id\n{rows}1000\n"), format!("x_id\n{rows}17\n")];
        let (_folder, tables) = kit::tables(&[("x", &texts[0]), ("y", &texts[1])]);
        for most in [1, 7, 300, 1000] {
            assert!(unique(&tables[0], &[0], most).unwrap().is_some(), "{most}");
            assert!(unique(&tables[1], &[0], most).unwrap().is_none(), "{most}");
        }
    }
}
