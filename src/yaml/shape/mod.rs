//! What a file may say: one description for checking it and for its JSON Schema.

use super::fault::{Faults, Position};
use super::nearest::nearest;
use super::node::{Entry, Node, Value};

/// Names that no definition may bear: they mean something in expressions.
pub const RESERVED: [&str; 3] = ["user", "param", "it"];

/// What may stand in a place.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A text: a number or a truth value must be quoted.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A whole number from 0 on.
    Natural,
    /// A whole number from 1 on.
    Count,
    /// A number.
    Number,
    /// A text, a number or a truth value: SQL expressions and values to compare with.
    Scalar,
    /// One of these words or numbers, unquoted or not.
    OneOf(&'static [&'static str]),
    /// A text in a notation of its own, such as a size.
    Written {
        /// What is expected, with an example; follows "expected".
        what: &'static str,
        /// The same as a regular expression, for editors.
        pattern: &'static str,
        /// Whether a text is so written; the error says what is wrong beyond that.
        check: fn(&str) -> bool,
    },
    /// A list of at least one.
    List(Box<Shape>),
    /// A text, or a list of at least one.
    TextOrList,
    /// A map with these keys and no others.
    Map(Vec<Key>),
    /// A map of `name: definition`; names are `[a-z][a-z0-9_]*` without `__`, and not [`RESERVED`].
    Named {
        /// What a name stands for: "a table".
        doc: &'static str,
        /// What a definition may be.
        shape: Box<Shape>,
    },
    /// A map with any keys.
    Dict(Box<Shape>),
    /// One of several, told apart by being a scalar, a list or a map.
    Either(Vec<Shape>),
}

/// A key of a [`Shape::Map`].
#[derive(Debug, Clone)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// What it means; becomes its description in the JSON Schema.
    pub doc: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What holds when it is missing, for the JSON Schema.
    pub default: Option<&'static str>,
}

impl Key {
    /// A key that may be left out.
    pub fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, doc, required: false, default: None }
    }

    /// The same key, but it must be there.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same key, with what holds when it is missing.
    #[must_use]
    pub fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

impl Shape {
    /// A list of at least one `item`.
    pub fn list(item: Self) -> Self {
        Self::List(Box::new(item))
    }

    /// A map of `name: definition`; `doc` says what a name stands for.
    pub fn named(doc: &'static str, definition: Self) -> Self {
        Self::Named { doc, shape: Box::new(definition) }
    }

    /// A map with any keys.
    pub fn dict(value: Self) -> Self {
        Self::Dict(Box::new(value))
    }

    /// Notes every fault of `node` and of what it holds.
    pub fn check(&self, file: &str, node: &Node, faults: &mut Faults) {
        Check { file, faults }.node(self, node, None);
    }

    /// What is expected, for "expected …, found …".
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Bool => "true or false".into(),
            Self::Integer => "a whole number".into(),
            Self::Natural => "a whole number from 0 on".into(),
            Self::Count => "a whole number from 1 on".into(),
            Self::Number => "a number".into(),
            Self::Scalar => "a value".into(),
            Self::OneOf([only]) => (*only).into(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Written { what, .. } => (*what).into(),
            Self::List(_) => "a list".into(),
            Self::TextOrList => "a text or a list".into(),
            Self::Map(_) | Self::Named { .. } | Self::Dict(_) => "a map".into(),
            Self::Either(shapes) => shapes.iter().map(Self::expected).collect::<Vec<_>>().join(" or "),
        }
    }

    /// Whether `value` is of the right kind (scalar, list or map), whatever it holds.
    fn takes(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => false,
            (Self::Either(shapes), _) => shapes.iter().any(|shape| shape.takes(value)),
            (Self::TextOrList, Value::Scalar { .. }) => true,
            (Self::List(_) | Self::TextOrList, _) => matches!(value, Value::List(_)),
            (Self::Map(_) | Self::Named { .. } | Self::Dict(_), _) => matches!(value, Value::Map(_)),
            _ => matches!(value, Value::Scalar { .. }),
        }
    }
}

struct Check<'a> {
    file: &'a str,
    faults: &'a mut Faults,
}

impl Check<'_> {
    /// Checks a node; `under` is the key whose value it is, for messages.
    fn node(&mut self, shape: &Shape, node: &Node, under: Option<&str>) {
        if !shape.takes(&node.value) {
            return self.mismatch(shape, node, under);
        }
        match shape {
            Shape::Either(shapes) => {
                if let Some(shape) = shapes.iter().find(|shape| shape.takes(&node.value)) {
                    self.node(shape, node, under);
                }
            }
            Shape::List(item) => self.list(item, node, under),
            Shape::TextOrList if node.text().is_none() => self.list(&Shape::Text, node, under),
            Shape::Map(keys) => self.map(keys, node, under),
            Shape::Named { doc, shape } => {
                for entry in node.entries() {
                    self.name(doc, entry);
                    self.node(shape, &entry.value, Some(&entry.key));
                }
            }
            Shape::Dict(shape) => {
                for entry in node.entries() {
                    self.node(shape, &entry.value, Some(&entry.key));
                }
            }
            scalar => self.scalar(scalar, node, under),
        }
    }

    fn list(&mut self, item: &Shape, node: &Node, under: Option<&str>) {
        if node.items().is_empty() {
            self.fault(node.at, under, "the list is empty; fill it or leave the key out");
        }
        for each in node.items() {
            self.node(item, each, under);
        }
    }

    fn map(&mut self, keys: &[Key], node: &Node, under: Option<&str>) {
        for entry in node.entries() {
            match keys.iter().find(|key| key.name == entry.key) {
                Some(key) => self.node(&key.shape, &entry.value, Some(key.name)),
                None => {
                    let known = || keys.iter().map(|key| key.name);
                    let hint = match nearest(&entry.key, known()) {
                        Some(name) => format!("did you mean '{name}'?"),
                        None => format!("known here: {}", known().collect::<Vec<_>>().join(", ")),
                    };
                    self.faults.push(self.file, entry.key_at, format!("unknown key '{}'; {hint}", entry.key));
                }
            }
        }
        for key in keys.iter().filter(|key| key.required && node.get(key.name).is_none()) {
            self.fault(node.at, under, &format!("missing key '{}'", key.name));
        }
    }

    fn name(&mut self, doc: &str, entry: &Entry) {
        let name = &entry.key;
        let wrong = if RESERVED.contains(&name.as_str()) {
            "is reserved in expressions".to_owned()
        } else if name.contains("__") {
            "holds '__', which is reserved for what is derived from a name".to_owned()
        } else if !is_name(name) {
            "must be lowercase letters, digits and '_', beginning with a letter".to_owned()
        } else {
            return;
        };
        self.faults.push(self.file, entry.key_at, format!("name '{name}' of {doc} {wrong}; choose another"));
    }

    fn scalar(&mut self, shape: &Shape, node: &Node, under: Option<&str>) {
        let text = node.text().unwrap_or_default();
        let fits = match shape {
            Shape::Text | Shape::TextOrList => {
                if !node.is_text() {
                    let message = format!("expected a text, found {text}; quote it: \"{text}\"");
                    return self.fault(node.at, under, &message);
                }
                !text.trim().is_empty()
            }
            Shape::Bool => node.bool().is_some(),
            Shape::Integer => node.i64().is_some(),
            Shape::Natural => node.u64().is_some(),
            Shape::Count => node.u64().is_some_and(|value| value > 0),
            Shape::Number => node.f64().is_some(),
            Shape::OneOf(words) => words.contains(&text),
            Shape::Written { check, .. } => check(text),
            _ => !text.trim().is_empty(),
        };
        if !fits {
            self.mismatch(shape, node, under);
        }
    }

    fn mismatch(&mut self, shape: &Shape, node: &Node, under: Option<&str>) {
        let found = match &node.value {
            Value::Scalar { text, .. } if text.trim().is_empty() => "an empty text".into(),
            _ => node.found(),
        };
        let hint = match (shape, node.text()) {
            (Shape::OneOf(words), Some(text)) => nearest(text, words.iter().copied())
                .filter(|_| words.len() > 1)
                .map(|word| format!("; did you mean '{word}'?")),
            (_, None) if node.is_null() => {
                Some("; fill it in or leave the key out (# begins a comment: quote a text that holds it)".into())
            }
            _ => None,
        };
        let message = format!("expected {}, found {found}{}", shape.expected(), hint.unwrap_or_default());
        self.fault(node.at, under, &message);
    }

    fn fault(&mut self, at: Position, under: Option<&str>, message: &str) {
        match under {
            Some(key) => self.faults.push(self.file, at, format!("'{key}': {message}")),
            None => self.faults.push(self.file, at, message),
        }
    }
}

/// Whether a name is lowercase letters, digits and underscores and begins with a letter.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests;
