//! What the allow-list looks at in an expression.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, DuplicateTreatment, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments,
};

use crate::error::{Error, Result};

use super::{absent, refused, refused_for, replaced};

pub(super) fn expression(expr: &Expr) -> Result<()> {
    match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::InList { .. }
        | Expr::Between { .. }
        | Expr::BinaryOp { .. }
        | Expr::UnaryOp { .. }
        | Expr::Extract { .. }
        | Expr::Position { .. }
        | Expr::Nested(_)
        | Expr::Value(_)
        | Expr::TypedString(_)
        | Expr::Case { .. }
        | Expr::Exists { .. }
        | Expr::Subquery(_)
        | Expr::Interval(_)
        | Expr::Tuple(_)
        | Expr::Trim { .. }
        | Expr::Substring { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. } => Ok(()),
        Expr::InSubquery { expr, .. } => replaced(
            matches!(expr.as_ref(), Expr::Tuple(_)),
            "IN of several columns",
            "write EXISTS (SELECT 1 FROM … WHERE a = … AND b = …)",
        ),
        Expr::AnyOp { .. } | Expr::AllOp { .. } => {
            refused_for("ANY and ALL of a query but = ANY and <> ALL", "compare with its MIN or MAX")
        }
        Expr::AtTimeZone { .. } => refused_for("AT TIME ZONE", "SET timezone = '…' shows times by another clock"),
        Expr::SimilarTo { .. } => refused_for("SIMILAR TO", "write ~ and a regular expression"),
        Expr::Like { any, .. } | Expr::ILike { any, .. } => absent(*any, "LIKE ANY"),
        Expr::Cast { kind, expr: _, data_type, array, format } => {
            cast_type(data_type)?;
            absent(*array, "CAST … ARRAY")?;
            absent(format.is_some(), "CAST … FORMAT")?;
            replaced(matches!(kind, CastKind::SafeCast), "SAFE_CAST", "write TRY_CAST")
        }
        Expr::Function(function) => call(function),
        // They stand in GROUP BY alone, and whoever walks other expressions refuses them.
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => Ok(()),
        other => Err(Error::invalid(format!("the expression '{other}' is not supported"))),
    }
}

/// Refuses a type whose length or scale would be ignored.
fn cast_type(data_type: &DataType) -> Result<()> {
    use DataType::{Char, CharVarying, Character, CharacterVarying, Dec, Decimal, Numeric, Nvarchar, Varchar};
    match data_type {
        Char(Some(_))
        | Character(Some(_))
        | CharVarying(Some(_))
        | CharacterVarying(Some(_))
        | Varchar(Some(_))
        | Nvarchar(Some(_)) => refused_for(&format!("a length ({data_type})"), "write text or substr()"),
        Decimal(info) | Dec(info) | Numeric(info) => match info {
            ExactNumberInfo::None => Ok(()),
            ExactNumberInfo::Precision(1..=38) => Ok(()),
            ExactNumberInfo::PrecisionAndScale(precision @ 1..=38, scale)
                if (0..=*precision as i64).contains(scale) =>
            {
                Ok(())
            }
            _ => refused_for(&data_type.to_string(), "a decimal has 1 to 38 digits, some of them behind the point"),
        },
        _ => Ok(()),
    }
}

fn call(function: &Function) -> Result<()> {
    let Function { name, uses_odbc_syntax, parameters, args, filter: _, null_treatment: _, over: _, within_group } =
        function;
    absent(*uses_odbc_syntax, &format!("{{fn {name}(…)}}"))?;
    absent(!matches!(parameters, FunctionArguments::None), "a function's parameters before its arguments")?;
    absent(!within_group.is_empty(), "WITHIN GROUP, but of percentiles in ascending order,")?;
    let plain = name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.to_lowercase());
    // It multiplies rows behind the back of whatever adds them up.
    absent(plain.as_deref() == Some("unnest"), "unnest()")?;
    match args {
        FunctionArguments::None => Ok(()),
        FunctionArguments::Subquery(_) => refused(&format!("a query as the argument of {name}")),
        FunctionArguments::List(list) => {
            let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
            let star = |argument: &FunctionArg| matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
            absent(distinct && list.args.iter().any(star), &format!("{name}(DISTINCT *)"))?;
            absent(!list.clauses.is_empty(), &format!("a clause within the arguments of {name}"))?;
            for argument in &list.args {
                match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(_) | FunctionArgExpr::Wildcard) => {}
                    other => refused(&format!("the argument '{other}' of {name}"))?,
                }
            }
            Ok(())
        }
    }
}
