//! The dialect, parsing, names and literals, and the typing of an expression or SELECT against schemas. Pure.

mod functions;

pub use functions::Functions;
