//! Messages about names that are not there.

use crate::yaml::nearest;

/// The most names that a message lists.
const LISTED: usize = 12;

/// Says that there is no such thing and which name is near, or which there are.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    unknown_of(what, name, "", known)
}

/// The same of something of `owner`, such as ` of table 'sales'`.
pub(super) fn unknown_of<'a>(what: &str, name: &str, owner: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean '{near}'?"),
        None if known.is_empty() => "there is none".to_owned(),
        None if known.len() > LISTED => format!("known: {}, …", known[..LISTED].join(", ")),
        None => format!("known: {}", known.join(", ")),
    };
    format!("unknown {what} '{name}'{owner}; {hint}")
}
