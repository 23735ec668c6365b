//! Cubes: one for each table of what happened, with what its rows are grouped by and what of them adds up.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;

use super::joins::Joins;
use super::keys::Key;
use super::names::{Unsummed, free, is_key, is_ordinal, plural, singular, stem};
use super::survey::{Column, Table};

/// A column of a fact table is a dimension if it has no more values than this; one of a joined table, than that.
const MOST_OWN: usize = 1000;
const MOST_JOINED: usize = 10_000;
/// Joins are followed so far.
const MOST_JOINS: usize = 3;
/// Names that many tables have: their dimensions bear the table's name as well.
const GENERIC: [&str; 12] =
    ["name", "title", "type", "kind", "code", "description", "status", "note", "notes", "comment", "label", "value"];

/// A cube.
#[derive(Debug, Default)]
pub(super) struct Cube {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) time: Option<String>,
    pub(super) dimensions: Vec<(String, String)>,
    pub(super) measures: Vec<Measure>,
}

/// A measure, or one that should not be one.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) name: String,
    pub(super) expr: String,
    pub(super) title: Option<String>,
    /// Why it is left out.
    pub(super) unsummed: Option<Unsummed>,
}

/// All that is known of the tables.
pub(super) struct Found<'a> {
    pub(super) tables: &'a [Table],
    pub(super) keys: &'a [Option<Key>],
    pub(super) joins: &'a [Joins],
}

impl Found<'_> {
    /// The cubes of all fact tables, in their order; of the largest table if there is none.
    pub(super) fn cubes(&self) -> Vec<Cube> {
        let mut facts: Vec<usize> = (0..self.tables.len()).filter(|at| self.is_fact(*at)).collect();
        if facts.is_empty() {
            facts.extend((0..self.tables.len()).max_by_key(|at| (self.tables[*at].rows, std::cmp::Reverse(*at))));
        }
        facts.into_iter().map(|at| self.cube(at)).collect()
    }

    /// A table that joins others, or that has amounts at times; one that others join only if it does both.
    fn is_fact(&self, at: usize) -> bool {
        let joins = !self.joins[at].joins.is_empty();
        let amounts = self.tables[at].columns.iter().enumerate();
        let amounts = time(&self.tables[at]).is_some()
            && amounts.into_iter().any(|(column, of)| self.is_amount(at, column) && unsummed(of).is_none());
        let is_joined = self.joins.iter().any(|joins| joins.joins.iter().any(|join| join.to == at));
        if is_joined { joins && amounts } else { joins || amounts }
    }

    fn cube(&self, at: usize) -> Cube {
        let table = &self.tables[at];
        let amounts: Vec<usize> = (0..table.columns.len()).filter(|column| self.is_amount(at, *column)).collect();
        let mut cube = Cube { name: table.name.clone(), title: table.title.clone(), ..Cube::default() };
        let mut taken: BTreeSet<String> = amounts.iter().map(|at| table.columns[*at].name.clone()).collect();
        cube.time = time(table).map(|column| column.name.clone());
        taken.extend(cube.time.clone());
        for (position, column) in
            table.columns.iter().enumerate().filter(|(_, column)| Some(&column.name) != cube.time.as_ref())
        {
            let own_key = self.keys[at].as_ref().is_some_and(|key| key.columns == [position]);
            if !own_key && groups(column, MOST_OWN, true) {
                taken.insert(column.name.clone());
                cube.dimensions.push((column.name.clone(), column.name.clone()));
            }
        }
        self.joined(at, &mut Vec::new(), &mut vec![at], &mut cube, &mut taken);
        let count = free("row_count".to_owned(), |name| taken.contains(name));
        cube.measures.push(Measure { name: count, expr: "count(*)".into(), title: None, unsummed: None });
        for column in amounts.iter().map(|at| &table.columns[*at]) {
            let in_dimensions = cube.dimensions.iter().any(|(name, _)| *name == column.name);
            let name = if in_dimensions { format!("{}_sum", column.name) } else { column.name.clone() };
            let expr = format!("sum({})", column.name);
            cube.measures.push(Measure { name, expr, title: column.title.clone(), unsummed: unsummed(column) });
        }
        self.members(at, &mut cube, &mut taken);
        cube
    }

    /// Dimensions of the tables joined, and those that these join.
    fn joined(
        &self,
        at: usize,
        path: &mut Vec<String>,
        visited: &mut Vec<usize>,
        cube: &mut Cube,
        taken: &mut BTreeSet<String>,
    ) {
        if path.len() == MOST_JOINS {
            return;
        }
        for join in self.joins[at].joins.iter().filter(|join| !visited.contains(&join.to)).collect::<Vec<_>>() {
            path.push(join.name.clone());
            visited.push(join.to);
            let other = &self.tables[join.to];
            for (position, column) in other.columns.iter().enumerate() {
                let in_key = self.keys[join.to].as_ref().is_some_and(|key| key.columns.contains(&position));
                let is_time = matches!(column.guess.data_type, DataType::Timestamp(..));
                if in_key || is_key(&column.name, &column.from) || !(is_time || groups(column, MOST_JOINED, false)) {
                    continue;
                }
                let own =
                    GENERIC.contains(&column.name.as_str()) || column.title.is_some() || taken.contains(&column.name);
                let name = if own { format!("{}_{}", singular(&join.name), column.name) } else { column.name.clone() };
                let name = free(name, |name| taken.contains(name));
                taken.insert(name.clone());
                let moment = matches!(column.guess.data_type, DataType::Timestamp(..) | DataType::Date32);
                if cube.time.is_none() && moment && column.nulls == 0 {
                    cube.time = Some(name.clone());
                }
                cube.dimensions.push((name, format!("{}.{}", path.join("."), column.name)));
            }
            self.joined(join.to, path, visited, cube, taken);
            visited.pop();
            path.pop();
        }
    }

    /// Counts of what the fact's keys name.
    fn members(&self, at: usize, cube: &mut Cube, taken: &mut BTreeSet<String>) {
        for (position, column) in self.tables[at].columns.iter().enumerate() {
            let own_key = self.keys[at].as_ref().is_some_and(|key| key.columns == [position]);
            let in_join = self.joins[at].joins.iter().any(|join| join.columns.contains(&position));
            let names_one = is_key(&column.name, &column.from) && (in_join || !is_ordinal(&column.name));
            if own_key || !names_one || !column.repeats {
                continue;
            }
            let many = plural(stem(&column.name));
            let named = column.title.is_some() || many == plural(&column.name) || taken.contains(&many);
            let name = if named { format!("{}_count", column.name) } else { many };
            let name = free(name, |name| taken.contains(name));
            taken.insert(name.clone());
            let expr = format!("count(distinct {})", column.name);
            cube.measures.push(Measure { name, expr, title: None, unsummed: None });
        }
    }

    /// Whether a column holds amounts: numbers that are neither keys nor parts of joins.
    fn is_amount(&self, at: usize, position: usize) -> bool {
        let column = &self.tables[at].columns[position];
        let numeric = matches!(column.guess.data_type, DataType::Int64 | DataType::Decimal128(..) | DataType::Float64);
        let in_key = self.keys[at].as_ref().is_some_and(|key| key.columns.contains(&position));
        let in_join = self.joins[at].joins.iter().any(|join| join.columns.contains(&position));
        numeric && !in_key && !in_join && !is_key(&column.name, &column.from)
    }
}

fn unsummed(column: &Column) -> Option<Unsummed> {
    Unsummed::of(&column.name, &column.from)
}

/// The column that says when: the first that always does, or else the first.
fn time(table: &Table) -> Option<&Column> {
    let is_time = |column: &&Column| matches!(column.guess.data_type, DataType::Date32 | DataType::Timestamp(..));
    let mut times = table.columns.iter().filter(is_time);
    times.clone().find(|column| column.nulls == 0).or_else(|| times.next())
}

/// Whether rows are grouped by a column: words, truth values and days, and numbers that say when, how old or how good.
fn groups(column: &Column, most: usize, keys: bool) -> bool {
    let few = column.is_complete && (1..=most).contains(&column.values.len());
    match column.guess.data_type {
        DataType::Utf8 => few,
        DataType::Boolean | DataType::Date32 => !column.values.is_empty(),
        DataType::Int64 => {
            let named = keys && is_key(&column.name, &column.from);
            few && (named || unsummed(column).is_some_and(Unsummed::groups))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::propose::{joins, keys, kit};

    fn cubes(tables: &[(&str, &str)]) -> Vec<Cube> {
        let (_folder, tables) = kit::tables(tables);
        let keys: Vec<Option<Key>> = tables.iter().map(|table| keys::find(table).unwrap()).collect();
        let joins: Vec<Joins> = (0..tables.len()).map(|at| joins::find(&tables, &keys, at).unwrap()).collect();
        Found { tables: &tables, keys: &keys, joins: &joins }.cubes()
    }

    fn measures(cube: &Cube) -> Vec<String> {
        let shown =
            |one: &Measure| format!("{}{}: {}", if one.unsummed.is_some() { "# " } else { "" }, one.name, one.expr);
        cube.measures.iter().map(shown).collect()
    }

    const SALES: (&str, &str) = (
        "sales",
        "sale_id,sold_on,product_id,channel,name,quantity,unit_price,amount\n1,2025-01-01,1,web,a,2,1.50,3.00\n2,2025-01-02,2,shop,b,1,7.50,7.50\n3,2025-01-02,1,web,c,1,1.5,1.5\n",
    );
    const PRODUCTS: (&str, &str) = ("products", "product_id,name,category_id\n1,Tea,7\n2,Oil,8\n");
    const CATEGORIES: (&str, &str) =
        ("categories", "category_id,department,since\n7,Drinks,2001-01-01\n8,Food,2002-01-01\n");

    #[test]
    fn a_fact_has_a_cube_over_all_that_it_joins() {
        let cubes = cubes(&[CATEGORIES, PRODUCTS, SALES]);
        let [cube] = &cubes[..] else { panic!("{cubes:?}") };
        assert_eq!((cube.name.as_str(), cube.time.as_deref()), ("sales", Some("sold_on")));
        let dimensions: Vec<String> = cube.dimensions.iter().map(|(name, expr)| format!("{name}: {expr}")).collect();
        assert_eq!(
            dimensions,
            [
                "product_id: product_id",
                "channel: channel",
                "name: name",
                "product_name: products.name",
                "department: products.categories.department",
                "since: products.categories.since"
            ]
        );
        assert_eq!(
            measures(cube),
            [
                "row_count: count(*)",
                "quantity: sum(quantity)",
                "# unit_price: sum(unit_price)",
                "amount: sum(amount)",
                "products: count(distinct product_id)"
            ]
        );
    }

    #[test]
    fn lines_take_their_time_from_what_they_belong_to() {
        let orders = ("orders", "order_id,ordered_on\n1,2025-01-01\n2,2025-01-02\n");
        let lines = ("order_lines", "order_id,line_no,amount\n1,1,5\n1,2,6\n2,1,7\n");
        let cubes = cubes(&[orders, lines]);
        assert_eq!((cubes.len(), cubes[0].time.as_deref()), (1, Some("ordered_on")));
        assert_eq!(
            measures(&cubes[0]),
            ["row_count: count(*)", "amount: sum(amount)", "orders: count(distinct order_id)"]
        );
    }

    #[test]
    fn there_is_always_a_cube() {
        let cubes = cubes(&[("people", "name,age\nA,30\nB,30\n")]);
        assert_eq!(cubes[0].dimensions, [("age".to_owned(), "age".to_owned())]);
        assert_eq!(measures(&cubes[0]), ["row_count: count(*)", "# age_sum: sum(age)"]);
    }
}
