//! What the tests stand on: a real terminal, a real agent, loads made for the purpose.

pub(crate) mod demo;
pub(crate) mod load;
pub(crate) mod net;
pub(crate) mod pki;
pub(crate) mod served;
pub(crate) mod terminal;
#[expect(dead_code, reason = "benches use the rest of it")]
pub(crate) mod viewer;
pub(crate) mod watch;
