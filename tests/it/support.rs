//! What the tests stand on: a real terminal, a real agent, loads made for the purpose.

pub(crate) mod demo;
pub(crate) mod load;
pub(crate) mod pki;
pub(crate) mod served;
pub(crate) mod terminal;
pub(crate) mod watch;
