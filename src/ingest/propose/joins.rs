//! Joins: columns whose values are those of another table's primary key, and that are most likely meant so.

use arrow::datatypes::DataType;

use crate::error::Result;

use super::keys::{Key, each_row};
use super::names::{is_key, singular, stem};
use super::survey::{Column, MOST_DISTINCT, Table};
use super::values::Hashes;

/// Where names are alike, so many of a hundred values must be found.
const ALIKE_PERCENT: usize = 90;
/// Where names are not, so many values must all be found: fewer may be found by chance.
const LEAST_VALUES: usize = 3;

/// A join from one table to another's primary key.
#[derive(Debug)]
pub(super) struct Join {
    pub(super) name: String,
    /// The table joined.
    pub(super) to: usize,
    /// My columns, in the order of its key.
    pub(super) columns: Vec<usize>,
    pub(super) why: String,
}

/// The joins of a table, and what was left out, as the model would say it with the reason.
#[derive(Debug, Default)]
pub(super) struct Joins {
    pub(super) joins: Vec<Join>,
    pub(super) left_out: Vec<String>,
}

/// The joins of the table at `from`.
pub(super) fn find(tables: &[Table], keys: &[Option<Key>], from: usize) -> Result<Joins> {
    let mut found = Joins::default();
    for at in 0..tables[from].columns.len() {
        single(tables, keys, from, at, &mut found);
    }
    for to in (0..tables.len()).filter(|to| *to != from) {
        if let Some(key) = keys[to].as_ref().filter(|key| key.columns.len() > 1) {
            found.joins.extend(composite(tables, key, from, to)?);
        }
    }
    name(tables, from, &mut found.joins);
    Ok(found)
}

/// How a column fits a key.
struct Fit {
    to: usize,
    alike: bool,
    found: usize,
}

/// The best join of a column.
fn single(tables: &[Table], keys: &[Option<Key>], from: usize, at: usize, found: &mut Joins) {
    let (table, column) = (&tables[from], &tables[from].columns[at]);
    let mut best: Option<Fit> = None;
    let (mut chances, mut named) = (Vec::new(), false);
    for (to, (other, key)) in tables.iter().zip(keys).enumerate().filter(|(to, _)| *to != from) {
        let Some(key) = key.as_ref().filter(|key| key.values.is_some()) else { continue };
        let [theirs] = key.columns[..] else { continue };
        let key_column = &other.columns[theirs];
        if key_column.guess.data_type != column.guess.data_type || column.values.is_empty() {
            continue;
        }
        let own_key = keys[from].as_ref().is_some_and(|key| key.columns == [at]);
        let alike = is_alike(column, key_column, other);
        if own_key && !(alike && extends(table, other, (from, to))) {
            continue;
        }
        let fit = Fit { to, alike, found: column.values.iter().filter(|hash| key.holds(**hash)).count() };
        let of = format!("{}.{}", other.name, key_column.name);
        named |= alike;
        // One orphan among few is still one.
        let most = fit.found * 100 >= column.values.len() * ALIKE_PERCENT;
        if !(most || (alike && fit.found > 1 && fit.found + 1 == column.values.len())) {
            if alike {
                let part = share(fit.found, column.values.len());
                let of = format!("only {part} of the values are found in {of}");
                found.left_out.push(format!("{}: {}  # {of}", other.name, column.name));
            }
            continue;
        }
        if !alike && !is_meant(column, key_column, key, fit.found) {
            let hint = fit.found == column.values.len() && is_key(&column.name, &column.from);
            let chance =
                || format!("{}: {}  # all values are found in {of}, but perhaps by chance", other.name, column.name);
            chances.extend(hint.then(chance));
            continue;
        }
        if best.as_ref().is_none_or(|best| (fit.alike, fit.found) > (best.alike, best.found)) {
            best = Some(fit);
        }
    }
    if best.is_none() && !named {
        found.left_out.append(&mut chances);
    }
    if let Some(Fit { to, found: there, .. }) = best {
        let key = keys[to].as_ref().map_or(0, |key| key.columns[0]);
        let of = format!("{}.{}", tables[to].name, tables[to].columns[key].name);
        let values = column.values.len();
        let known = if column.is_complete { String::new() } else { format!("the first {} ", counted(values)) };
        let why = match values - there {
            0 if values == 1 => format!("the only value is found in {of}"),
            0 if column.is_complete => format!("all {} values are found in {of}", counted(values)),
            0 => format!("{known}values are found in {of}"),
            orphans => {
                format!("{} of {known}values are found in {of}: {}", share(there, values), lacking(orphans))
            }
        };
        found.joins.push(Join { name: String::new(), to, columns: vec![at], why });
    }
}

/// Of two tables with one key, the one of fewer rows describes the other's members more closely, so it is joined to it.
fn extends(table: &Table, other: &Table, (from, to): (usize, usize)) -> bool {
    (table.rows, from) < (other.rows, to)
}

/// Whether a column's name is that of the other table's key.
fn is_alike(column: &Column, key: &Column, other: &Table) -> bool {
    let (mine, theirs) = (column.name.as_str(), key.name.as_str());
    if !column.from.is_ascii() || !key.from.is_ascii() {
        return column.from.ends_with(&key.from) || key.from.ends_with(&column.from);
    }
    let one = singular(&other.name);
    let ends = |name: &str, end: &str| name == end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('_'));
    let bare = stem(theirs) == theirs && !theirs.contains('_') && is_key(theirs, theirs);
    let specific = !bare && ends(mine, theirs);
    specific || ends(stem(mine), &one) || ends(stem(mine), &other.name)
}

/// Whether values that are all found are so for a reason. Small whole numbers are found in any key that counts from one.
fn is_meant(column: &Column, key_column: &Column, key: &Key, found: usize) -> bool {
    if found < column.values.len() || found < LEAST_VALUES || !column.is_complete {
        return false;
    }
    match column.guess.data_type {
        DataType::Int64 => {
            let width = |span: (i64, i64)| span.1.abs_diff(span.0);
            let members = key.values.as_ref().map_or(0, Vec::len) as u64;
            key_column.span.is_some_and(|span| width(span) / 4 > members) && is_key(&column.name, &column.from)
        }
        DataType::Utf8 => true,
        _ => false,
    }
}

/// A join by columns of the same names and types as all of the other's key.
fn composite(tables: &[Table], key: &Key, from: usize, to: usize) -> Result<Option<Join>> {
    let (mine, theirs) = (&tables[from], &tables[to]);
    let same = |at: &usize| {
        let wanted = &theirs.columns[*at];
        let fits = |column: &Column| column.from == wanted.from && column.guess.data_type == wanted.guess.data_type;
        mine.columns.iter().position(fits)
    };
    let Some(columns) = key.columns.iter().map(same).collect::<Option<Vec<usize>>>() else { return Ok(None) };
    let own = mine.rows >= theirs.rows && key.values.is_some();
    if !own {
        return Ok(None);
    }
    let (mut seen, mut found) = (Hashes::default(), 0);
    each_row(mine, &columns, |hash| {
        if let Some(hash) = hash
            && seen.len() < MOST_DISTINCT
            && seen.insert(hash)
        {
            found += usize::from(key.holds(hash));
        }
    })?;
    if found == 0 || found * 100 < seen.len() * ALIKE_PERCENT {
        return Ok(None);
    }
    let why = match seen.len() - found {
        0 => format!("all {} keys are found in {}", counted(found), theirs.name),
        orphans => {
            format!("{} of the keys are found in {}: {}", share(found, seen.len()), theirs.name, lacking(orphans))
        }
    };
    Ok(Some(Join { name: String::new(), to, columns, why }))
}

/// Names joins by their tables; where two go to one table, by their columns.
fn name(tables: &[Table], from: usize, joins: &mut [Join]) {
    let to: Vec<usize> = joins.iter().map(|join| join.to).collect();
    let mut taken: Vec<String> = tables[from].columns.iter().map(|column| column.name.clone()).collect();
    for join in joins {
        let several = to.iter().filter(|to| **to == join.to).count() > 1;
        let own = join.columns.first().map(|at| stem(&tables[from].columns[*at].name).to_owned());
        let name = if several { own.unwrap_or_default() } else { tables[join.to].name.clone() };
        let name = if taken.contains(&name) { format!("{name}_row") } else { name };
        join.name = super::names::free(name, |name| taken.iter().any(|known| known == name));
        taken.push(join.name.clone());
    }
}

/// A count with its thousands apart.
pub(super) fn counted(count: usize) -> String {
    let digits = count.to_string();
    let (mut text, length) = (String::new(), digits.len());
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (length - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn lacking(keys: usize) -> String {
    format!("{} {}", counted(keys), if keys == 1 { "orphan" } else { "orphans" })
}

/// A share of a whole, never 100 % if anything is missing.
fn share(part: usize, of: usize) -> String {
    let tenths = part * 1000 / of.max(1);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::propose::{keys, kit};

    fn of(tables: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let (_folder, tables) = kit::tables(tables);
        let keys: Vec<Option<Key>> = tables.iter().map(|table| keys::find(table).unwrap()).collect();
        let found = find(&tables, &keys, 0).unwrap();
        let shown = |join: &Join| {
            let columns: Vec<&str> = join.columns.iter().map(|at| tables[0].columns[*at].name.as_str()).collect();
            format!("{}: {} = {} ({})", join.name, columns.join(", "), tables[join.to].name, join.why)
        };
        (found.joins.iter().map(shown).collect(), found.left_out)
    }

    #[test]
    fn names_and_values_make_a_join() {
        let products = ("products", "product_id,name\n1,Tea\n2,Oil\n3,Jam\n");
        let customers = ("customers", "id,name\n1,Wang\n2,Lin\n");
        let (joins, left_out) =
            of(&[("sales", "product_id,customer_id,quantity\n1,1,2\n3,2,1\n3,1,1\n"), products, customers]);
        assert_eq!(
            joins,
            [
                "products: product_id = products (all 2 values are found in products.product_id)",
                "customers: customer_id = customers (all 2 values are found in customers.id)"
            ]
        );
        assert!(left_out.is_empty(), "{left_out:?}");
        let (joins, _) = of(&[("calls", "buyer_customer_id,payer_customer_id\n1,2\n2,1\n2,2\n"), customers]);
        assert!(joins[0].starts_with("buyer_customer: ") && joins[1].starts_with("payer_customer: "), "{joins:?}");
    }

    #[test]
    fn chance_makes_none() {
        let products = ("products", "product_id,name\n1,Tea\n2,Oil\n3,Jam\n");
        assert_eq!(of(&[("lines", "line_no,quantity\n1,1\n2,2\n3,3\n1,3\n"), products]).0, [""; 0]);
        let (joins, left_out) = of(&[("lines", "shelf_no,x\n1,1\n2,2\n3,3\n1,3\n"), products]);
        assert!(joins.is_empty() && left_out[0].contains("by chance"), "{left_out:?}");
        let countries = ("countries", "code,name\nTW,Taiwan\nJP,Japan\nUS,States\n");
        assert_eq!(of(&[("people", "name,country\nA,TW\nB,JP\nC,US\nA,US\n"), countries]).0.len(), 1);
        let far = ("shops", "shop_id,name\n7,A\n900,B\n12345,C\n");
        assert_eq!(of(&[("visits", "place_id,x\n7,1\n900,2\n12345,3\n7,4\n"), far]).0.len(), 1);
    }

    #[test]
    fn orphans_are_counted() {
        let names: String = (0..100).map(|at| format!("{at},x\n")).collect();
        let rows = |to: usize| (0..to).map(|at| format!("{at},1\n{at},2\n")).collect::<String>();
        let products = format!("product_id,name\n{names}");
        let sales = |to| format!("product_id,amount\n{}", rows(to));
        let (joins, _) = of(&[("sales", &sales(105)), ("products", &products)]);
        assert_eq!(
            joins,
            ["products: product_id = products (95.2 % of values are found in products.product_id: 5 orphans)"]
        );
        let (joins, left_out) = of(&[("sales", &sales(200)), ("products", &products)]);
        assert!(joins.is_empty() && left_out[0].contains("product_id  # only 50.0 % of the values"), "{left_out:?}");
    }

    #[test]
    fn keys_of_several_columns_join_by_their_names() {
        let orders =
            ("orders", "store_id,receipt_no,day\n1,1,2025-01-01\n1,2,2025-01-01\n2,1,2025-01-02\n2,2,2025-01-02\n");
        let lines = ("lines", "store_id,receipt_no,item,amount\n1,1,a,1\n1,1,b,2\n2,1,a,3\n2,2,b,4\n1,2,a,4\n");
        let (joins, _) = of(&[lines, orders]);
        assert_eq!(joins, ["orders: store_id, receipt_no = orders (all 4 keys are found in orders)"]);
    }
}
