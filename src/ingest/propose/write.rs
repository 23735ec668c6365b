//! The proposal as YAML, with the reason for each guess beside it.

use arrow::datatypes::DataType;

use crate::ingest::misfit::shown_type;

use super::Proposal;
use super::joins::{Join, counted};
use super::survey::{Column, Table};

const TABLES: &str = "\
# The tables of this mart, as `starmart init` proposes them after reading every row of the files. What it guessed is said
# beside it: check it, change it, and take the comment out. docs/model.md has all that may stand here.
#   columns:      the types of columns; of Parquet only those that are not as in the file
#   primary_key:  what names one row; every load tests it
#   joins:        to the one row of another table whose primary key is my column; every load counts orphans
#   sort_by:      the order in which rows are stored, so that periods are found fast
";

const CUBES: &str = "\
# The cubes of this mart, as `starmart init` proposes them. A cube is a fact table as people ask for it:
#   time:         the column of the time axis; NAME__day, __week, __month, __quarter and __year come with it
#   dimensions:   what facts are grouped and filtered by; dots follow joins
#   measures:     numbers defined once: sum, count, count(distinct), min, max, avg, and arithmetic over measures, such as
#                     average: {expr: amount / row_count, format: \"#,##0.00\", title: Average amount}
#   filter:       rows that count at all, such as amount is not null
";

impl Proposal {
    /// The file of the tables.
    pub fn tables_yaml(&self) -> String {
        let mut yaml = Lines::new(TABLES);
        yaml.line(0, "defaults:", "");
        let zone = self.timezone.name();
        let why = if self.is_zone_given { "" } else { "CHECK: whose days and months; such as Asia/Taipei" };
        yaml.line(1, &format!("timezone: {zone}"), why);
        yaml.line(1, &format!("locale: {}", self.locale), "the language of titles");
        yaml.line(0, "tables:", "");
        for at in 0..self.tables.len() {
            self.table(at, &mut yaml);
        }
        yaml.0
    }

    fn table(&self, at: usize, yaml: &mut Lines) {
        let table = &self.tables[at];
        yaml.line(1, &format!("{}:", scalar(&table.name)), &rows(table.rows));
        yaml.words(2, table.title.as_deref());
        match &table.patterns[..] {
            [one] => yaml.line(2, &format!("files: {}", scalar(one)), ""),
            several => {
                yaml.line(2, "files:", "");
                several.iter().for_each(|one| yaml.line(3, &format!("- {}", scalar(one)), ""));
            }
        }
        match &self.keys[at] {
            Some(key) => {
                let columns = list(key.columns.iter().map(|at| table.columns[*at].name.as_str()));
                yaml.line(2, &format!("primary_key: {columns}"), &format!("unique in all {}", rows(table.rows)));
            }
            None => yaml.line(2, "# primary_key:", "no one, two or three columns were found that name each row"),
        }
        let own_time = self.cubes.iter().find(|cube| cube.name == table.name).and_then(|cube| cube.time.as_deref());
        if let Some(time) = own_time.filter(|time| table.columns.iter().any(|column| column.name == *time)) {
            yaml.line(2, &format!("sort_by: {}", list([time].into_iter())), "");
        }
        let columns: Vec<&Column> = table.columns.iter().filter(|column| is_declared(column, table)).collect();
        if !columns.is_empty() {
            yaml.line(2, "columns:", "");
        }
        for column in columns {
            yaml.line(3, &format!("{}: {}", scalar(&column.name), definition(column)), &reason(column));
        }
        self.joins(at, yaml);
    }

    fn joins(&self, at: usize, yaml: &mut Lines) {
        let joins = &self.joins[at];
        if !joins.joins.is_empty() {
            yaml.line(2, "joins:", "");
        }
        for join in &joins.joins {
            yaml.line(3, &self.join(at, join), &join.why);
        }
        if !joins.left_out.is_empty() {
            let rest =
                if joins.joins.is_empty() { "# joins:  # left out, as the data says so:" } else { "# left out:" };
            yaml.line(2, rest, "");
            joins.left_out.iter().for_each(|what| yaml.line(2, &format!("#   {}", plain(what)), ""));
        }
    }

    fn join(&self, at: usize, join: &Join) -> String {
        let mine: Vec<&str> =
            join.columns.iter().map(|column| self.tables[at].columns[*column].name.as_str()).collect();
        let keys = if let [one] = mine[..] { scalar(one) } else { list(mine.into_iter()) };
        let table = &self.tables[join.to].name;
        if *table == join.name {
            return format!("{}: {keys}", scalar(table));
        }
        format!("{}: {{table: {}, keys: {keys}}}", scalar(&join.name), scalar(table))
    }

    /// The file of the cubes.
    pub fn cubes_yaml(&self) -> String {
        let mut yaml = Lines::new(CUBES);
        yaml.line(0, "cubes:", "");
        for cube in &self.cubes {
            yaml.line(1, &format!("{}:", scalar(&cube.name)), "");
            yaml.words(2, cube.title.as_deref());
            yaml.line(2, &format!("table: {}", scalar(&cube.name)), "");
            if let Some(time) = &cube.time {
                yaml.line(2, &format!("time: {}", scalar(time)), "");
            }
            if !cube.dimensions.is_empty() {
                yaml.line(2, "dimensions:", "");
            }
            for (name, expr) in &cube.dimensions {
                yaml.line(3, &format!("{}: {}", scalar(name), scalar(expr)), "");
            }
            yaml.line(2, "measures:", "");
            for measure in &cube.measures {
                let (name, expr) = (scalar(&measure.name), scalar(&measure.expr));
                let said = match &measure.title {
                    Some(title) => format!("{name}: {{expr: {expr}, title: {}}}", scalar(title)),
                    None => format!("{name}: {expr}"),
                };
                match measure.unsummed {
                    Some(why) => yaml.line(3, &format!("# {said}"), why.reason()),
                    None => yaml.line(3, &said, ""),
                }
            }
        }
        yaml.0
    }
}

/// YAML under construction.
struct Lines(String);

impl Lines {
    fn new(introduction: &str) -> Self {
        Self(format!("{introduction}version: 1\n"))
    }

    fn line(&mut self, depth: usize, text: &str, why: &str) {
        let why = if why.is_empty() { String::new() } else { format!("  # {}", plain(why)) };
        self.0.push_str(&format!("{}{text}{why}\n", "  ".repeat(depth)));
    }

    fn words(&mut self, depth: usize, title: Option<&str>) {
        if let Some(title) = title {
            self.line(depth, &format!("title: {}", scalar(title)), "");
        }
    }
}

/// Whether a model must say something of a column: of CSV it says the type of each.
fn is_declared(column: &Column, table: &Table) -> bool {
    let is_text = column.guess.data_type == DataType::Utf8;
    column.name != column.from || !column.guess.plain || (is_text && table.source.is_csv())
}

fn definition(column: &Column) -> String {
    let data_type = shown_type(&column.guess.data_type);
    let mut keys = Vec::new();
    if column.name != column.from {
        keys.push(format!("from: {}", scalar(&column.from)));
    }
    if let Some(title) = &column.title {
        keys.push(format!("title: {}", scalar(title)));
    }
    if let Some(zone) = column.guess.stored_in {
        keys.push(format!("stored_in: {}", zone.name()));
    }
    if keys.is_empty() {
        return data_type;
    }
    // Last, since it is quoted where it holds a comma.
    keys.insert(keys.len() - usize::from(column.guess.stored_in.is_some()), format!("type: {}", scalar(&data_type)));
    format!("{{{}}}", keys.join(", "))
}

/// Why a column has its type, and how many of its values are missing.
fn reason(column: &Column) -> String {
    let nulls = (column.nulls > 0 && !column.values.is_empty()).then(|| format!("NULL in {}", rows(column.nulls)));
    column.guess.why.clone().into_iter().chain(nulls).collect::<Vec<_>>().join("; ")
}

fn rows(count: u64) -> String {
    let rows = if count == 1 { "row" } else { "rows" };
    format!("{} {rows}", counted(usize::try_from(count).unwrap_or(usize::MAX)))
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(scalar).collect::<Vec<_>>().join(", "))
}

/// A text of one line.
fn plain(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// A text as YAML writes it: in quotes where it could be anything else, here or for another reader.
fn scalar(text: &str) -> String {
    let inside = |one: char| one.is_alphanumeric() || "_./-() *".contains(one);
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let safe = text.starts_with(char::is_alphabetic)
        && text.chars().all(inside)
        && !text.ends_with(' ')
        && !words.contains(&text.to_ascii_lowercase().as_str());
    if safe {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for one in text.chars() {
        match one {
            '"' | '\\' => quoted.extend(['\\', one]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            one if one.is_control() || matches!(one, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(one)));
            }
            one => quoted.push(one),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Faults, parse};

    #[test]
    fn texts_are_read_as_they_were() {
        for text in [
            "no",
            "null",
            "~",
            "1",
            "1.5",
            "0x1f",
            "true",
            "-",
            "a: b",
            "a #b",
            "a, b",
            "{a}",
            "[a]",
            "客戶編號",
            "金額（元）",
            "a\"b",
            "a\\b",
            "a\nb",
            "a\tb",
            "a\u{2028}b",
            " a",
            "a ",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "'a'",
            "?",
            "",
            "decimal(12,2)",
            "data/sales-*.csv",
            "count(distinct a)",
            "a\u{1}b",
            "ſ",
            "…",
            "a:b",
            "<<",
            "=",
        ] {
            for yaml in [
                format!("x: {}\n", scalar(text)),
                format!("{{x: {}, y: 1}}\n", scalar(text)),
                format!("{}: x\n", scalar(text)),
            ] {
                let mut faults = Faults::default();
                let node = parse("x.yaml", &yaml, &mut faults).unwrap();
                assert!(faults.is_empty(), "{yaml}: {faults:?}");
                match yaml.starts_with("x:") || yaml.starts_with('{') {
                    true => {
                        assert_eq!(node.get("x").unwrap().text(), Some(text), "{yaml}");
                        assert!(node.get("x").unwrap().is_text(), "{yaml}");
                    }
                    false => assert_eq!(node.entries()[0].key, text, "{yaml}"),
                }
            }
        }
    }
}
