//! What is read, what is refused, and where.

use super::*;
#[test]
fn probe() {
    for text in [
        "a: 1\nb:\n  c: [x, {y: z}]\nd:\ne: |\n  foo\n  bar\n",
        "title: {zh: 銷售, b: x, b: y}\n",
        "銷售: 銷售x\n\"銷售\": 1\n",
        "a: b: c\n",
        "a: 'x\n",
        "a:\n\t- b\n",
        "a: \tb\n",
        "\ta: b",
        "a: [1, 2\nb: 3\n",
        "a: &x 1\nb: *x\n",
        "b: *x",
        "a: !!str 1\nb: !foo {a: 1}",
        "%YAML 1.1\n---\na: 1\n",
        "a: 1\n---\nb: 2\n",
        "? [a]\n: b\n",
        ": b\n",
        "a: 1\r\nb: 2\r\nb: 3\r\n",
        "a: 1\n b: 2\n",
        "a:\n  - b\n c: d\n",
        "a: @x",
        "a: `x`",
        "a: %x",
        "- a\nb: c\n",
        "a: 1\n...\n",
        "a: 1\n...\nb: 1\n",
        "x: {a: 1,\n  b}\n",
        "a: \"\\q\"",
        "<<: {a: 1}\n",
        "a: }\n",
        "{a: 1}}",
        "a: b\n  c: d\n",
        "key\n",
        "a: 1\n銷售銷售: b: c",
        "a: {b: 1 c: 2}",
        "a:b\nc: d\n",
        "a:\n  b: 1\n  c:\nd: 1\n",
    ] {
        let mut faults = Faults::default();
        let node = parse("f", text, &mut faults);
        println!("=== {text:?}\n{node:?}");
        for f in faults.iter() {
            println!("  FAULT {f}");
        }
    }
}
