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

/// Names of the arguments: atoms that each VM has, and none of those that `forms/build` gives to variables.
const ARGUMENTS: [&str; 8] = ["error", "false", "infinity", "kill", "normal", "ok", "true", "undefined"];

impl Form {
    /// The arguments for [`INTERPRETER`] that call the fun with these, at most [`ARGUMENTS`] of them.
    pub(crate) fn applied_to(self, args: Vec<Term>) -> Vec<Term> {
        debug_assert!(args.len() <= ARGUMENTS.len(), "a form takes few arguments");
        let (fun, _) = Decoder::default().decode(self.0).expect("what `forms/build` made is a term");
        // Values do not stand among forms: `{value, Anno, Value}` is taken by no `erl_eval` of its own (OTP 25).
        let names = ARGUMENTS.map(Term::atom);
        let variable = |name: &Term| Term::tuple([Term::atom("var"), Term::Int(0), name.clone()]);
        let variables = names.iter().take(args.len()).map(variable).collect();
        // A map, since erl_eval goes through all bindings for each call that it evaluates, and through a map faster.
        let bindings = names.iter().cloned().zip(args).collect();
        let call = Term::tuple([Term::atom("call"), Term::Int(0), fun, Term::List(variables)]);
        // With the third argument it is not linted first (`erl_eval:expr/2` does that each time, from OTP 25 on).
        vec![call, Term::Map(bindings), Term::atom("none")]
    }
}

/// What a form returned to a call: of `{value, Value, Bindings}`.
pub(crate) fn value(returned: Term) -> Option<Term> {
    let Term::Tuple(items) = returned else { return None };
    items.into_iter().nth(1)
}
