//! `midair config`: whether the file of settings is well, and what holds.

use std::{ffi::OsString, path::PathBuf};

use clap::{CommandFactory as _, Subcommand, ValueEnum};
use midair_config::{ConfigError, Program, Section};

use super::Cli;

/// What is asked about settings.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check a file, or those that are read where none is named.
    Check {
        /// The file.
        file: Option<PathBuf>,
    },
    /// Show the settings of a program, and where each value comes from: a flag, the environment, a file, or by default.
    Show {
        /// Which program.
        #[arg(value_enum, default_value_t)]
        program: Which,

        /// As if it were started with these flags.
        #[arg(last = true, value_name = "FLAG")]
        flags: Vec<OsString>,
    },
}

/// A program, or what `midair` is told to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// `midair-agent`.
    Agent,
    /// `midair hub`.
    Hub,
    /// `midair`, and those of its commands that look at agents.
    #[default]
    Dashboard,
}

impl Which {
    fn section(self) -> &'static str {
        match self {
            Self::Agent => AGENT,
            Self::Hub => HUB,
            Self::Dashboard => DASHBOARD,
        }
    }
}

const AGENT: &str = midair_agent::cli::SECTION;
const HUB: &str = "hub";
const DASHBOARD: &str = "dashboard";

/// The settings of this program. Those of the dashboard hold for all commands that look at agents, as far as they have such
/// flags.
pub fn program() -> Program {
    let dashboard = Cli::command();
    let hub = dashboard.find_subcommand(HUB).cloned();
    let sections = hub.map(|command| Section { name: HUB, command });
    let sections = std::iter::once(Section { name: DASHBOARD, command: dashboard }).chain(sections).collect();
    Program { sections, others: vec![AGENT], of: section_of }
}

fn section_of(command: Option<&str>) -> Option<&'static str> {
    match command {
        None | Some("record" | "mark" | "replay") => Some(DASHBOARD),
        Some("hub") => Some(HUB),
        Some(_) => None,
    }
}

/// The settings of all programs.
fn all() -> Program {
    let Program { mut sections, of, .. } = program();
    sections.push(Section { name: AGENT, command: midair_agent::cli::Cli::command() });
    Program { sections, others: Vec::new(), of }
}

impl ConfigCommand {
    /// What is to be said; `usual` are the files that hold where none is named.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn run(&self, usual: &[PathBuf]) -> Result<String, Vec<ConfigError>> {
        match self {
            Self::Check { file } => {
                let paths = file.as_ref().map_or(usual, std::slice::from_ref);
                all().check(&midair_config::read(paths)?)?;
                let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
                Ok(if shown.is_empty() {
                    "there is no file of settings".into()
                } else {
                    format!("{}: well", shown.join(", "))
                })
            }
            Self::Show { program, flags } => all().show(program.section(), &midair_config::read(usual)?, flags),
        }
    }
}

#[cfg(test)]
mod tests;
