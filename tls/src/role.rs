//! What who holds a certificate may do: a map of names to roles.

use std::{fmt, str::FromStr};

use crate::identity::Identity;

/// What somebody is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Measures a host and answers.
    Agent,
    /// Looks.
    Viewer,
    /// Looks, marks, and asks for what is dear or secret.
    Operator,
    /// Looks for many, and answers.
    Hub,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Viewer, Self::Operator, Self::Hub];

    /// Its word in maps and certificates.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Hub => "hub",
        }
    }

    /// Whether a dashboard connects to it.
    pub fn answers(self) -> bool {
        matches!(self, Self::Agent | Self::Hub)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text);
        found.ok_or_else(|| format!("{text:?} is no role; roles are agent, viewer, operator and hub"))
    }
}

/// Which names have which role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(Vec<Rule>);

/// Names, and the role that they have.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    names: Names,
    role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "they tell kinds of names apart")]
enum Names {
    /// This URI.
    Uri(String),
    /// URIs that begin so and go on.
    UrisFrom(String),
    /// This DNS name or address.
    Name(String),
    /// DNS names that end so, with labels before.
    NamesUnder(String),
}

impl Roles {
    /// By rules written as PATTERN=ROLE; without any those of certificates that midair makes: spiffe://midair/ROLE/NAME.
    ///
    /// # Errors
    /// In words, where a rule cannot be read.
    pub fn new<T: AsRef<str>>(rules: &[T]) -> Result<Self, String> {
        if rules.is_empty() {
            return Ok(Self::default());
        }
        rules.iter().map(|rule| rule.as_ref().parse()).collect::<Result<_, _>>().map(Self)
    }

    /// The role of the first rule that matches a name of it.
    pub fn of(&self, identity: &Identity) -> Option<Role> {
        self.0
            .iter()
            .find(|rule| rule.names.match_uri(identity) || rule.names.match_name(identity))
            .map(|rule| rule.role)
    }

    /// The same by its URIs alone.
    pub fn of_uris(&self, identity: &Identity) -> Option<Role> {
        self.0.iter().find(|rule| rule.names.match_uri(identity)).map(|rule| rule.role)
    }
}

impl Default for Roles {
    fn default() -> Self {
        let rule = |role: Role| Rule { names: Names::UrisFrom(format!("spiffe://midair/{role}/")), role };
        Self(Role::ALL.map(rule).to_vec())
    }
}

impl Names {
    fn match_uri(&self, identity: &Identity) -> bool {
        identity.uris.iter().any(|uri| match self {
            Self::Uri(whole) => uri == whole,
            Self::UrisFrom(start) => uri.strip_prefix(start.as_str()).is_some_and(|rest| !rest.is_empty()),
            Self::Name(_) | Self::NamesUnder(_) => false,
        })
    }

    fn match_name(&self, identity: &Identity) -> bool {
        identity.names.iter().any(|name| match self {
            Self::Name(whole) => name == whole,
            Self::NamesUnder(end) => name.strip_suffix(end.as_str()).is_some_and(|start| !start.is_empty()),
            Self::Uri(_) | Self::UrisFrom(_) => false,
        })
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (names, role) =
            text.rsplit_once('=').ok_or_else(|| format!("{text:?} is no rule; write it as PATTERN=ROLE"))?;
        Ok(Self { names: names.parse()?, role: role.parse()? })
    }
}

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no pattern; write a whole name, spiffe://DOMAIN/PATH/* for all ids that begin so, or \
                 *.DOMAIN for all hosts of a domain"
            )
        };
        let (names, n_stars) = if let Some((_, path)) = text.split_once("://") {
            match text.strip_suffix('*') {
                // A star in the domain itself would match the domains of others.
                Some(start) if path.contains('/') => (Self::UrisFrom(start.to_owned()), 1),
                Some(_) => return Err(wrong()),
                None => (Self::Uri(text.to_owned()), 0),
            }
        } else {
            let text = text.to_ascii_lowercase();
            match text.strip_prefix('*') {
                Some(end) if end.len() > 1 && end.starts_with('.') => (Self::NamesUnder(end.to_owned()), 1),
                Some(_) => return Err(wrong()),
                None => (Self::Name(text), 0),
            }
        };
        if text.is_empty() || text.matches('*').count() != n_stars { Err(wrong()) } else { Ok(names) }
    }
}

#[cfg(test)]
mod tests;
