//! Funs of `beam/forms/` that run on a node, interpreted by its own `erl_eval`.

use crate::{
    connection::Mfa,
    term::{Decoder, Term},
};

/// What interprets a form: with the arguments of [`Form::applied_to`].
pub(crate) const INTERPRETER: Mfa = Mfa::new("erl_eval", "expr");

/// A fun as its parsed form, in the external term format: made of its source by `forms/build`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form(pub(crate) &'static [u8]);

impl Form {
    /// The arguments for [`INTERPRETER`] that call the fun with these.
    pub(crate) fn applied_to(self, args: Vec<Term>) -> Vec<Term> {
        let (fun, _) = Decoder::default().decode(self.0).expect("what `forms/build` made is a term");
        // erl_eval takes values among its forms (`{value, Anno, Value}`).
        let values = args.into_iter().map(|value| Term::tuple([Term::atom("value"), Term::Int(0), value]));
        let call = Term::tuple([Term::atom("call"), Term::Int(0), fun, Term::List(values.collect())]);
        vec![call, Term::List(Vec::new())]
    }
}
