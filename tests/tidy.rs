//! The house keeps its order: a module imports only what stands above it in `lib.rs`, only `execute` holds sessions of
//! DataFusion, files are small and introduced, and nothing is left undone.

use std::path::{Path, PathBuf};

/// The pipeline, in import order. A module may name those before it.
const PIPELINE: [&str; 19] = [
    "error", "clock", "yaml", "config", "sql", "model", "query", "store", "plan", "execute", "ingest", "mart",
    "listen", "flight", "http", "report", "cli", "fuzzing", "main",
];
/// Stages that hold the `Mart` and see nothing beneath it.
const OUTER: [&str; 4] = ["flight", "http", "report", "cli"];
/// What the outer stages may name: the facade, and the plain types that its calls take and give.
const FACADE: [&str; 10] =
    ["error", "clock", "config", "yaml", "model", "query", "execute", "ingest", "mart", "listen"];
/// The longest a file may be, in lines.
const LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The stage that a file of `src` belongs to.
fn stage(path: &Path) -> String {
    let path = path.strip_prefix(root().join("src")).unwrap();
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Whether a file of `src` holds tests alone.
fn is_test(path: &Path) -> bool {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    inside.components().any(|part| ["tests", "tests.rs"].iter().any(|name| part.as_os_str() == *name))
}

/// The lines of a file that are code and not for tests alone.
fn code(text: &str) -> String {
    let mut kept = Vec::new();
    let mut test_item: Option<usize> = None;
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let indent = line.len() - line.trim_start().len();
        match test_item {
            None if line.trim() == "#[cfg(test)]" => test_item = Some(indent),
            None => kept.push(line),
            Some(at) if indent == at && line.ends_with([';', '}']) => test_item = None,
            Some(_) => {}
        }
    }
    kept.join("\n")
}

/// The stages that code names as `crate::NAME`, or in `crate::{NAME, …}`.
fn named(code: &str) -> Vec<String> {
    let names = code.split("crate::").skip(1).flat_map(|path| match path.strip_prefix('{') {
        Some(group) => members(group),
        None => vec![first_word(path)],
    });
    names.filter(|name| PIPELINE.contains(&name.as_str())).collect()
}

/// The first words of a group's members, as in `a, b::{c, d}}`, up to the brace that ends it.
fn members(group: &str) -> Vec<String> {
    let (mut depth, mut members) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ if depth == 0 => members.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    members.iter().map(|member| first_word(member.trim())).collect()
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn a_stage_imports_only_what_stands_above_it() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let listed: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub")?.split_once("mod ")?.1.strip_suffix(';')).collect();
    assert_eq!(listed, PIPELINE[..PIPELINE.len() - 1], "lib.rs lists the pipeline");
    for (path, text) in sources(&root().join("src")) {
        let stage = stage(&path);
        let Some(at) = PIPELINE.iter().position(|name| *name == stage) else {
            assert_eq!(stage, "lib", "{} belongs to no stage", path.display());
            continue;
        };
        for name in if is_test(&path) { Vec::new() } else { named(&code(&text)) } {
            let above = PIPELINE.iter().position(|known| *known == name).unwrap();
            assert!(above <= at, "{}: '{stage}' imports '{name}', which stands below it", path.display());
            if OUTER.contains(&stage.as_str()) && name != stage {
                let client = stage == "cli" && matches!(name.as_str(), "flight" | "http" | "report" | "sql");
                assert!(
                    client || FACADE.contains(&name.as_str()),
                    "{}: '{stage}' goes past the mart to '{name}'",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn imports_are_read_wherever_they_stand() {
    let text = "use crate::error::Error;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod tests {
    use crate::cli::x;
}
// crate::main
use crate::{
    flight::{client, encode},
    http, yaml,
};
fn f() {
    #[cfg(test)]
    crate::listen::x();
    crate::mart::y();
}
";
    assert_eq!(named(&code(text)), ["error", "flight", "http", "yaml", "mart"]);
}

#[test]
fn only_execute_holds_sessions() {
    for (path, text) in sources(&root().join("src")) {
        if stage(&path) != "execute" && !is_test(&path) {
            for word in ["SessionContext", "SessionState"] {
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let named = code.filter(|line| line.contains(word) && !line.contains("SessionStateDefaults")).count();
                assert_eq!(named, 0, "{} names {word}", path.display());
            }
        }
    }
}

#[test]
fn files_are_small_and_introduced() {
    for (path, text) in sources(&root().join("src")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(!["util", "utils", "helper", "helpers", "manager", "common"].contains(&name), "{}", path.display());
        assert!(text.lines().count() <= LINES, "{} has {} lines", path.display(), text.lines().count());
        assert!(is_test(&path) || text.starts_with("//!"), "{} does not say what it is", path.display());
    }
}

#[test]
fn nothing_is_left_undone() {
    let this = Path::new(file!()).file_name().unwrap();
    let mut all = sources(&root().join("src"));
    all.extend(sources(&root().join("tests")));
    for (path, text) in all.iter().filter(|(path, _)| path.file_name() != Some(this)) {
        for word in ["TODO", "FIXME", "XXX", "#[ignore", "thread::sleep", "time::sleep("] {
            let sleeps = word.contains("sleep") && path.starts_with(root().join("src"));
            assert!(sleeps || !text.contains(word), "{} holds {word}", path.display());
        }
    }
}

/// The texts in quotes of a list in deny.toml.
fn denied(list: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let (_, rest) = text.split_once(&format!("\n{list} = [")).unwrap();
    let (inside, _) = rest.split_once("\n]").unwrap();
    inside.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn no_dependency_is_banned() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let (_, rest) = text.split_once("\ndeny = [").unwrap();
    let entries = rest.split_once("\n]").unwrap().0.lines().filter(|line| line.trim_start().starts_with('{'));
    // Each line is a name, and perhaps the packages that may depend on it all the same.
    let quoted = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let banned: Vec<Vec<String>> = entries.map(quoted).collect();
    assert!(banned.contains(&vec!["openssl".to_owned()]));
    let depends = |package: &str, name: &str| {
        [format!("\n \"{name}\""), format!("\n \"{name} ")].iter().any(|line| package.contains(line))
    };
    for names in banned {
        let (name, wrappers) = names.split_first().unwrap();
        for package in lock.split("\n[[package]]\n").filter(|package| depends(package, name)) {
            let by = package.split('"').nth(1).unwrap();
            assert!(wrappers.iter().any(|wrapper| wrapper == by), "{by} depends on {name}");
        }
        let held = lock.contains(&format!("name = \"{name}\"\n"));
        assert!(!held || !wrappers.is_empty(), "Cargo.lock holds {name}");
    }
}

/// Alternatives suffice; what is joined by AND is needed. Of packages for other machines nothing need be here.
#[test]
fn every_dependency_has_a_licence_that_fits() {
    let cargo = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO")).args(args).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // What is built here: cargo has fetched no more than that.
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = cargo(&["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let allowed = denied("allow");
    let fits = |licence: &str| allowed.iter().any(|known| known == licence.trim_matches([' ', '(', ')']));
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none").replace('/', " OR ");
        let every = licence.split(" AND ").all(|part| part.split(" OR ").any(fits));
        assert!(every, "{}: {licence}", package["name"]);
    }
}
