//! The dialect: parsing, names and literals, typing. Pure.
