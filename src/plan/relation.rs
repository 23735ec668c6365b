//! Lineage: what the columns of a relation hold, and which sets of columns tell its rows apart.

use std::collections::{BTreeMap, BTreeSet};

/// What a column holds, as far as adding it up goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lineage {
    /// Nothing that a cube has computed.
    Free,
    /// One sum or count of a cube: it adds up over its keys.
    Additive(String),
    /// Another value of a cube: a distinct count, a ratio, an average, arithmetic. It does not add up.
    Fixed(String),
    /// A sum or count whose rows a join, a union or DISTINCT may have multiplied or merged.
    Merged(String),
    /// NULL in place of a measure that has no value in a fact row.
    Valueless(String),
}

impl Lineage {
    /// The measure that the column comes from.
    pub(super) fn measure(&self) -> Option<&str> {
        match self {
            Self::Free => None,
            Self::Additive(measure) | Self::Fixed(measure) | Self::Merged(measure) | Self::Valueless(measure) => {
                Some(measure)
            }
        }
    }

    /// What a column holds in a union of two.
    pub(super) fn united(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Valueless(measure), Self::Valueless(_)) => Self::Valueless(measure.clone()),
            _ => match self.measure().or(other.measure()) {
                Some(measure) if self.is_fixed() || other.is_fixed() => Self::Fixed(measure.to_owned()),
                Some(measure) => Self::Merged(measure.to_owned()),
                None => Self::Free,
            },
        }
    }

    fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_) | Self::Valueless(_))
    }

    /// The measure of which the column holds only NULL, if so.
    pub(super) fn valueless(&self) -> Option<&str> {
        match self {
            Self::Valueless(measure) => Some(measure),
            _ => None,
        }
    }
}

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) lineage: Lineage,
    /// The member of a cube whose values it holds as they are.
    pub(super) member: Option<Member>,
    /// Whether it may show wall clocks of a cube with their hours, of which two instants may show one.
    pub(super) clock: bool,
    /// Whether it holds dates of a table, of which no two are one wall clock, as instants may be.
    pub(super) date: bool,
}

/// A dimension or measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) cube: String,
    pub(super) name: String,
}

impl Column {
    /// A column that holds something of its own.
    pub(super) fn new(name: impl Into<String>, lineage: Lineage) -> Self {
        Self { name: name.into(), lineage, member: None, clock: false, date: false }
    }

    /// Makes it the column of rows that stand for several equal ones: what it held adds up no more.
    pub(super) fn merge(&mut self) {
        if let Lineage::Additive(measure) = &self.lineage {
            self.lineage = Lineage::Merged(measure.clone());
        }
    }
}

/// A relation: a table, a CTE, a subquery.
#[derive(Debug, Clone, Default)]
pub(super) struct Relation {
    pub(super) columns: Vec<Column>,
    /// Sets of columns that tell rows apart; the empty set: there is one row at most.
    pub(super) unique: Vec<BTreeSet<String>>,
    /// Whether it comes from a cube.
    pub(super) cube: bool,
}

impl Relation {
    /// The column of that name.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Rows of both: names of the left; nothing of it adds up any more, and nothing tells rows apart.
    pub(super) fn united(self, right: &Self) -> Self {
        let columns = self.columns.into_iter().enumerate().map(|(at, column)| {
            let lineage =
                right.columns.get(at).map_or(column.lineage.clone(), |other| column.lineage.united(&other.lineage));
            let member = column
                .member
                .filter(|member| right.columns.get(at).is_some_and(|other| other.member.as_ref() == Some(member)));
            let clock = column.clock || right.columns.get(at).is_some_and(|other| other.clock);
            Column { name: column.name, lineage, member, clock, date: false }
        });
        Self { columns: columns.collect(), unique: Vec::new(), cube: self.cube || right.cube }
    }

    /// The relation under an alias that renames its first columns. Which of two columns of one name a set means is not
    /// known any more.
    pub(super) fn renamed(mut self, names: &[String]) -> Self {
        let mut new = BTreeMap::new();
        let count = |name: &String| self.columns.iter().filter(|column| column.name == *name).count();
        self.unique.retain(|set| set.iter().all(|name| count(name) == 1));
        for (column, name) in self.columns.iter_mut().zip(names) {
            new.insert(std::mem::replace(&mut column.name, name.clone()), name.clone());
        }
        let renamed = |column: &String| new.get(column).unwrap_or(column).clone();
        self.unique = self.unique.iter().map(|set| set.iter().map(renamed).collect()).collect();
        self
    }
}
