//! What is read, what is refused, and where.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (Option<Node>, Vec<String>) {
    let mut faults = Faults::default();
    let node = parse("f", text, &mut faults);
    (node, faults.sorted().iter().map(ToString::to_string).collect())
}

fn good(text: &str) -> Node {
    let (node, faults) = read(text);
    assert_eq!(faults, Vec::<String>::new(), "{text:?}");
    node.expect("a tree")
}

/// The faults of a text, joined.
fn bad(text: &str) -> String {
    let faults = read(text).1;
    assert!(!faults.is_empty(), "{text:?} has no fault");
    faults.join("\n")
}

fn at(line: usize, column: usize) -> Position {
    Position { line, column }
}

#[test]
fn keeps_order_and_places() {
    let node = good("a: 1\nb:\n  c: [x, {y: z}]\nd:\n");
    let keys: Vec<_> = node.entries().iter().map(|entry| (entry.key.as_str(), entry.key_at)).collect();
    assert_eq!(keys, [("a", at(1, 1)), ("b", at(2, 1)), ("d", at(4, 1))]);
    assert_eq!(node.get("a").map(|node| node.at), Some(at(1, 4)));
    let list = node.get("b").and_then(|node| node.get("c")).expect("c");
    assert_eq!((list.at, list.items()[0].at, list.items()[1].at), (at(3, 6), at(3, 7), at(3, 10)));
    assert_eq!(list.items()[1].entry("y").map(|entry| (entry.key_at, entry.value.at)), Some((at(3, 11), at(3, 14))));
    assert!(node.get("d").is_some_and(Node::is_null));
}

#[test]
fn columns_count_characters() {
    let node = good("銷售: {zh-TW: 銷售, en: \"Sälés\"}\r\nb: 2\r\n");
    let map = node.get("銷售").expect("the map");
    assert_eq!(map.at, at(1, 5));
    assert_eq!(map.entry("en").map(|entry| (entry.key_at, entry.value.at)), Some((at(1, 17), at(1, 21))));
    assert_eq!(node.entry("b").map(|entry| entry.key_at), Some(at(2, 1)));
    assert_eq!(bad("title: {zh-TW: 銷售, a: 1, a: 2}"), "f:1:26: duplicate key 'a'; it stands first at 1:20");
    assert!(bad("a: 1\n銷售銷售: b: c").starts_with("f:2:8: not valid YAML: mapping values"));
}

#[test]
fn a_byte_order_mark_takes_no_column() {
    assert_eq!(good("\u{feff}a: 1").entry("a").map(|entry| entry.key_at), Some(at(1, 1)));
}

#[test]
fn quotes_and_blocks_make_texts() {
    let node =
        good("a: 'true'\nb: \"x\\ty\"\nc: |\n  select 1\n  from t\nd: >-\n  one\n  two\ne: null\nf: 'null'\ng: no\n");
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    assert_eq!(text("a").as_deref(), Some("true"));
    assert!(node.get("a").is_some_and(Node::is_text));
    assert_eq!(text("b").as_deref(), Some("x\ty"));
    assert_eq!(text("c").as_deref(), Some("select 1\nfrom t\n"));
    assert_eq!(text("d").as_deref(), Some("one two"));
    assert_eq!((text("e"), text("f").as_deref(), text("g").as_deref()), (None, Some("null"), Some("no")));
}

#[test]
fn an_empty_file_is_nothing() {
    for text in ["", "# only a comment\n", "---\n", "\n\n", "\u{feff}"] {
        assert!(good(text).is_null(), "{text:?}");
    }
    assert_eq!(good("---\na: 1\n...\n").entries().len(), 1);
}

#[test]
fn every_duplicate_key_is_noted_and_the_first_counts() {
    let (node, faults) = read("a: 1\nb: {x: 1, x: 2}\n\"a\": 3\na: 4\n");
    assert_eq!(
        faults,
        [
            "f:2:11: duplicate key 'x'; it stands first at 2:5",
            "f:3:1: duplicate key 'a'; it stands first at 1:1",
            "f:4:1: duplicate key 'a'; it stands first at 1:1",
        ]
    );
    let node = node.expect("a tree");
    assert_eq!(node.get("a").and_then(Node::u64), Some(1));
    assert_eq!(node.entries().len(), 2);
}

#[test]
fn what_yaml_allows_beyond_a_tree_is_refused() {
    assert_eq!(
        bad("a: &x 1\nb: *x\nc: !!str 1\nd: !foo {a: 1}\n"),
        "f:1:4: anchors (&name) are not supported; write the value out where it is needed\n\
         f:2:4: aliases (*name) are not supported; write the value out, or quote a text that begins with *\n\
         f:3:4: tags (!!str) are not supported; leave it out, or quote a text that begins with !\n\
         f:4:4: tags (!foo) are not supported; leave it out, or quote a text that begins with !"
    );
    assert!(bad("a: *x").ends_with("found unknown anchor; quote a text that begins with *"));
    assert!(bad("%YAML 1.1\n---\na: 1\n").starts_with("f:1:1: directives (%) are not supported"));
    assert!(bad("a: 1\n---\nb: 2\n").starts_with("f:2:1: a second document begins here"));
    assert!(bad("a: 1\n...\nb: 2\n").contains("a second document begins here"));
    assert!(bad("<<: {a: 1}\n").starts_with("f:1:1: merge keys (<<) are not supported"));
    assert!(bad("? [a]\n: b\n").starts_with("f:1:3: a key must be a single text, found a list"));
    assert!(bad("{a: 1}: b\n").starts_with("f:1:1: a key must be a single text, found a map"));
    assert!(bad("null: b\n").starts_with("f:1:1: a key is missing before ':'"));
}

#[test]
fn the_rest_is_read_after_a_refused_key() {
    let (node, faults) = read("? [a]\n: {b: 1}\nc: 2\nc: 3\n");
    assert_eq!(faults.len(), 2);
    assert_eq!(node.and_then(|node| node.get("c").and_then(Node::u64)), Some(2));
}

#[test]
fn what_is_not_yaml_is_placed() {
    for (text, fault) in [
        ("a: b: c\n", "f:1:5: not valid YAML: mapping values are not allowed"),
        ("a: 'x\n", "f:1:4: not valid YAML: while scanning a quoted scalar"),
        ("a: [1, 2\nb: 3\n", "f:2:2: not valid YAML: illegal placement of ':'"),
        ("a:\n  - b\n c: d\n", "f:3:2: not valid YAML: while parsing a block mapping"),
        ("a: @x", "f:1:4: not valid YAML: unexpected character: `@'; quote"),
        ("a: \"\\q\"", "f:1:4: not valid YAML: while parsing a quoted scalar"),
        ("a: {b: 1 c: 2}", "f:1:11: not valid YAML: while parsing a flow mapping"),
        ("a: }\n", "f:1:4: not valid YAML: misplaced bracket"),
        ("a: b\n  c: d\n", "f:2:4: not valid YAML: mapping values are not allowed"),
    ] {
        let (node, faults) = read(text);
        assert!(node.is_none(), "{text:?}");
        assert!(faults.len() == 1 && faults[0].starts_with(fault), "{text:?}: {faults:?}");
    }
}

#[test]
fn tabs_do_not_indent() {
    let tab = "the line is indented with a tab; indent with spaces";
    assert_eq!(bad("a:\n\t- b\n"), format!("f:2:1: {tab}"));
    assert_eq!(bad("a:\n  b: sum(c)\n\td: sum(e)\n"), format!("f:3:1: {tab}"));
    assert_eq!(bad("\ta: b\n"), "f:1:1: the line is indented with a tab; indent with spaces");
    assert_eq!(good("a: \tb # tabs between are fine\n").get("a").and_then(Node::text), Some("b"));
    assert_eq!(good("a: |\n  \tx\n").get("a").and_then(Node::text), Some("\tx\n"));
}

#[test]
fn characters_that_hide_text_are_refused() {
    assert_eq!(bad("a: 1\nb: 2\0\nc: 3\n"), "f:2:5: the character U+0000 is not allowed here; take it out");
    assert_eq!(bad("a: 1\rb: 2\n"), "f:1:5: the character U+000D is not allowed here; take it out");
    assert_eq!(bad("銷: \u{7}"), "f:1:4: the character U+0007 is not allowed here; take it out");
}

#[test]
fn depth_and_size_have_limits() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        good(&nested(DEEPEST));
        assert!(bad(&nested(DEEPEST + 1)).contains("more than 64 deep"));
        assert!(!bad(&nested(100_000)).is_empty());
    }
    let blocks: String = (0..DEEPEST + 1).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(bad(&(blocks + &" ".repeat(DEEPEST + 1) + "b: 1\n")).contains("more than 64 deep"));
    assert!(bad(&"- ".repeat(100_000)).contains("more than 64 deep"));
    let large = format!("a: {}\n", "x".repeat(LARGEST_BYTES));
    assert_eq!(bad(&large), "f:1:1: the file has 4194308 bytes; at most 4194304 are read");
}

#[test]
fn many_keys_take_no_long_time() {
    let text: String = (0..100_000).map(|n| format!("k{n}: 1\n")).collect();
    assert_eq!(good(&text).entries().len(), 100_000);
}

proptest! {
    #[test]
    fn nothing_breaks_the_reader(text in "[-a:{}\\[\\],#&*!|>'\"%@?~ 銷\n\t\r.0]{0,60}") {
        let (node, faults) = read(&text);
        prop_assert!(node.is_some() || !faults.is_empty());
    }

    #[test]
    fn quoted_texts_come_back(text in "\\PC{0,40}") {
        let quoted = format!("a: '{}'\n", text.replace('\'', "''"));
        let (node, faults) = read(&quoted);
        prop_assert_eq!(faults, Vec::<String>::new());
        prop_assert_eq!(node.as_ref().and_then(|node| node.get("a")).and_then(Node::text), Some(text.as_str()));
    }
}

#[test]
fn a_comment_within_brackets_is_pointed_out() {
    let hint = "' #' begins a comment: quote a text that holds it";
    for text in ["a: {b: c, format: #,##0}\nd: e\n", "a:\n  b: {c: #,##0}\n  d: e\n", "a: [b, #c]\n"] {
        assert!(bad(text).ends_with(hint), "{text}: {}", bad(text));
    }
    assert!(!bad("a: {b: c\nd: e\n").contains(hint));
}
