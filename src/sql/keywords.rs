//! The words that mean something by themselves: as names they are quoted.

use datafusion::sql::sqlparser::keywords::{
    ALL_KEYWORDS, ALL_KEYWORDS_INDEX, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_IDENTIFIER, RESERVED_FOR_TABLE_ALIAS,
};

/// The reserved words in upper case, in order.
pub fn keywords() -> Vec<&'static str> {
    let reserved = [RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS, RESERVED_FOR_IDENTIFIER];
    let words = ALL_KEYWORDS.iter().zip(ALL_KEYWORDS_INDEX);
    words.filter(|(_, keyword)| reserved.iter().any(|list| list.contains(keyword))).map(|(word, _)| *word).collect()
}
