//! What a file may say: one description for checking it and for its JSON Schema.

use super::fault::{Faults, Position};
use super::nearest::{hint, nearest};
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
    /// A whole number from the first to the second.
    Within(u64, u64),
    /// A number.
    Number,
    /// A number from 0 on.
    Distance,
    /// What a query may answer: a number, a quoted text, a truth value or null.
    Answer,
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
        /// Whether a text is so written.
        check: fn(&str) -> bool,
        /// What is wrong or may be meant, if more than `what` can be told; follows it.
        hint: fn(&str) -> String,
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
    /// Whether it is one of several of its map, of which exactly one must be there.
    pub alternative: bool,
    /// What holds when it is missing, for the JSON Schema.
    pub default: Option<&'static str>,
}

impl Key {
    /// A key that may be left out.
    pub fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, doc, required: false, alternative: false, default: None }
    }

    /// The same key, but it must be there.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same key, but exactly one of its map's alternatives must be there.
    #[must_use]
    pub fn alternative(self) -> Self {
        Self { alternative: true, ..self }
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

    /// Notes every fault of a file's tree. A mistyped key becomes the one that it stands for, so that what it holds is
    /// checked, and read, as well.
    pub fn check(&self, file: &str, root: &mut Node, faults: &mut Faults) {
        if root.is_null() {
            return faults.push(file, Position::START, "the file is empty; begin it with version: 1");
        }
        Check { file, faults, about: String::new() }.node(self, root, None);
    }

    /// What is expected, for "expected …, found …".
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Bool => "true or false".into(),
            Self::Integer => "a whole number".into(),
            Self::Within(low, high) => format!("a whole number from {low} to {high}"),
            Self::Number => "a number".into(),
            Self::Distance => "a number from 0 on".into(),
            Self::Answer => "a number, a quoted text or null".into(),
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
            (Self::Answer, Value::Null) => true,
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
    /// The definition that is checked, for messages: `table 'sales'`.
    about: String,
}

impl Check<'_> {
    /// Checks a node; `under` is the key whose value it is, for messages.
    fn node(&mut self, shape: &Shape, node: &mut Node, under: Option<&str>) {
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
                for entry in node.entries_mut() {
                    let about = format!("{} '{}'", doc.trim_start_matches("a "), entry.key);
                    let around = std::mem::replace(&mut self.about, about);
                    self.name(entry);
                    self.node(shape, &mut entry.value, None);
                    self.about = around;
                }
            }
            Shape::Dict(shape) => {
                for entry in node.entries_mut() {
                    self.node(shape, &mut entry.value, Some(&entry.key));
                }
            }
            scalar => self.scalar(scalar, node, under),
        }
    }

    fn list(&mut self, item: &Shape, node: &mut Node, under: Option<&str>) {
        if node.items().is_empty() {
            self.fault(node.at, under, "the list is empty; fill it or leave the key out");
        }
        for each in node.items_mut() {
            self.node(item, each, under);
        }
    }

    fn map(&mut self, keys: &[Key], node: &mut Node, under: Option<&str>) {
        let written: Vec<String> = node.entries().iter().map(|entry| entry.key.clone()).collect();
        for entry in node.entries_mut() {
            if !keys.iter().any(|key| key.name == entry.key) {
                let known = || keys.iter().map(|key| key.name);
                let meant = nearest(&entry.key, known());
                let hint = match meant {
                    Some(name) => format!("did you mean '{name}'?"),
                    None => format!("known here: {}", known().collect::<Vec<_>>().join(", ")),
                };
                self.fault(entry.key_at, None, &format!("unknown key '{}'; {hint}", entry.key));
                if let Some(name) = meant.filter(|name| !written.iter().any(|key| key == name)) {
                    entry.key = name.to_owned();
                }
            }
            if let Some(key) = keys.iter().find(|key| key.name == entry.key) {
                self.node(&key.shape, &mut entry.value, Some(key.name));
            }
        }
        for key in keys.iter().filter(|key| key.required && node.get(key.name).is_none()) {
            self.fault(node.at, under, &format!("missing key '{}'", key.name));
        }
        self.alternatives(keys, node, under);
    }

    fn alternatives(&mut self, keys: &[Key], node: &Node, under: Option<&str>) {
        let names: Vec<&str> = keys.iter().filter(|key| key.alternative).map(|key| key.name).collect();
        let given: Vec<&Entry> = names.iter().filter_map(|name| node.entry(name)).collect();
        match given.as_slice() {
            [] if !names.is_empty() => {
                self.fault(node.at, under, &format!("missing key '{}'", names.join("' or '")));
            }
            [_, second, ..] => {
                let message = format!("'{}' beside '{}'; keep one of them", second.key, given[0].key);
                self.fault(second.key_at, under, &message);
            }
            _ => {}
        }
    }

    fn name(&mut self, entry: &Entry) {
        let name = &entry.key;
        let wrong = if RESERVED.contains(&name.as_str()) {
            "the name is reserved in expressions"
        } else if name.contains("__") {
            "the name holds '__', which is reserved for what is derived from a name"
        } else if !is_name(name) {
            "the name must be lowercase letters, digits and '_', beginning with a letter"
        } else {
            return;
        };
        self.fault(entry.key_at, None, &format!("{wrong}; choose another"));
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
            Shape::Within(low, high) => node.u64().is_some_and(|value| (*low..=*high).contains(&value)),
            Shape::Number => node.f64().is_some(),
            Shape::Distance => node.f64().is_some_and(|value| value >= 0.0),
            Shape::Answer => node.is_null() || !node.is_bare_text(),
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
        let hint = match (shape, &node.value) {
            (Shape::OneOf(words), Value::Scalar { text, .. }) if words.len() > 1 => hint(text, words.iter().copied()),
            (Shape::Written { hint, .. }, Value::Scalar { text, .. }) => hint(text),
            (Shape::Answer, Value::Scalar { text, .. }) => format!("; quote it: \"{text}\""),
            (Shape::Map(_) | Shape::Named { .. } | Shape::Dict(_), Value::List(_)) => {
                "; write `key: value`, without '-' or [ ]".into()
            }
            (_, Value::Null) => {
                "; fill it in or leave the key out (# begins a comment: quote a text that holds it)".into()
            }
            _ => String::new(),
        };
        self.fault(node.at, under, &format!("expected {}, found {found}{hint}", shape.expected()));
    }

    fn fault(&mut self, at: Position, under: Option<&str>, message: &str) {
        let key = under.map(|key| format!("'{key}'"));
        let about = Some(self.about.clone()).filter(|about| !about.is_empty());
        let parts: Vec<String> = about.into_iter().chain(key).chain([message.to_owned()]).collect();
        self.faults.push(self.file, at, parts.join(": "));
    }
}

/// Whether a name is lowercase letters, digits and underscores and begins with a letter.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests;
