//! The dialect: parsing, names and literals, typing of an expression or a SELECT against schemas. Used by `model` and
//! `plan`. Pure.

mod bounds;
mod dialect;
mod functions;
mod parse;
mod provider;

pub use dialect::StarmartDialect;
pub use functions::Functions;
pub use parse::{fold, parse_expr, parse_query, parse_statements};
pub use provider::{Tables, plan_query, planning_error, type_expr, type_query};

#[cfg(test)]
mod tests;
