//! What a shape refuses, in which words, and its JSON Schema.

use super::*;
