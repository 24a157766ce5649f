//! Fields are only ever added, and a number is never used twice: `numbers.txt` lists all that there have been.
//! `MIDAIR_BLESS=1 cargo test -p midair-proto` adds the new ones to it; what it lists it never forgets.

use std::{collections::BTreeSet, fs, path::Path};

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorSet};

fn of_message(message: &DescriptorProto) -> Vec<String> {
    let name = message.name();
    let field = |f: &prost_types::FieldDescriptorProto| {
        let kind = f.type_name.clone().unwrap_or_else(|| format!("{:?}", f.r#type()));
        format!("{name}.{} = {}: {:?} {}", f.name(), f.number(), f.label(), kind.trim_start_matches(".midair.v1."))
    };
    message.field.iter().map(field).collect()
}

fn of_enum(listed: &EnumDescriptorProto) -> Vec<String> {
    listed.value.iter().map(|value| format!("{} = {}", value.name(), value.number())).collect()
}

fn lines() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: FileDescriptorSet = protox::compile(
        [
            root.join("midair/v1/agent.proto"),
            root.join("midair/v1/sample.proto"),
            root.join("midair/v1/recording.proto"),
        ],
        [root],
    )
    .expect("the proto files parse");
    let messages = files.file.iter().flat_map(|file| &file.message_type).flat_map(of_message);
    let enums = files.file.iter().flat_map(|file| &file.enum_type).flat_map(of_enum);
    messages.chain(enums).collect()
}

#[test]
fn fields_are_only_ever_added() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/numbers.txt");
    let listed: BTreeSet<String> = fs::read_to_string(&path).unwrap_or_default().lines().map(String::from).collect();
    let now = lines();
    let lost: Vec<_> = listed.difference(&now).collect();
    assert!(lost.is_empty(), "recordings and older agents speak of these: {lost:#?}");
    if std::env::var_os("MIDAIR_BLESS").is_some() {
        fs::write(&path, now.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("it can be written");
        return;
    }
    let new: Vec<_> = now.difference(&listed).collect();
    assert!(new.is_empty(), "new; run MIDAIR_BLESS=1 cargo test -p midair-proto: {new:#?}");
}

#[test]
fn what_is_listed_covers_the_contract() {
    let now = lines();
    for line in ["Task.mono_us = 25: Optional Uint64", "STREAM_DETAIL = 2", "Envelope.payload = 8: Optional Bytes"] {
        assert!(now.contains(line), "{line}: {now:#?}");
    }
}
