//! What holds for a program, and why.

use std::{ffi::OsString, fmt::Write as _};

use clap::{Arg, ArgMatches, Command, parser::ValueSource};

use crate::{
    ConfigError, File, Program,
    file::Entry,
    program::{From, holds, is_key, lay_under, settings, with_flag},
};

/// Where a comment begins, where the value is short enough.
const COMMENT_AT: usize = 44;

impl Program {
    /// The settings of a section, with these flags given: as lines of TOML, each with where it comes from. Secrets are in none:
    /// flags name files.
    ///
    /// # Errors
    /// What is wrong with files, or with flags.
    pub fn show(&self, section: &str, files: &[File], flags: &[OsString]) -> Result<String, Vec<ConfigError>> {
        self.check(files)?;
        let Some(found) = self.sections.iter().find(|found| found.name == section) else {
            return Ok(String::new());
        };
        let command = with_flag(found.command.clone());
        let args = || std::iter::once(OsString::from(command.get_name())).chain(flags.iter().cloned());
        let typed = command.clone().try_get_matches_from(args()).unwrap_or_else(|error| error.exit());
        let settings = settings(files, section);
        let under = lay_under(command.clone(), &typed, &settings);
        let matches = under.try_get_matches_from(args()).unwrap_or_else(|error| error.exit());
        let mut text = format!("[{section}]\n");
        for arg in command.get_arguments().filter(|arg| is_key(arg)) {
            let from = from(&command, arg, &typed, &settings);
            line(&mut text, arg, &matches, &from);
        }
        Ok(text)
    }
}

fn from(command: &Command, arg: &Arg, typed: &ArgMatches, settings: &[&Entry]) -> From {
    let id = arg.get_id().as_str();
    let set = settings.iter().find(|entry| Some(entry.key.as_str()) == arg.get_long());
    match typed.value_source(id) {
        Some(ValueSource::CommandLine) => From::Flag,
        Some(ValueSource::EnvVariable) => {
            From::Environment(arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
        }
        source => match set.filter(|entry| holds(command, typed, entry).is_some()) {
            Some(entry) => From::File(entry.at.clone()),
            None if source.is_some() => From::Default,
            None => From::Nowhere,
        },
    }
}

fn line(text: &mut String, arg: &Arg, matches: &ArgMatches, from: &From) {
    let key = arg.get_long().unwrap_or_default();
    let raw = matches.get_raw(arg.get_id().as_str()).into_iter().flatten();
    let raw: Vec<String> = raw.map(|value| value.to_string_lossy().into_owned()).collect();
    let quoted = |value: &String| format!("{value:?}");
    let value = match (arg.get_action(), &raw[..]) {
        (clap::ArgAction::SetTrue, _) => matches.get_flag(arg.get_id().as_str()).to_string(),
        (clap::ArgAction::Append, many) => format!("[{}]", many.iter().map(quoted).collect::<Vec<_>>().join(", ")),
        (_, [one, ..]) => quoted(one),
        (_, []) => String::new(),
    };
    let shown = if *from == From::Nowhere { format!("# {key}") } else { format!("{key} = {value}") };
    let origin = match from {
        From::Flag => "flag".to_owned(),
        From::Environment(name) => format!("environment: {name}"),
        From::File(origin) => origin.to_string(),
        From::Default => "default".to_owned(),
        From::Nowhere => "not set".to_owned(),
    };
    // Writing to a string does not fail.
    let _written = writeln!(text, "{shown:<COMMENT_AT$} # {origin}");
}
