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

/// Names of the variables that hold the arguments: atoms that each VM has, and that no form uses for its own variables.
const ARGUMENTS: [&str; 8] = ["error", "false", "infinity", "kill", "normal", "ok", "true", "undefined"];

impl Form {
    /// The arguments for [`INTERPRETER`] that call the fun with these: at most eight.
    ///
    /// They are bound to variables: among forms, erl_eval takes numbers and pids as values, but falls over tuples.
    pub(crate) fn applied_to(self, args: Vec<Term>) -> Vec<Term> {
        debug_assert!(args.len() <= ARGUMENTS.len(), "a form takes few arguments");
        let (fun, _) = Decoder::default().decode(self.0).expect("what `forms/build` made is a term");
        let (names, bindings): (Vec<Term>, Vec<_>) = ARGUMENTS
            .into_iter()
            .zip(args)
            .map(|(name, value)| {
                let variable = Term::tuple([Term::atom("var"), Term::Int(0), Term::atom(name)]);
                (variable, (Term::atom(name), value))
            })
            .unzip();
        let call = Term::tuple([Term::atom("call"), Term::Int(0), fun, Term::List(names)]);
        // A map, since erl_eval goes through all bindings for each call that it evaluates, and it does so faster.
        vec![call, Term::Map(bindings)]
    }
}
