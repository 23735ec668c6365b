//! YAML text to a spanned tree, checked against shapes that also emit JSON Schema.
//!
//! [`parse`] turns a file's text into a [`Node`] tree that knows its lines and columns; [`Shape::check`]
//! compares it with what is allowed and notes every fault, not the first; whoever reads the tree afterwards
//! reads leniently, since what was faulty has been said. Values follow YAML 1.2's core rules: `no` is a text.

mod fault;
mod lines;
mod nearest;
mod node;
mod parse;
mod schema;
mod shape;

pub use fault::{Fault, Faults, Position};
pub use lines::Lines;
pub use nearest::{hint, nearest};
pub use node::{Entry, Node, Value};
pub use parse::parse;
pub use shape::{Key, RESERVED, Shape};
