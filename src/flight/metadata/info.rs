//! What this server says about itself and its SQL (SqlInfo). Drivers rely on the codes, and on the width of each number:
//! JDBC's reads limits and the default isolation as 64 bits, sets as 32, fails where a code is missing that it asks for,
//! and where one comes that it does not know. So every code of its release 18.3 is here but the versions of Substrait,
//! which nobody asks a server for that has none, and no other.

use arrow_flight::sql::{
    SqlInfo, SqlNullOrdering, SqlOuterJoinsSupportLevel, SqlSupportedCaseSensitivity, SqlSupportedGroupBy,
    SqlSupportedResultSetConcurrency, SqlSupportedResultSetType, SqlSupportedSubqueries, SqlSupportedTransaction,
    SqlSupportedUnions, SqlSupportsConvert, SqlTransactionIsolationLevel, SupportedSqlGrammar,
};

use super::facts::Fact;
use crate::execute::functions::Section;
use crate::flight::command::SQL_BYTES;
use crate::flight::prepared::LIFETIME;
use crate::mart::Vocabulary;

/// The entry level of SQL-92 among its levels.
const ANSI92_ENTRY: i32 = 0;

/// The facts in the order of their codes.
pub(super) fn facts(words: &Vocabulary) -> Vec<(u32, Fact)> {
    let mut facts: Vec<_> = [server(), texts(words), abilities(), sets(), limits(words)].concat();
    facts.sort_by_key(|(code, _)| *code);
    // The codes of the enumeration are none below 0.
    facts.into_iter().filter_map(|(code, fact)| Some((u32::try_from(code as i32).ok()?, fact))).collect()
}

/// The facts, by their codes.
type Facts = Vec<(SqlInfo, Fact)>;

/// What the server is and does beside SQL.
fn server() -> Facts {
    let lifetime = i32::try_from(LIFETIME.as_millis()).unwrap_or(i32::MAX);
    vec![
        (SqlInfo::FlightSqlServerName, Fact::Text("Starmart".into())),
        (SqlInfo::FlightSqlServerVersion, Fact::Text(env!("CARGO_PKG_VERSION").into())),
        (SqlInfo::FlightSqlServerArrowVersion, Fact::Text(arrow::ARROW_VERSION.into())),
        (SqlInfo::FlightSqlServerReadOnly, Fact::Flag(true)),
        (SqlInfo::FlightSqlServerSql, Fact::Flag(true)),
        (SqlInfo::FlightSqlServerSubstrait, Fact::Flag(false)),
        (SqlInfo::FlightSqlServerTransaction, Fact::Bits(SqlSupportedTransaction::None as i32)),
        (SqlInfo::FlightSqlServerCancel, Fact::Flag(true)),
        (SqlInfo::FlightSqlServerBulkIngestion, Fact::Flag(false)),
        (SqlInfo::FlightSqlServerIngestTransactionsSupported, Fact::Flag(false)),
        (SqlInfo::FlightSqlServerStatementTimeout, Fact::Bits(lifetime)),
        (SqlInfo::FlightSqlServerTransactionTimeout, Fact::Bits(0)),
    ]
}

/// Words and signs.
fn texts(words: &Vocabulary) -> Facts {
    let functions = |section| Fact::Texts(words.functions(section).to_vec());
    vec![
        (SqlInfo::SqlIdentifierQuoteChar, Fact::Text("\"".into())),
        (SqlInfo::SqlKeywords, Fact::Texts(words.keywords.iter().map(|word| (*word).to_owned()).collect())),
        (SqlInfo::SqlNumericFunctions, functions(Section::Numeric)),
        (SqlInfo::SqlStringFunctions, functions(Section::Text)),
        (SqlInfo::SqlSystemFunctions, functions(Section::General)),
        (SqlInfo::SqlDatetimeFunctions, functions(Section::Time)),
        (SqlInfo::SqlSearchStringEscape, Fact::Text("\\".into())),
        (SqlInfo::SqlExtraNameCharacters, Fact::Text("$".into())),
        (SqlInfo::SqlSchemaTerm, Fact::Text("schema".into())),
        (SqlInfo::SqlProcedureTerm, Fact::Text("procedure".into())),
        (SqlInfo::SqlCatalogTerm, Fact::Text("catalog".into())),
    ]
}

/// What there is and what there is not.
fn abilities() -> Facts {
    let there = [
        SqlInfo::SqlAllTablesAreSelectable,
        SqlInfo::SqlSupportsColumnAliasing,
        SqlInfo::SqlNullPlusNullIsNull,
        SqlInfo::SqlSupportsTableCorrelationNames,
        SqlInfo::SqlSupportsExpressionsInOrderBy,
        SqlInfo::SqlSupportsOrderByUnrelated,
        SqlInfo::SqlCatalogAtStart,
        SqlInfo::SqlCorrelatedSubqueriesSupported,
    ];
    let not_there = [
        SqlInfo::SqlDdlCatalog,
        SqlInfo::SqlDdlSchema,
        SqlInfo::SqlDdlTable,
        SqlInfo::SqlSupportsDifferentTableCorrelationNames,
        // The backslash alone escapes, with the clause or without.
        SqlInfo::SqlSupportsLikeEscapeClause,
        SqlInfo::SqlSupportsNonNullableColumns,
        SqlInfo::SqlSupportsIntegrityEnhancementFacility,
        SqlInfo::SqlSelectForUpdateSupported,
        SqlInfo::SqlStoredProceduresSupported,
        SqlInfo::SqlMaxRowSizeIncludesBlobs,
        SqlInfo::SqlTransactionsSupported,
        SqlInfo::SqlDataDefinitionCausesTransactionCommit,
        SqlInfo::SqlDataDefinitionsInTransactionsIgnored,
        SqlInfo::SqlBatchUpdatesSupported,
        SqlInfo::SqlSavepointsSupported,
        SqlInfo::SqlNamedParametersSupported,
        SqlInfo::SqlLocatorsUpdateCopy,
        SqlInfo::SqlStoredFunctionsUsingCallSyntaxSupported,
    ];
    let there = there.into_iter().map(|code| (code, Fact::Flag(true)));
    there.chain(not_there.into_iter().map(|code| (code, Fact::Flag(false)))).collect()
}

/// Sets of what there is, each member one bit by its place, and choices of one.
fn sets() -> Facts {
    let set = |members: &[i32]| Fact::Bits(members.iter().fold(0, |set, member| set | (1 << member)));
    let read_only = set(&[SqlSupportedResultSetConcurrency::SqlResultSetConcurrencyReadOnly as i32]);
    let group_by =
        [SqlSupportedGroupBy::SqlGroupByUnrelated as i32, SqlSupportedGroupBy::SqlGroupByBeyondSelect as i32];
    // A set by what drivers make of it, though the specification speaks of a choice.
    let outer_joins =
        [SqlOuterJoinsSupportLevel::SqlLimitedOuterJoins as i32, SqlOuterJoinsSupportLevel::SqlFullOuterJoins as i32];
    let subqueries = [
        SqlSupportedSubqueries::SqlSubqueriesInComparisons as i32,
        SqlSupportedSubqueries::SqlSubqueriesInExists as i32,
        SqlSupportedSubqueries::SqlSubqueriesInIns as i32,
    ];
    vec![
        // Names are folded to lower case, quoted ones are as they are: for that there is no case.
        (SqlInfo::SqlIdentifierCase, Fact::Bits(SqlSupportedCaseSensitivity::SqlCaseSensitivityLowercase as i32)),
        (SqlInfo::SqlQuotedIdentifierCase, Fact::Bits(SqlSupportedCaseSensitivity::SqlCaseSensitivityUnknown as i32)),
        (SqlInfo::SqlNullOrdering, Fact::Bits(SqlNullOrdering::SqlNullsSortedAtEnd as i32)),
        (SqlInfo::SqlSupportsConvert, Fact::Cases(conversions())),
        (SqlInfo::SqlSupportedGroupBy, set(&group_by)),
        // What of them reads.
        (SqlInfo::SqlSupportedGrammar, set(&[SupportedSqlGrammar::SqlMinimumGrammar as i32])),
        (SqlInfo::SqlAnsi92SupportedLevel, set(&[ANSI92_ENTRY])),
        (SqlInfo::SqlOuterJoinsSupportLevel, set(&outer_joins)),
        (SqlInfo::SqlSchemasSupportedActions, set(&[])),
        (SqlInfo::SqlCatalogsSupportedActions, set(&[])),
        (SqlInfo::SqlSupportedPositionedCommands, set(&[])),
        (SqlInfo::SqlSupportedSubqueries, set(&subqueries)),
        (
            SqlInfo::SqlSupportedUnions,
            set(&[SqlSupportedUnions::SqlUnion as i32, SqlSupportedUnions::SqlUnionAll as i32]),
        ),
        (
            SqlInfo::SqlSupportedTransactionsIsolationLevels,
            set(&[SqlTransactionIsolationLevel::SqlTransactionNone as i32]),
        ),
        (SqlInfo::SqlSupportedResultSetTypes, set(&[SqlSupportedResultSetType::SqlResultSetTypeForwardOnly as i32])),
        (SqlInfo::SqlSupportedConcurrenciesForResultSetUnspecified, read_only.clone()),
        (SqlInfo::SqlSupportedConcurrenciesForResultSetForwardOnly, read_only),
        (SqlInfo::SqlSupportedConcurrenciesForResultSetScrollSensitive, set(&[])),
        (SqlInfo::SqlSupportedConcurrenciesForResultSetScrollInsensitive, set(&[])),
    ]
}

/// Which types can be cast to which.
fn conversions() -> Vec<(i32, Vec<i32>)> {
    use SqlSupportsConvert as Type;
    let numbers = [Type::SqlConvertBigint, Type::SqlConvertDecimal, Type::SqlConvertFloat];
    let times = [Type::SqlConvertDate, Type::SqlConvertTime, Type::SqlConvertTimestamp];
    let all = [&numbers[..], &times, &[Type::SqlConvertBit, Type::SqlConvertVarchar]].concat();
    let to = |from: Type| match from {
        Type::SqlConvertVarchar => all.clone(),
        Type::SqlConvertDate => vec![Type::SqlConvertDate, Type::SqlConvertTimestamp, Type::SqlConvertVarchar],
        Type::SqlConvertTime => vec![Type::SqlConvertTime, Type::SqlConvertVarchar],
        Type::SqlConvertTimestamp => [&times[..], &[Type::SqlConvertVarchar]].concat(),
        Type::SqlConvertBit => vec![Type::SqlConvertBit, Type::SqlConvertVarchar],
        _ => [&numbers[..], &[Type::SqlConvertVarchar]].concat(),
    };
    let codes = |types: Vec<Type>| types.into_iter().map(|to| to as i32).collect();
    let mut conversions: Vec<_> = all.iter().map(|from| (*from as i32, codes(to(*from)))).collect();
    conversions.sort_by_key(|(from, _)| *from);
    conversions
}

/// Limits; 0 where there is none, or none of that kind.
fn limits(words: &Vocabulary) -> Facts {
    let none = [
        SqlInfo::SqlMaxBinaryLiteralLength,
        SqlInfo::SqlMaxCharLiteralLength,
        SqlInfo::SqlMaxColumnNameLength,
        SqlInfo::SqlMaxColumnsInGroupBy,
        SqlInfo::SqlMaxColumnsInIndex,
        SqlInfo::SqlMaxColumnsInOrderBy,
        SqlInfo::SqlMaxColumnsInTable,
        SqlInfo::SqlMaxConnections,
        SqlInfo::SqlMaxCursorNameLength,
        SqlInfo::SqlMaxIndexLength,
        SqlInfo::SqlDbSchemaNameLength,
        SqlInfo::SqlMaxProcedureNameLength,
        SqlInfo::SqlMaxCatalogNameLength,
        SqlInfo::SqlMaxRowSize,
        SqlInfo::SqlMaxStatements,
        SqlInfo::SqlMaxTableNameLength,
        SqlInfo::SqlMaxTablesInSelect,
        SqlInfo::SqlMaxUsernameLength,
    ];
    let limit = |most: usize| Fact::Number(i64::try_from(most).unwrap_or(i64::MAX));
    let isolation = i64::from(SqlTransactionIsolationLevel::SqlTransactionNone as i32);
    let mut limits: Facts = none.into_iter().map(|code| (code, Fact::Number(0))).collect();
    limits.extend([
        (SqlInfo::SqlMaxColumnsInSelect, limit(words.select_items)),
        (SqlInfo::SqlMaxStatementLength, limit(SQL_BYTES)),
        (SqlInfo::SqlDefaultTransactionIsolation, Fact::Number(isolation)),
    ]);
    limits
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all() -> Vec<(u32, Fact)> {
        facts(&Vocabulary::of_dialect())
    }

    #[test]
    fn every_code_that_drivers_know_is_there_once_and_no_other() {
        let codes: Vec<u32> = all().into_iter().map(|(code, _)| code).collect();
        assert!(codes.is_sorted());
        let substrait_versions = [6, 7];
        let known = (0..=11).chain([100, 101]).chain(500..=576).filter(|code| !substrait_versions.contains(code));
        assert_eq!(codes, known.collect::<Vec<u32>>());
    }

    #[test]
    fn numbers_are_as_wide_as_drivers_read_them() {
        for (code, fact) in all() {
            let wide = matches!(code, 541..=555 | 557..=562);
            assert_eq!(matches!(fact, Fact::Number(_)), wide, "{code}");
        }
    }

    #[test]
    fn functions_are_those_that_sql_may_call() {
        let facts = all();
        let listed = |wanted: u32| match facts.iter().find(|(code, _)| *code == wanted) {
            Some((_, Fact::Texts(names))) => names.clone(),
            other => panic!("{other:?}"),
        };
        let callable = crate::execute::functions::all();
        let mut seen = BTreeSet::new();
        for (code, some) in [
            (509, ["abs", "round", "power"]),
            (510, ["lower", "substr", "regexp_replace"]),
            (511, ["coalesce", "nullif", "greatest"]),
            (512, ["date_trunc", "now", "days_between"]),
        ] {
            let names = listed(code);
            assert!(some.iter().all(|name| names.contains(&(*name).to_owned())), "{code}: {names:?}");
            for name in names {
                assert!(callable.scalar.contains_key(&name), "{name}");
                assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
                assert!(seen.insert(name.clone()), "{name} is of two kinds");
            }
        }
        assert!(!seen.contains("random") && !seen.contains("version"));
        let keywords = listed(508);
        assert!(keywords.contains(&"SELECT".to_owned()) && keywords.contains(&"LIMIT".to_owned()), "{keywords:?}");
    }
}
