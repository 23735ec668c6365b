//! What scalar functions are about, as drivers ask for them.

use std::collections::{BTreeMap, HashMap};

use datafusion::execution::SessionStateDefaults;

use crate::sql::Functions;

/// What a function is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Numbers.
    Numeric,
    /// Text.
    Text,
    /// Dates and times.
    Time,
    /// Values of any type: `coalesce` and its like.
    General,
}

/// Functions of ours that nothing else tells of.
const OURS: [(&str, Section); 1] = [("days_between", Section::Time)];

/// The scalar functions by what they are about, in the order of their names. Those of lists, structures and maps are
/// left out, which drivers do not ask for.
pub fn sections(functions: &Functions) -> BTreeMap<Section, Vec<String>> {
    let theirs = SessionStateDefaults::default_scalar_functions();
    let told =
        theirs.iter().filter_map(|function| Some((function, section(function.documentation()?.doc_section.label)?)));
    let told = told.flat_map(|(function, section)| {
        std::iter::once(function.name())
            .chain(function.aliases().iter().map(String::as_str))
            .map(move |name| (name, section))
    });
    let known: HashMap<&str, Section> = told.chain(OURS).collect();
    let mut sections = BTreeMap::<_, Vec<String>>::new();
    for name in functions.scalar.keys() {
        if let Some(section) = known.get(name.as_str()) {
            sections.entry(*section).or_default().push(name.clone());
        }
    }
    sections.values_mut().for_each(|names| names.sort());
    sections
}

/// What the functions beneath a heading of DataFusion's documentation are about.
fn section(heading: &str) -> Option<Section> {
    match heading {
        "Math Functions" => Some(Section::Numeric),
        "String Functions" | "Binary String Functions" | "Regular Expression Functions" | "Hashing Functions" => {
            Some(Section::Text)
        }
        "Time and Date Functions" => Some(Section::Time),
        "Conditional Functions" | "Other Functions" => Some(Section::General),
        _ => None,
    }
}
