//! The dialect: parsing, names and literals, typing of an expression or a SELECT against schemas. Used by `model` and
//! `plan`. Pure.

mod allow;
mod apart;
mod bounds;
mod calls;
mod casts;
mod coercion;
mod dialect;
mod doubtful;
mod escapes;
mod fault;
mod formats;
mod functions;
mod keywords;
mod levels;
mod mark;
mod meeting;
mod misuse;
mod outside;
mod parse;
mod provider;
mod syntax;
mod whole;
mod wording;
mod written;

pub use allow::{allow, allow_derived};
pub use apart::APART;
pub use bounds::{ITEM_LIMIT, deep};
pub use calls::calls;
pub use coercion::{coerced, coerced_expr};
pub use dialect::StarmartDialect;
pub use fault::{clean, planning_error, reworded, unsupported};
pub use functions::{Functions, HIDDEN};
pub use keywords::keywords;
pub use mark::{MARK, marked_by_chance, marked_instant};
pub use meeting::{EXACTLY, LOOKED_INTO};
pub use parse::{SyntaxFault, fold, parse_expr, parse_query, parse_statements, version_number};
pub use provider::{Tables, plan_query, type_expr, type_query};
pub use syntax::{arguments, call, cast, constraint, function_name};
pub use whole::Whole;
pub use written::Written;

#[cfg(test)]
mod tests;
