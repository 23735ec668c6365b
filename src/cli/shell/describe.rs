//! `\d`: what there is to ask, and what it is made of.

use crate::error::{Error, Result};
use crate::yaml::hint;

use super::super::output::{Form, Grid, Sheet, Side, lay_out};
use super::names::{CUBES, Names, Relation, TABLES};

/// Cubes and tables, and with `system` what lies in other schemas.
pub(super) fn list(names: &Names, system: bool, sheet: Sheet) -> String {
    let mut grid =
        Grid::new(&[("name", Side::Left), ("kind", Side::Left), ("title", Side::Left), ("description", Side::Left)]);
    let shown = |relation: &&Relation| system || [CUBES, TABLES].contains(&relation.schema.as_str());
    for relation in names.relations.iter().filter(shown) {
        let (name, kind) = match relation.is_cube() {
            true => (relation.name.clone(), "cube"),
            false => (full_name(relation), "table"),
        };
        grid.row(vec![name, kind.to_owned(), relation.title.clone(), first_line(&relation.description)]);
    }
    grid.drop_empty();
    lay_out(&grid, sheet).text
}

/// One relation and its columns.
///
/// # Errors
/// NotFound: there is none of that name.
pub(super) fn describe(names: &Names, name: &str, sheet: Sheet) -> Result<String> {
    let relation = find(names, name)?;
    let kind = if relation.is_cube() { "cube" } else { "table" };
    let mut text = format!("{kind} {}", full_name(relation));
    if !relation.title.is_empty() {
        text.push_str(&format!(" ({})", relation.title));
    }
    text.push('\n');
    if !relation.description.is_empty() {
        text.push_str(relation.description.trim_end());
        text.push('\n');
    }
    let heads = ["column", "type", "role", "title", "unit", "format", "description"].map(|name| (name, Side::Left));
    let mut grid = Grid::new(&heads);
    for column in &relation.columns {
        let told = [
            &column.name,
            &column.data_type,
            &column.role,
            &column.title,
            &column.unit,
            &column.format,
            &first_line(&column.description),
        ];
        grid.row(told.map(String::clone).into());
    }
    grid.drop_empty();
    Ok(text + "\n" + &lay_out(&grid, Sheet { form: Form::Fitting, ..sheet }).text)
}

fn find<'n>(names: &'n Names, name: &str) -> Result<&'n Relation> {
    let name = name.replace('"', "");
    let (schema, bare) = match name.split_once('.') {
        Some((schema, bare)) => (Some(schema), bare),
        None => (None, name.as_str()),
    };
    names.relation(schema, bare).ok_or_else(|| {
        let known: Vec<String> = match schema {
            Some(_) => names.relations.iter().map(full_name).collect(),
            None => names.relations.iter().map(|relation| relation.name.clone()).collect(),
        };
        let near = hint(&name, known.iter().map(String::as_str));
        Error::not_found(format!("there is no cube or table '{name}'{near}; \\d lists them"))
    })
}

fn full_name(relation: &Relation) -> String {
    format!("{}.{}", relation.schema, relation.name)
}

/// The first line, which says most.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::names::Column;
    use super::*;

    fn names() -> Names {
        let revenue = Column {
            name: "revenue".into(),
            data_type: "decimal(38,2)".into(),
            role: "measure".into(),
            title: "營收".into(),
            unit: "USD".into(),
            format: "#,##0".into(),
            description: "net\nof discounts".into(),
        };
        let city = Column { name: "city".into(), data_type: "text".into(), ..Column::default() };
        let relation = |schema: &str, name: &str, columns| Relation {
            schema: schema.into(),
            name: name.into(),
            columns,
            ..Relation::default()
        };
        let sales = Relation {
            title: "Sales".into(),
            description: "what was sold".into(),
            ..relation("cubes", "sales", vec![revenue])
        };
        Names {
            relations: vec![sales, relation("mart", "stores", vec![city]), relation("system", "queries", vec![])],
            ..Names::default()
        }
    }

    #[test]
    fn cubes_and_tables_are_listed() {
        let listed = list(&names(), false, Sheet::PLAIN);
        let lines: Vec<&str> = listed.lines().skip(2).collect();
        assert_eq!(lines, ["sales        cube   Sales  what was sold", "mart.stores  table"]);
        assert!(list(&names(), true, Sheet::PLAIN).contains("system.queries"));
    }

    #[test]
    fn a_cube_is_described() {
        let told = describe(&names(), "sales", Sheet::PLAIN).unwrap();
        let expected = "cube cubes.sales (Sales)\nwhat was sold\n\n\
                        column   type           role     title  unit  format  description\n";
        assert!(told.starts_with(expected), "{told}");
        assert!(told.ends_with("\nrevenue  decimal(38,2)  measure  營收   USD   #,##0   net\n"), "{told}");
        let told = describe(&names(), "mart.stores", Sheet::PLAIN).unwrap();
        assert_eq!(told, "table mart.stores\n\ncolumn  type\n──────  ────\ncity    text\n");
        assert!(describe(&names(), "stores", Sheet::PLAIN).is_ok());
    }

    #[test]
    fn an_unknown_name_gets_the_nearest() {
        let said = |name| describe(&names(), name, Sheet::PLAIN).unwrap_err().to_string();
        assert_eq!(said("slaes"), "there is no cube or table 'slaes'; did you mean 'sales'?; \\d lists them");
        assert_eq!(
            said("mart.store"),
            "there is no cube or table 'mart.store'; did you mean 'mart.stores'?; \\d lists them"
        );
    }
}
