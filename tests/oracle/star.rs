//! A star of our own: tables with their rows, and cubes over the first of them, evaluated a row at a time.

use std::fmt::Write;

use super::scalar::{Answer, aggregate, evaluate};
use super::tree::{Call, Expr};
use super::value::{Type, Value, truncated};

/// Tables and cubes.
#[derive(Debug, Clone)]
pub(crate) struct Star {
    /// The first holds the facts.
    pub(crate) tables: Vec<Table>,
    pub(crate) cubes: Vec<Cube>,
    /// The session's zone, and the model's.
    pub(crate) zone: chrono_tz::Tz,
    pub(crate) own_zone: chrono_tz::Tz,
}

/// A table: its first column is its key.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Type)>,
    pub(crate) joins: Vec<Join>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// A join to the key of another table.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) name: String,
    pub(crate) table: String,
    /// The column here.
    pub(crate) column: String,
}

/// A cube over the facts.
#[derive(Debug, Clone)]
pub(crate) struct Cube {
    pub(crate) name: String,
    /// The column that is its axis, over the table, and the type of that.
    pub(crate) time: Option<(String, Expr, Type)>,
    pub(crate) filter: Option<Expr>,
    pub(crate) dimensions: Vec<(String, Expr, Type)>,
    pub(crate) measures: Vec<Measure>,
}

/// A measure of a cube.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) expr: Expr,
    pub(crate) filter: Option<Expr>,
}

/// The grains that a date or an instant has, as its dimensions are called.
const GRAINS: [&str; 6] = ["hour", "day", "week", "month", "quarter", "year"];

fn grains(of: Type) -> &'static [&'static str] {
    if of == Type::Instant { &GRAINS } else { &GRAINS[1..] }
}

impl Table {
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column == name)
    }
}

impl Cube {
    /// The expression of a dimension over columns.
    pub(crate) fn dimension(&self, name: &str) -> Option<Expr> {
        if let Some((_, expr, _)) = self.dimensions.iter().find(|(known, ..)| known == name) {
            return Some(expr.clone());
        }
        let (time, axis, of) = self.time.as_ref()?;
        let grain = grains(*of).iter().find(|grain| name == format!("{time}__{grain}"));
        match grain {
            Some(grain) => Some(Expr::Truncated(grain, Box::new(axis.clone()))),
            None => (name == time).then(|| axis.clone()),
        }
    }

    /// The names of the dimensions, with their types.
    pub(crate) fn dimension_names(&self) -> Vec<(String, Type)> {
        let mut names = Vec::new();
        if let Some((time, _, axis)) = &self.time {
            names.push((time.clone(), *axis));
            let of = |grain: &str| if grain == "hour" { Type::Instant } else { Type::Date };
            names.extend(grains(*axis).iter().map(|grain| (format!("{time}__{grain}"), of(grain))));
        }
        names.extend(self.dimensions.iter().map(|(name, _, of)| (name.clone(), *of)));
        names
    }

    pub(crate) fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.name == name)
    }

    /// The one aggregate that a measure is, if it is no more than that.
    pub(crate) fn own(&self, measure: &Measure) -> Option<Call> {
        match &measure.expr {
            Expr::Call(call) => Some(call.as_ref().clone()),
            Expr::Name(parts) => self.own(self.measure(parts.last()?)?),
            _ => None,
        }
    }

    /// Whether a measure adds up: it is one sum or count.
    pub(crate) fn adds_up(&self, name: &str) -> bool {
        let own = self.measure(name).and_then(|measure| self.own(measure));
        own.is_some_and(|call| matches!(call.function, "sum" | "count") && !call.distinct)
    }
}

impl Star {
    /// The facts that count at all in a cube.
    pub(crate) fn facts(&self, cube: &Cube) -> Answer<Vec<usize>> {
        let all = (0..self.tables[0].rows.len()).collect();
        match &cube.filter {
            Some(filter) => self.kept(all, filter),
            None => Ok(all),
        }
    }

    /// The facts for which a condition over columns holds.
    fn kept(&self, facts: Vec<usize>, condition: &Expr) -> Answer<Vec<usize>> {
        let mut kept = Vec::new();
        for fact in facts {
            if self.row(fact, condition)? == Value::Boolean(true) {
                kept.push(fact);
            }
        }
        Ok(kept)
    }

    /// An expression over columns, for a fact.
    pub(crate) fn row(&self, fact: usize, expr: &Expr) -> Answer<Value> {
        evaluate(expr, &|part| match part {
            Expr::Name(path) => Some(Ok(self.column(fact, path))),
            _ => None,
        })
    }

    /// A column of a fact, or of the row that joins lead to; NULL where they lead nowhere.
    fn column(&self, fact: usize, path: &[String]) -> Value {
        let (mut table, mut row) = (&self.tables[0], &self.tables[0].rows[fact]);
        let Some((name, joins)) = path.split_last() else { return Value::Null };
        for join in joins {
            let join = table.joins.iter().find(|known| known.name == *join).expect("a join that is there");
            let key = &row[table.column(&join.column).expect("a column that is there")];
            table = self.tables.iter().find(|known| known.name == join.table).expect("a table that is there");
            let found = table.rows.iter().find(|other| !key.is_null() && other[0] == *key);
            match found {
                Some(other) => row = other,
                None => return Value::Null,
            }
        }
        row[table.column(name).expect("a column that is there")].clone()
    }

    /// The value of a measure over facts, all of which its own filters may still leave out.
    pub(crate) fn measure(&self, cube: &Cube, name: &str, facts: &[usize]) -> Answer<Value> {
        let measure = cube.measure(name).expect("a measure that is there");
        let facts = match &measure.filter {
            Some(filter) => self.kept(facts.to_vec(), filter)?,
            None => facts.to_vec(),
        };
        evaluate(&measure.expr, &|part| match part {
            Expr::Name(parts) => Some(self.measure(cube, parts.last()?, &facts)),
            Expr::Call(call) => Some(self.leaf(call, &facts)),
            _ => None,
        })
    }

    fn leaf(&self, call: &Call, facts: &[usize]) -> Answer<Value> {
        let Some(argument) = &call.argument else { return Ok(Value::Integer(facts.len() as i128)) };
        let values = facts.iter().map(|fact| self.row(*fact, argument)).collect::<Answer<Vec<_>>>()?;
        Ok(aggregate(call.function, call.distinct, values))
    }

    /// The model as its file has it.
    pub(crate) fn yaml(&self) -> String {
        let mut text = format!("version: 1\ndefaults: {{timezone: {}}}\ntables:\n", self.own_zone);
        for table in &self.tables {
            let key = scalar(&table.columns[0].0);
            let _ = writeln!(text, "  {}:\n    files: data/{}.csv\n    primary_key: [{key}]", table.name, table.name);
            text.push_str("    columns:\n");
            for (name, of) in &table.columns {
                let of = match of {
                    Type::Boolean => "boolean",
                    Type::Integer => "integer",
                    Type::Decimal => "decimal(12,2)",
                    Type::Double => "double",
                    Type::Text => "text",
                    Type::Date => "date",
                    Type::Instant => "timestamp",
                };
                let _ = writeln!(text, "      {}: {of}", scalar(name));
            }
            if !table.joins.is_empty() {
                text.push_str("    joins:\n");
            }
            for join in &table.joins {
                let (name, column) = (scalar(&join.name), scalar(&join.column));
                let _ = writeln!(text, "      {name}: {{table: {}, keys: {column}}}", join.table);
            }
        }
        text.push_str("cubes:\n");
        for cube in &self.cubes {
            let _ = writeln!(text, "  {}:\n    table: {}", scalar(&cube.name), self.tables[0].name);
            if let Some((time, ..)) = &cube.time {
                let _ = writeln!(text, "    time: {}", scalar(time));
            }
            if let Some(filter) = &cube.filter {
                let _ = writeln!(text, "    filter: {}", scalar(&filter.to_string()));
            }
            text.push_str("    dimensions:\n");
            for (name, expr, _) in &cube.dimensions {
                let _ = writeln!(text, "      {}: {}", scalar(name), scalar(&expr.to_string()));
            }
            text.push_str("    measures:\n");
            for measure in &cube.measures {
                let (name, expr) = (scalar(&measure.name), scalar(&measure.expr.to_string()));
                let filter = measure.filter.iter().map(|filter| format!(", filter: {}", scalar(&filter.to_string())));
                let _ = writeln!(text, "      {name}: {{expr: {expr}{}}}", filter.collect::<String>());
            }
        }
        text
    }
}

/// A text as YAML has it between quotes.
fn scalar(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The day that a date's period begins with.
#[test]
fn periods_begin_with_their_first_day() {
    let begins = ["week", "month", "quarter", "year"].map(|grain| truncated(17_286, grain));
    assert_eq!(
        begins.map(|days| super::value::day(days).to_string()),
        ["2017-04-24", "2017-04-01", "2017-04-01", "2017-01-01"]
    );
}
