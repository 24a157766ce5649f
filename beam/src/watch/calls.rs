//! Several calls in one, each of which may fail by itself.

use std::time::Duration;

use super::form::{self, Form};
use crate::{
    connection::{CallError, Connection},
    term::Term,
};

const CALLS: Form = Form(include_bytes!("../../forms/calls.etf"));

/// A function there and its arguments.
pub(crate) fn call(module: &'static str, function: &'static str, args: Vec<Term>) -> Term {
    Term::tuple([Term::atom(module), Term::atom(function), Term::List(args)])
}

/// Calls these, and gives a result for each, as far as they came: `None` where one failed.
pub(crate) async fn calls(
    connection: &Connection,
    calls: Vec<Term>,
    within: Duration,
) -> Result<Vec<Option<Term>>, CallError> {
    let args = CALLS.applied_to(vec![Term::List(calls)]);
    let returned = connection.call(form::INTERPRETER, args, within).await?;
    let results = form::value(returned).map(items).unwrap_or_default();
    Ok(results.into_iter().map(|result| items(result).into_iter().next()).collect())
}

fn items(term: Term) -> Vec<Term> {
    if let Term::List(items) = term { items } else { Vec::new() }
}
