//! The committed bindings are what the proto files say: regenerated here without protoc, and compared.
//! `MIDAIR_BLESS=1 cargo test -p midair-proto` writes them anew.

use std::{fs, path::Path};

#[test]
fn bindings_match_the_proto_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = protox::compile(
        [
            root.join("midair/v1/agent.proto"),
            root.join("midair/v1/sample.proto"),
            root.join("midair/v1/recording.proto"),
        ],
        [root],
    )
    .expect("the proto files parse");
    let out = tempfile::tempdir().expect("a scratch directory");
    tonic_prost_build::configure()
        .out_dir(out.path())
        .bytes(".midair.v1.Envelope.payload")
        .codec_path("crate::codec::Small")
        .build_client(true)
        .build_server(true)
        .compile_fds(files)
        .expect("bindings can be generated");
    let fresh = fs::read_to_string(out.path().join("midair.v1.rs")).expect("the generator wrote the package");
    let committed = root.join("src/generated/midair.v1.rs");
    if std::env::var_os("MIDAIR_BLESS").is_some() {
        fs::write(&committed, &fresh).expect("the bindings can be written");
    }
    let stored = fs::read_to_string(&committed).unwrap_or_default();
    assert!(stored == fresh, "src/generated is stale: run MIDAIR_BLESS=1 cargo test -p midair-proto");
}
