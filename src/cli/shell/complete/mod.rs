//! What may follow at a place in what is being typed. Pure: a text, a place in it, and the names that there are.

mod scope;
#[cfg(test)]
mod tests;

use super::command;
use super::names::{Column, Names, Relation};
use super::words::{Kind, Piece, pieces};
use scope::{Clause, Here, Source, here};

/// The settings that SET knows.
pub(super) const SETTINGS: [&str; 2] = ["mart_version", "timezone"];
/// What a statement begins with.
const VERBS: [&str; 6] = ["SELECT", "WITH", "EXPLAIN", "SET", "SHOW", "VALUES"];
/// What may follow within one, besides names.
const KEYWORDS: [&str; 48] = [
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS JOIN",
    "DATE",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "FALSE",
    "FILTER",
    "FROM",
    "FULL JOIN",
    "GROUP BY",
    "HAVING",
    "IN",
    "INNER JOIN",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LEFT JOIN",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "NULLS LAST",
    "OFFSET",
    "ON",
    "OR",
    "ORDER BY",
    "OVER",
    "PARTITION BY",
    "RIGHT JOIN",
    "SELECT",
    "THEN",
    "TIMESTAMP",
    "TRUE",
    "UNION",
    "USING",
    "WHEN",
    "WHERE",
];
/// A function that is not among the others, since planning gives it its meaning.
const MEASURE: &str = "measure";

/// What may stand at a place: what it is called, and what is written for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) shown: String,
    pub(super) written: String,
}

impl Candidate {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        let shown = text.into();
        Self { written: shown.clone(), shown }
    }
}

/// What may stand where the cursor is: from where on it is written anew, in bytes, and the candidates in their order.
pub(super) fn complete(text: &str, cursor: usize, names: &Names) -> (usize, Vec<Candidate>) {
    if !text.is_char_boundary(cursor) {
        return (cursor.min(text.len()), Vec::new());
    }
    if text.trim_start().starts_with('\\') {
        return command::complete(&text[..cursor], names);
    }
    let all = pieces(text);
    let Some(spot) = Spot::of(text, &all, cursor) else { return (cursor, Vec::new()) };
    let begins = |candidate: &Candidate| spot.is_begun(candidate);
    let mut found: Vec<Candidate> = spot.candidates(names).into_iter().filter(begins).collect();
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|candidate| seen.insert(candidate.written.clone()));
    (spot.start, found)
}

/// The place of the cursor within a statement.
struct Spot<'t> {
    /// Where the word begins that is being typed.
    start: usize,
    /// As far as it is typed.
    typed: &'t str,
    /// The names before it, each with a point.
    qualifiers: Vec<String>,
    here: Here,
}

impl<'t> Spot<'t> {
    /// None within texts, numbers and comments.
    fn of(text: &'t str, all: &[Piece<'t>], cursor: usize) -> Option<Self> {
        let inside = |piece: &&Piece<'_>| piece.start < cursor && (cursor < piece.end() || !piece.closed);
        let goes_on = |piece: &&Piece<'_>| match piece.kind {
            Kind::Comment => piece.text.starts_with("--"),
            kind => matches!(kind, Kind::Word | Kind::Number),
        };
        let at_end = |piece: &&Piece<'_>| piece.end() == cursor && goes_on(piece);
        let current = all.iter().find(|piece| inside(piece) || at_end(piece));
        let (start, typed) = match current.map(|piece| (piece.kind, piece)) {
            Some((Kind::Text | Kind::Comment | Kind::Number, _)) => return None,
            Some((Kind::Word | Kind::Quoted, piece)) => (piece.start, &text[piece.start..cursor]),
            _ => (cursor, ""),
        };
        let first = all.iter().rposition(|piece| piece.text == ";" && piece.end() <= cursor).map_or(0, |at| at + 1);
        let last = all.iter().position(|piece| piece.text == ";" && piece.start >= cursor).unwrap_or(all.len());
        let statement: Vec<Piece<'_>> =
            all[first..last].iter().filter(|piece| piece.kind != Kind::Comment).copied().collect();
        let mut at = statement.iter().position(|piece| piece.start >= start).unwrap_or(statement.len());
        let resumed = at + usize::from(statement.get(at).is_some_and(|piece| piece.start < cursor));
        let mut qualifiers = Vec::new();
        while let [.., name, dot] = &statement[..at]
            && dot.text == "."
            && matches!(name.kind, Kind::Word | Kind::Quoted)
        {
            qualifiers.insert(0, name.name());
            at -= 2;
        }
        Some(Self { start, typed, qualifiers, here: here(&statement, at, resumed) })
    }

    fn is_begun(&self, candidate: &Candidate) -> bool {
        let begins = |text: &str| {
            let mut letters = text.chars().flat_map(char::to_lowercase);
            self.typed.chars().flat_map(char::to_lowercase).all(|typed| letters.next() == Some(typed))
        };
        begins(&candidate.shown) || begins(&candidate.written)
    }

    fn candidates(&self, names: &Names) -> Vec<Candidate> {
        if let Some(last) = self.qualifiers.last() {
            return self.qualified(last, names);
        }
        if self.here.wants_relation {
            return self.relations(names);
        }
        let typed = !self.typed.is_empty();
        let quoted = self.typed.starts_with('"');
        let words = |words: &[&str]| if quoted { Vec::new() } else { self.words(words) };
        match self.here.clause {
            Clause::Start => words(&VERBS),
            Clause::Set => SETTINGS.map(Candidate::plain).into(),
            Clause::With | Clause::Limit => words(if typed { &KEYWORDS } else { &[] }),
            // A relation is there, and what may follow it is known without a letter.
            Clause::From => words(&KEYWORDS),
            _ => {
                let mut found = self.columns(names);
                // So many others that they would be in the way of a column, and before there is a letter.
                found.retain(|candidate| self.is_begun(candidate));
                if found.is_empty() && !quoted && self.here.function.as_deref() != Some(MEASURE) {
                    found.extend(calls(names).filter(|_| typed));
                    found.extend(words(&KEYWORDS));
                }
                found
            }
        }
    }

    /// What follows a name and a point: columns of what it names, or the relations of a schema.
    fn qualified(&self, qualifier: &str, names: &Names) -> Vec<Candidate> {
        let schema = || names.relations.iter().filter(|relation| relation.schema == qualifier);
        if self.here.wants_relation {
            return schema().map(|relation| named(&relation.name, names)).collect();
        }
        let means = |source: &&Source| match &source.alias {
            Some(alias) => alias == qualifier,
            None => source.name == qualifier,
        };
        let mut sources = self.here.sources.iter().chain(&self.here.all);
        let Some(relation) = sources.find(means).and_then(|source| relation(source, names)) else { return Vec::new() };
        self.fitting(relation).into_iter().map(|column| named(&column.name, names)).collect()
    }

    /// Cubes, the queries of WITH, and what lies in a schema.
    fn relations(&self, names: &Names) -> Vec<Candidate> {
        let queries = self.here.queries.iter().map(|name| named(name, names));
        let (cubes, rest): (Vec<&Relation>, Vec<&Relation>) =
            names.relations.iter().partition(|relation| relation.is_cube());
        let cubes = cubes.into_iter().map(|relation| named(&relation.name, names));
        queries.chain(cubes).chain(rest.into_iter().map(|relation| full_name(relation, names))).collect()
    }

    /// The columns of what the SELECT reads. Where it does not say yet, those of all cubes, once a letter is typed.
    fn columns(&self, names: &Names) -> Vec<Candidate> {
        let read: Vec<&Relation> = if self.here.sources.is_empty() && !self.typed.is_empty() {
            names.relations.iter().filter(|relation| relation.is_cube()).collect()
        } else {
            self.here.sources.iter().filter_map(|source| relation(source, names)).collect()
        };
        let (measures, others): (Vec<&Column>, Vec<&Column>) =
            read.into_iter().flat_map(|relation| self.fitting(relation)).partition(|column| column.is_measure());
        others.into_iter().chain(measures).map(|column| named(&column.name, names)).collect()
    }

    /// The columns of a relation that fit the place: rows are chosen and grouped by what is no measure.
    fn fitting<'n>(&self, relation: &'n Relation) -> Vec<&'n Column> {
        let only_measures = self.here.function.as_deref() == Some(MEASURE);
        let no_measures = matches!(self.here.clause, Clause::Where | Clause::GroupBy | Clause::On);
        let fits = |column: &&Column| match column.is_measure() {
            true => only_measures || !no_measures,
            false => !only_measures,
        };
        relation.columns.iter().filter(fits).collect()
    }

    /// Keywords, in small letters where such are typed.
    fn words(&self, words: &[&str]) -> Vec<Candidate> {
        let small = self.typed.starts_with(|first: char| first.is_lowercase());
        words
            .iter()
            .map(|word| Candidate::plain(if small { word.to_lowercase() } else { (*word).to_owned() }))
            .collect()
    }
}

fn relation<'n>(source: &Source, names: &'n Names) -> Option<&'n Relation> {
    match &source.schema {
        Some(schema) => names.relation(Some(schema), &source.name),
        None => names.relation(Some(super::names::CUBES), &source.name),
    }
}

fn calls(names: &Names) -> impl Iterator<Item = Candidate> {
    let functions = names.functions.iter().map(String::as_str).chain([MEASURE]);
    functions.map(|name| Candidate { shown: name.to_owned(), written: format!("{name}(") })
}

/// A name as it is written in SQL.
fn named(name: &str, names: &Names) -> Candidate {
    Candidate { shown: name.to_owned(), written: quoted(name, names) }
}

/// A relation with its schema.
pub(super) fn full_name(relation: &Relation, names: &Names) -> Candidate {
    let (schema, name) = (&relation.schema, &relation.name);
    Candidate { shown: format!("{schema}.{name}"), written: format!("{schema}.{}", quoted(name, names)) }
}

fn quoted(name: &str, names: &Names) -> String {
    let begins = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let plain = |c: char| (c.is_alphanumeric() && !c.is_ascii_uppercase()) || c == '_' || c == '$';
    let reserved = names.reserved.iter().any(|word| word.eq_ignore_ascii_case(name));
    if begins && !reserved && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
