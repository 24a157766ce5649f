use super::*;

#[test]
fn without_pins_and_loader_it_says_what_to_run() {
    let choice = Choice { pinned: vec!["/nowhere/at/all".into()], loader: Loader::Nobody };
    let why = Bpf::open(&choice).err().expect("nothing is there").to_string();
    assert!(why.contains("midair-agent setup"), "{why}");
}

#[test]
fn a_program_that_is_no_loader_is_found_out() {
    let choice = Choice { pinned: Vec::new(), loader: Loader::Child("/bin/true".into()) };
    let why = Bpf::open(&choice).err().expect("it loads nothing").to_string();
    assert!(why.contains("ended without an answer"), "{why}");
}

#[test]
fn a_loader_that_does_not_exist_is_named() {
    let choice = Choice { pinned: Vec::new(), loader: Loader::Child("/nowhere/midair-agent".into()) };
    let why = Bpf::open(&choice).err().expect("it does not start").to_string();
    assert!(why.contains("/nowhere/midair-agent"), "{why}");
}
