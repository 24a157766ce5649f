//! The flags of a program, and what files say of them.

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, Parser, error::ErrorKind, parser::ValueSource};

use crate::{
    ConfigError, FLAG, File, NONE, OF_HOST, Origin, VARIABLE,
    file::{Entry, Read, Value},
    usual,
};

/// A section: its name, and the command whose flags its keys are.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// The command; it is never run.
    pub command: Command,
}

/// A command line that was read, and the files that were; or what is wrong with the command line.
pub type Parsed<T> = Result<(T, Vec<PathBuf>), clap::Error>;

/// All sections that there are, and which of them hold for what a person has typed.
#[derive(Clone, Debug)]
pub struct Program {
    /// The sections that this program has.
    pub sections: Vec<Section>,
    /// The names of those that others have.
    pub others: Vec<&'static str>,
    /// The section that holds for a subcommand; `None`: for none.
    pub of: fn(Option<&str>) -> Option<&'static str>,
}

impl Program {
    /// Reads the command line of this process, and whatever files say; and which files these are.
    ///
    /// # Errors
    /// All that is wrong with the files. What is wrong with the command line ends the process, as clap does it.
    pub fn parse<T: Parser>(&self) -> Result<(T, Vec<PathBuf>), Vec<ConfigError>> {
        match self.parse_from(std::env::args_os().collect())? {
            Ok(parsed) => Ok(parsed),
            Err(error) => error.exit(),
        }
    }

    /// The same of a command line.
    ///
    /// # Errors
    /// The same; within, what is wrong with the command line.
    pub fn parse_from<T: Parser>(&self, args: Vec<OsString>) -> Result<Parsed<T>, Vec<ConfigError>> {
        let mut command = with_flag(T::command());
        let mut paths = Vec::new();
        // Where that is wrong, it is so below as well, and said as clap says it.
        if let Ok(typed) = without_needs(command.clone()).try_get_matches_from(&args) {
            paths = files(&typed);
            let (name, matches) = match typed.subcommand() {
                Some((name, matches)) => (Some(name), matches),
                None => (None, &typed),
            };
            if let Some(section) = (self.of)(name) {
                let files = read(&paths)?;
                self.check(&files)?;
                let settings = settings(&files, section);
                command = match name {
                    None => lay_under(command, matches, &settings),
                    Some(name) => command.mut_subcommand(name, |command| lay_under(command, matches, &settings)),
                };
            }
        }
        let matches = command.try_get_matches_from(args);
        Ok(matches.and_then(|matches| Ok((T::from_arg_matches(&matches)?, paths))))
    }

    /// All that is wrong with these files.
    ///
    /// # Errors
    /// Each fault, by file and line.
    pub fn check(&self, files: &[File]) -> Result<(), Vec<ConfigError>> {
        let sections = files.iter().flat_map(|file| &file.sections);
        let faults: Vec<ConfigError> = sections.flat_map(|read| self.faults(read)).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn faults(&self, read: &Read) -> Vec<ConfigError> {
        let name = read.name.as_str();
        if let Some(section) = self.sections.iter().find(|section| section.name == name) {
            return section.faults(read);
        }
        if self.others.contains(&name) {
            return Vec::new();
        }
        let all = self.sections.iter().map(|section| section.name).chain(self.others.iter().copied());
        let why = format!("there is no section [{name}]; {}", instead(name, all.map(str::to_owned)));
        vec![ConfigError::Wrong { place: read.at.clone(), why }]
    }
}

impl Section {
    fn faults(&self, read: &Read) -> Vec<ConfigError> {
        let command = without_needs(self.command.clone());
        let (mut faults, mut given) = (Vec::new(), Vec::new());
        for entry in &read.entries {
            match checked(&command, entry) {
                Ok(words) => given.extend(words),
                Err(why) => faults.push(ConfigError::Wrong { place: entry.at.clone(), why }),
            }
        }
        if faults.is_empty()
            && let Err(error) = matches_of(&command, &given)
        {
            // What excludes or needs something else.
            faults.push(ConfigError::Wrong { place: read.at.clone(), why: first_words(&error) });
        }
        faults
    }
}

/// The words of a command line that say the same, if that can be said.
fn checked(command: &Command, entry: &Entry) -> Result<Vec<String>, String> {
    let Entry { key, value, .. } = entry;
    let Some(arg) = flag(command, key) else {
        let all = command.get_arguments().filter(|arg| is_key(arg)).filter_map(Arg::get_long).map(str::to_owned);
        return Err(format!("there is no key {key:?} here; {}", instead(key, all)));
    };
    let words = match (value, arg.get_action()) {
        (Value::Switch(is_on), ArgAction::SetTrue) => is_on.then(|| format!("--{key}")).into_iter().collect(),
        (_, ArgAction::SetTrue) => return Err(format!("{key} is true or false")),
        (Value::Switch(_), _) => {
            return Err(format!("{key} takes a value, and neither true nor false: {}", shape(arg)));
        }
        (Value::List(_), action) if !matches!(action, ArgAction::Append) => {
            return Err(format!("{key} takes one value, not a list: {}", shape(arg)));
        }
        (Value::One(one), _) => vec![format!("--{key}={one}")],
        (Value::List(many), _) => many.iter().map(|one| format!("--{key}={one}")).collect(),
    };
    let of_value = |error: &clap::Error| {
        matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::NoEquals)
    };
    match matches_of(command, &words) {
        Err(error) if of_value(&error) => Err(first_words(&error)),
        Ok(()) | Err(_) => Ok(words),
    }
}

fn matches_of(command: &Command, words: &[String]) -> Result<(), clap::Error> {
    let name = command.get_name().to_owned();
    command.clone().try_get_matches_from(std::iter::once(&name).chain(words)).map(drop)
}

/// What clap says, without the advice on how to call the program.
fn first_words(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let words = text.split("\n\nUsage").next().unwrap_or(text).split("\n\nFor more").next().unwrap_or(text);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shape(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(<[_]>::first).map_or("VALUE", |name| name.as_str());
    format!("{} = {value}", arg.get_long().unwrap_or_default())
}

pub(crate) fn is_key(arg: &Arg) -> bool {
    arg.get_long().is_some_and(|long| long != FLAG)
        && !arg.is_hide_set()
        && matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue)
}

/// The flag of a key.
fn flag<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| is_key(arg) && arg.get_long() == Some(key))
}

/// What may have been meant.
fn instead(word: &str, all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    let like = |other: &String| strsim::damerau_levenshtein(&word.replace('_', "-"), other);
    match all.iter().min_by_key(|other| like(other)) {
        Some(nearest) if like(nearest) <= 1 + word.len() / 3 => format!("is it {nearest:?}?"),
        Some(_) | None => format!("there are {}", all.join(", ")),
    }
}

/// The settings of a section: of each key the last file's.
pub(crate) fn settings<'a>(files: &'a [File], section: &str) -> Vec<&'a Entry> {
    let mut last: Vec<&Entry> = Vec::new();
    for read in files.iter().flat_map(|file| &file.sections).filter(|read| read.name == section) {
        for entry in &read.entries {
            last.retain(|before| before.key != entry.key);
            last.push(entry);
        }
    }
    last
}

/// Where a setting that holds stands; `None`: a flag that was given excludes it, or this command has no such flag.
pub(crate) fn holds<'a>(command: &'a Command, typed: &ArgMatches, entry: &Entry) -> Option<&'a Arg> {
    let arg = flag(command, &entry.key)?;
    let is_given = |other: &&Arg| {
        other.get_id() != arg.get_id()
            && matches!(typed.value_source(other.get_id().as_str()), Some(ValueSource::CommandLine))
    };
    let excludes = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|conflict| conflict.get_id() == other.get_id())
    };
    let is_excluded =
        command.get_arguments().filter(is_given).any(|other| excludes(arg, other) || excludes(other, arg));
    (!is_excluded).then_some(arg)
}

/// Puts what files say in the place of defaults.
pub(crate) fn lay_under(mut command: Command, typed: &ArgMatches, settings: &[&Entry]) -> Command {
    for entry in settings {
        let Some(arg) = holds(&command, typed, entry) else { continue };
        let id = arg.get_id().clone();
        command = command.mut_arg(id, |arg| {
            let arg = arg.required(false);
            match &entry.value {
                Value::Switch(is_on) => arg.default_value(if *is_on { "true" } else { "false" }),
                Value::One(one) => arg.default_value(one.clone()),
                Value::List(many) => arg.default_values(many.clone()),
            }
        });
    }
    command
}

/// The same command, where nothing needs to be given: what is missing may stand in a file.
fn without_needs(command: Command) -> Command {
    command.mut_args(|arg| arg.required(false)).mut_subcommands(without_needs)
}

/// The same command, with a flag that names the file.
pub(crate) fn with_flag(command: Command) -> Command {
    let help = format!(
        "Settings of this file, or {NONE}, hold where no flag says otherwise; `midair config show` tells them [default: \
         {OF_HOST}, and midair/midair.toml in the user's configuration]"
    );
    let parser = clap::value_parser!(PathBuf);
    let flag =
        Arg::new(FLAG).long(FLAG).value_name("FILE").env(VARIABLE).hide_env(true).help(help).value_parser(parser);
    command.arg(flag.global(true))
}

fn files(typed: &ArgMatches) -> Vec<PathBuf> {
    match typed.get_one::<PathBuf>(FLAG) {
        Some(none) if none.as_os_str() == NONE => Vec::new(),
        Some(file) => vec![file.clone()],
        None => usual(),
    }
}

/// Reads these files.
///
/// # Errors
/// All that cannot be read.
pub fn read(paths: &[PathBuf]) -> Result<Vec<File>, Vec<ConfigError>> {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        match File::read(path) {
            Ok(file) => files.push(file),
            Err(wrong) => faults.extend(wrong),
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

/// Where the value of a flag comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Flag,
    Environment(String),
    File(Origin),
    Default,
    Nowhere,
}
