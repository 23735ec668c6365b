//! DataFusion's words about SQL in ours: one line, the model's names of types, the way out.

use datafusion::common::{DataFusionError, SchemaError};

use crate::error::Error;
use crate::yaml::hint;

use super::wording::{regular_expression, sentence};

/// What errors gather in front of their message on the way.
const NOISE: [&str; 16] = [
    "DataFusion error: ",
    "Arrow error: ",
    "External error: ",
    "External: ",
    "Error during planning: ",
    "Internal error: ",
    "Execution error: ",
    "Schema error: ",
    "SQL error: ",
    "Parser error: ",
    "Optimizer rule failed: ",
    "type_coercion: ",
    "This feature is not implemented: ",
    "Invalid argument error: ",
    "Cast error: ",
    "Compute error: ",
];

/// What DataFusion's planner says, as an error of ours: an error that a table gave comes back as it was, and an unknown
/// column gets the nearest known name.
pub fn planning_error(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(source) => match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => Error::invalid(clean(&source.to_string())).with_source(source),
        },
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => planning_error(*inner),
        DataFusionError::Collection(mut errors) if !errors.is_empty() => planning_error(errors.swap_remove(0)),
        DataFusionError::SchemaError(schema_error, _) => unknown_column(*schema_error),
        DataFusionError::NotImplemented(message) => Error::invalid(unsupported(&message)),
        other => Error::invalid(clean(&other.strip_backtrace())).with_source(other),
    }
}

fn unknown_column(error: SchemaError) -> Error {
    let SchemaError::FieldNotFound { field, valid_fields } = &error else {
        return Error::invalid(clean(&error.to_string())).with_source(error);
    };
    // A column of that name in another relation is meant before one of another name.
    let elsewhere = valid_fields.iter().find(|column| column.name == field.name && column.relation.is_some());
    let message = match (elsewhere, &field.relation) {
        (Some(column), Some(relation)) => {
            format!("'{relation}' has no column '{}'; did you mean '{}'?", field.name, column.flat_name())
        }
        _ => {
            let known = valid_fields.iter().map(|column| column.name.as_str());
            format!("unknown column '{}'{}", field.name, hint(&field.name, known))
        }
    };
    Error::invalid(message).with_source(error)
}

/// A message of DataFusion's as one line of ours: [`reworded`] if it can be, else without prefixes and requests to
/// report a bug, and with a small first letter.
pub fn clean(message: &str) -> String {
    let message = plain(message);
    if let Some(reworded) = reworded(message) {
        return reworded;
    }
    let message = message.lines().next().unwrap_or_default().trim_end().trim_end_matches('.');
    let message = if message.starts_with("Cannot cast ") { in_words(message) } else { message.to_owned() };
    let mut letters = message.chars();
    match (letters.next(), letters.next()) {
        // Words in capitals (AVG, SUM) stay as they are.
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(message.chars().skip(1)).collect()
        }
        _ => message,
    }
}

/// A message without the prefixes that errors gather on their way.
fn plain(message: &str) -> &str {
    let mut message = message.trim();
    while let Some(rest) = NOISE.iter().find_map(|noise| message.strip_prefix(noise)) {
        message = rest.trim_start();
    }
    message.trim_end_matches('.')
}

/// What a message of DataFusion's says about names and types in a query, if it is one of those.
pub fn reworded(message: &str) -> Option<String> {
    call(message)
        .or_else(|| operation(message))
        .or_else(|| names(message))
        .or_else(|| regular_expression(message))
        .or_else(|| sentence(message))
}

/// What is said of something that DataFusion does not do: [`reworded`] if it can be.
pub fn unsupported(message: &str) -> String {
    reworded(plain(message)).unwrap_or_else(|| format!("not supported: {}", clean(message)))
}

/// A function that does not take its arguments, or is not there.
fn call(message: &str) -> Option<String> {
    if let Some(call) = between(message, "argument types '", "'. You might need") {
        // A function of several forms has a wrong number of arguments for some of them only.
        let wanted = between(message, " expects ", " arguments but received")
            .filter(|_| !message.contains("failed to match any signature"));
        let reason = between(message, "coercion failed with: ", ". No function matches").map(plain);
        let way_out = match (reason, wanted) {
            (Some(reason), _) => sentence(reason).unwrap_or_else(|| in_words(reason)),
            (None, Some("1")) => "it takes 1 argument".to_owned(),
            (None, Some(wanted)) => format!("it takes {wanted} arguments"),
            (None, None) => return Some(no_call(&in_words(call))),
        };
        return Some(format!("{} does not exist; {way_out}", in_words(call)));
    }
    if message.contains("ubstring without for/from") {
        return Some(
            "substr takes a text and where to begin: substr(text, start) or substr(text, start, length)".into(),
        );
    }
    if let Some((name, (_, found))) = between(message, "Function '", "'").zip(message.split_once("(DataType: ")) {
        let found = found.split(").").next().unwrap_or(found);
        let closed = found.matches('(').count() == found.matches(')').count();
        let found = if closed { found } else { found.trim_end_matches(')') };
        return Some(format!("{name} does not take {} there; cast it, or give it another argument", in_words(found)));
    }
    let name = between(message, "Invalid function '", "'")?;
    // DataFusion names the nearest of all, however far it is.
    let meant = between(message, "Did you mean '", "'");
    Some(format!("unknown function '{name}'{}", hint(name, meant.into_iter())))
}

/// Says that no form of a function takes these types.
pub(super) fn no_call(call: &str) -> String {
    format!("{call} does not exist; cast its arguments, or give it others")
}

/// An operation on types that do not go together.
fn operation(message: &str) -> Option<String> {
    const INFER: &str = "Cannot infer common argument type for ";
    let no = |operation: String| Some(format!("{operation} does not exist; cast one of them"));
    if let Some(operation) = between(message, "Cannot coerce arithmetic expression ", " to valid types") {
        return no(in_words(operation));
    }
    if let Some((_, operation)) = message.split_once(INFER).and_then(|(_, rest)| rest.split_once("operation ")) {
        let operation = in_words(operation);
        let sides = [" AND ", " OR "].iter().find_map(|both| operation.split_once(both));
        return match sides.and_then(|(left, right)| [left, right].into_iter().find(|side| *side != "boolean")) {
            Some(side) => Some(format!("{side} is not true or false; compare it")),
            None => no(operation),
        };
    }
    if let Some(types) = between(message, "common type to coerce ", " in LIKE expression") {
        return no(in_words(types).replace(" and ", " LIKE "));
    }
    if let Some(found) = between(message, "Cannot create filter with non-boolean predicate '", "'") {
        let found = bare(found);
        let condition = if found.contains('$') { "the condition".to_owned() } else { format!("'{found}'") };
        return Some(format!("{condition} is not true or false; compare it"));
    }
    message.split_once("Overflow happened on: ").map(|(_, operation)| format!("overflow: {operation}"))
}

/// A name that stands twice, or in the wrong place.
fn names(message: &str) -> Option<String> {
    if message.contains("require unique expression names") {
        let twice = between(message, "and \"", "\" at position")?;
        return Some(format!("two columns are named '{}'; rename one with AS", bare(twice)));
    }
    if message.contains("must appear in the GROUP BY clause") {
        let column = between(message, "column \"", "\" must appear")?;
        return Some(format!("'{}' is neither in GROUP BY nor in an aggregate; put it into one", bare(column)));
    }
    let column = message.split_once("mbiguous reference to unqualified field ")?.1;
    Some(format!("'{column}' stands in several tables; name the table before it: table.{column}"))
}

/// The name of an expression: its alias, or a column's name without its table.
fn bare(expression: &str) -> &str {
    let name = expression.rsplit_once(" AS ").map_or(expression, |(_, alias)| alias);
    let is_column = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if is_column { name.rsplit('.').next().unwrap_or(name) } else { name }
}

fn between<'m>(message: &'m str, before: &str, after: &str) -> Option<&'m str> {
    message.split_once(before)?.1.split_once(after).map(|(inside, _)| inside)
}

/// Arrow's names of types within a text as a model writes them.
pub(super) fn in_words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(end);
        rest = after;
        let parameters = after.strip_prefix('(').and_then(|inside| inside.split_once(')'));
        match (word, parameters) {
            ("Decimal32" | "Decimal64" | "Decimal128" | "Decimal256", Some((inside, after))) => {
                out.push_str(&format!("decimal({})", inside.replace(' ', "")));
                rest = after;
            }
            ("Timestamp" | "Interval" | "Duration" | "Time32" | "Time64", Some((_, after))) => {
                out.push_str(word.to_lowercase().trim_end_matches(['3', '2', '6', '4']));
                rest = after;
            }
            _ => out.push_str(plain_type(word)),
        }
    }
    out
}

fn plain_type(word: &str) -> &str {
    match word {
        "Utf8" | "Utf8View" | "LargeUtf8" => "text",
        "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" => "integer",
        "Float16" | "Float32" | "Float64" => "double",
        "Boolean" => "boolean",
        "Date32" | "Date64" => "date",
        "Time32" | "Time64" => "time",
        "Null" => "null",
        other => other,
    }
}
