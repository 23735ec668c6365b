//! The examples of the guide to SQL: what stands in a block of `sql` is answered over the shop, and what stands in one of
//! `sql refused` is refused.

use std::path::Path;

use starmart::query::{Principal, Settings};

use crate::projects;

/// The blocks of a page: the words behind the fence, and the text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(words), None) => open = Some((words.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    blocks
}

#[tokio::test]
async fn examples_of_the_guide_to_sql() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sql.md")).unwrap();
    let (_folder, mart) = projects::loaded("shop").await;
    let session = mart.session(Principal::local(), Settings::default());
    let (mut answered, mut refused, mut wrong) = (0, 0, Vec::new());
    for (words, text) in blocks(&page) {
        if words != "sql" && words != "sql refused" {
            continue;
        }
        for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            match (words.as_str(), projects::ask_in(&session, statement).await) {
                ("sql", Ok(_)) => answered += 1,
                ("sql refused", Err(_)) => refused += 1,
                ("sql", Err(error)) => wrong.push(format!("{statement}\n  {error}")),
                (_, Ok(answer)) => wrong.push(format!("{statement}\n  is answered: {answer}")),
                (_, Err(_)) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(answered > 30 && refused > 5, "{answered} statements are answered and {refused} refused");
}
