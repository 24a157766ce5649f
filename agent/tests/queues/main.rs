//! Queues of this very kernel, read by each collector: what is put into them is what is read, whose they are, and who is at
//! the other end. Loads are processes of their own, made here; all of it ends with the test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod depths;
mod host;
mod namespaces;
mod owners;
mod rates;
mod role;

/// What the children of these tests run: a role if they have one, and nothing for who runs the tests.
#[test]
fn child() {
    role::act();
}
