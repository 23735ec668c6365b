//! YAML text to a spanned tree, checked against shapes that also emit JSON Schema.
