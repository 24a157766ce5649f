//! The proto files keep their own rules: every message, field and value has a comment, every scalar is `optional`.

const FILES: [(&str, &str); 3] = [
    ("recording.proto", include_str!("../midair/v1/recording.proto")),
    ("agent.proto", include_str!("../midair/v1/agent.proto")),
    ("sample.proto", include_str!("../midair/v1/sample.proto")),
];

const SCALARS: [&str; 8] = ["uint32", "uint64", "fixed64", "int64", "sint64", "bool", "string", "bytes"];

fn entries() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    FILES.iter().flat_map(|(name, text)| {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        (1..lines.len()).map(move |n| (format!("{name}:{}", n + 1), lines[n - 1], lines[n])).collect::<Vec<_>>()
    })
}

#[test]
fn everything_has_a_comment() {
    for (place, before, line) in entries() {
        let declares = line.ends_with("{") && !line.starts_with("//");
        let field = line.contains(" = ") && line.ends_with(';') && !line.starts_with("syntax");
        let call = line.starts_with("rpc ");
        if declares || field || call {
            assert!(before.starts_with("//"), "{place} has no comment above it: {line}");
        }
    }
}

#[test]
fn every_scalar_is_optional() {
    for (place, _, line) in entries() {
        let first = line.split(' ').next().unwrap_or_default();
        assert!(!SCALARS.contains(&first), "{place}: a scalar that is not optional: {line}");
    }
}
