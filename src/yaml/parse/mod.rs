//! Text to tree, over the events of `saphyr-parser`.
//!
//! The parser's `load` recurses and its library's trees stop at the first duplicate key, so the events are
//! taken one by one. Its columns count from 0, and it takes a NUL for the end of the file.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::fault::{Faults, Position};
use super::lines::Lines;
use super::node::{Entry, Node, Value};

/// The most bytes that a file may have.
const LARGEST_BYTES: usize = 4 << 20;
/// The most lists and maps that may stand inside each other.
const DEEPEST: usize = 64;

/// Reads one YAML document and notes every fault: what is not YAML, keys that occur twice, and what is not
/// allowed here (anchors, aliases, merge keys, tags, directives, several documents).
///
/// An empty file is a null. A syntax error ends the reading, and without a whole tree there is none.
pub fn parse(file: &str, text: &str, faults: &mut Faults) -> Option<Node> {
    if text.len() > LARGEST_BYTES {
        let message = format!("the file has {} bytes; at most {LARGEST_BYTES} are read", text.len());
        faults.push(file, Position::START, message);
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some((at, found)) = unprintable(text) {
        faults.push(file, at, format!("the character U+{:04X} is not allowed here; take it out", u32::from(found)));
        return None;
    }
    let indented_by_tab = indented_by_tab(text);
    let lines = text.lines().collect();
    Builder { file, text, lines, faults, indented_by_tab, open: Vec::new(), root: None, documents: 0 }.read()
}

/// The first character that YAML does not allow in a file, or a carriage return that ends no line.
fn unprintable(text: &str) -> Option<(Position, char)> {
    let (mut line, mut column) = (1, 1);
    let mut characters = text.chars().peekable();
    while let Some(found) = characters.next() {
        let allowed = match found {
            '\n' | '\t' | '\u{85}' => true,
            '\r' => characters.peek() == Some(&'\n'),
            '\u{fffe}' | '\u{ffff}' => false,
            _ => !found.is_control(),
        };
        if !allowed {
            return Some((Position { line, column }, found));
        }
        (line, column) = if found == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    None
}

/// The lines (from 1 on) that begin with blanks among which is a tab.
fn indented_by_tab(text: &str) -> BTreeSet<usize> {
    let blanks = |line: &str| line[..line.len() - line.trim_start_matches([' ', '\t']).len()].contains('\t');
    text.lines().enumerate().filter(|(_, line)| blanks(line)).map(|(index, _)| index + 1).collect()
}

/// A list or map whose end has not come yet.
enum Open {
    List { at: Position, items: Vec<Node> },
    Map { at: Position, entries: Vec<Entry>, seen: BTreeMap<String, Position>, pending: Pending },
}

/// What the next node of a map is.
enum Pending {
    Key,
    Value {
        key: String,
        key_at: Position,
    },
    /// The value of a key that was faulty.
    Dropped,
}

struct Builder<'a> {
    file: &'a str,
    text: &'a str,
    lines: Vec<&'a str>,
    faults: &'a mut Faults,
    indented_by_tab: BTreeSet<usize>,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

impl Builder<'_> {
    fn read(mut self) -> Option<Node> {
        let mut parser = Parser::new_from_str(self.text);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => {
                    if !self.accept(event, span) {
                        return None;
                    }
                }
                Err(error) => {
                    self.syntax(&error);
                    return None;
                }
            }
        }
        Some(self.root.unwrap_or(Node::new(Position::START, Value::Null)))
    }

    /// Takes one event; false ends the reading.
    fn accept(&mut self, event: Event<'_>, span: Span) -> bool {
        let at = position(span.start);
        match event {
            Event::DocumentStart(_) => return self.document(at),
            Event::Scalar(text, style, anchor, tag) => {
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    // A block begins with its first line, where a tab is content.
                    self.indented_by_tab.remove(&at.line);
                }
                self.refuse(at, anchor, tag.as_ref());
                let quoted = style != ScalarStyle::Plain;
                let null = !quoted && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let in_quotes = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
                let first = Position { column: at.column + usize::from(in_quotes), ..at };
                if null {
                    self.attach(Node::new(at, Value::Null));
                } else {
                    let lines = Lines::of(&text, &self.lines, first, span.end.line());
                    self.attach(Node { at, value: Value::Scalar { text: text.into_owned(), quoted }, lines });
                }
            }
            Event::Alias(_) => {
                self.fault(
                    at,
                    "aliases (*name) are not supported; write the value out, or quote a text that begins with *",
                );
                self.attach(Node::new(at, Value::Null));
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse(at, anchor, tag.as_ref());
                return self.enter(at, Open::List { at, items: Vec::new() });
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse(at, anchor, tag.as_ref());
                let (entries, seen) = (Vec::new(), BTreeMap::new());
                return self.enter(at, Open::Map { at, entries, seen, pending: Pending::Key });
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { at, items }) => self.attach(Node::new(at, Value::List(items))),
                Some(Open::Map { at, entries, .. }) => self.attach(Node::new(at, Value::Map(entries))),
                None => {}
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        true
    }

    fn document(&mut self, at: Position) -> bool {
        self.documents += 1;
        if self.documents > 1 {
            self.fault(at, "a second document begins here; keep one document in a file");
            return false;
        }
        // Before the first document stand only comments, blank lines and directives.
        let before = self.lines.iter().take(at.line.saturating_sub(1)).enumerate();
        for (index, _) in before.filter(|(_, line)| line.starts_with('%')) {
            self.faults.push(
                self.file,
                Position { line: index + 1, column: 1 },
                "directives (%) are not supported; leave the line out",
            );
        }
        true
    }

    fn enter(&mut self, at: Position, open: Open) -> bool {
        if self.open.len() == DEEPEST {
            self.fault(at, format!("lists and maps stand more than {DEEPEST} deep inside each other"));
            return false;
        }
        self.open.push(open);
        true
    }

    /// Puts a finished node where it belongs: into the open list, as key or value of the open map, at the top.
    fn attach(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, seen, pending, .. }) => match std::mem::replace(pending, Pending::Key) {
                Pending::Value { key, key_at } => entries.push(Entry { key, key_at, value: node }),
                Pending::Dropped => {}
                Pending::Key => match key(&node, seen) {
                    Ok(key) => {
                        seen.insert(key.clone(), node.at);
                        *pending = Pending::Value { key, key_at: node.at };
                    }
                    Err(message) => {
                        *pending = Pending::Dropped;
                        self.fault(node.at, message);
                    }
                },
            },
        }
    }

    /// Notes what is not allowed where a node begins.
    fn refuse(&mut self, at: Position, anchor: usize, tag: Option<&Cow<'_, Tag>>) {
        if self.indented_by_tab.remove(&at.line) {
            self.fault(Position { column: 1, ..at }, "the line is indented with a tab; indent with spaces");
        }
        if anchor > 0 {
            self.fault(at, "anchors (&name) are not supported; write the value out where it is needed");
        }
        if let Some(tag) = tag {
            let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
            self.fault(
                at,
                format!("tags ({name}) are not supported; leave it out, or quote a text that begins with !"),
            );
        }
    }

    fn syntax(&mut self, error: &ScanError) {
        let at = position(*error.marker());
        // The scanner may notice a tab only at the end of what stands before it.
        let tab = [at.line, at.line + 1].into_iter().find(|line| self.indented_by_tab.contains(line));
        if let Some(line) = tab {
            return self.fault(Position { line, column: 1 }, "the line is indented with a tab; indent with spaces");
        }
        let hint = match error.info() {
            info if info.contains("mapping values are not allowed") => {
                "; quote a text that holds ': ', and check the indentation"
            }
            info if info.contains("did not find expected key") => "; check the indentation",
            info if info.contains("unknown anchor") => "; quote a text that begins with *",
            info if info.contains("unexpected character") => "; quote a text that begins so",
            info if info.contains("placement of ':'") => "; close the bracket before it",
            _ if self.cut_by_comment(at.line) => "; ' #' begins a comment: quote a text that holds it",
            _ => "",
        };
        self.fault(at, format!("not valid YAML: {}{hint}", error.info()));
    }

    /// Whether a comment hides the end of a `{` or `[` at or just before a line.
    fn cut_by_comment(&self, line: usize) -> bool {
        let near = self.lines.iter().take(line).rev().take(2);
        near.filter_map(|line| line.split_once(" #")).any(|(before, hidden)| {
            let opens = |open, close| before.matches(open).count() > before.matches(close).count();
            opens('{', '}') && hidden.contains('}') || opens('[', ']') && hidden.contains(']')
        })
    }

    fn fault(&mut self, at: Position, message: impl Into<String>) {
        self.faults.push(self.file, at, message);
    }
}

/// The key that a node stands for, or why it cannot be one.
fn key(node: &Node, seen: &BTreeMap<String, Position>) -> Result<String, String> {
    match &node.value {
        Value::Scalar { text, quoted: false } if text == "<<" => {
            Err("merge keys (<<) are not supported; write the values out".into())
        }
        Value::Scalar { text, .. } => match seen.get(text) {
            Some(first) => Err(format!("duplicate key '{text}'; it stands first at {first}")),
            None => Ok(text.clone()),
        },
        Value::Null => Err("a key is missing before ':'; quote it if 'null' or '~' is meant".into()),
        Value::List(_) | Value::Map(_) => Err(format!("a key must be a single text, found {}", node.found())),
    }
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col() + 1 }
}

#[cfg(test)]
mod tests;
