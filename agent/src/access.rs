//! What a watcher may do: by the door through which it came, and by the role that its certificate gives it.
//!
//! A hub asks for others, whose roles it has checked on each control: its word is taken.

use midair_tls::Role;

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Without leaving this host: the kernel says who it is, and the socket's group lets it in.
    Local,
    /// By TCP that is neither encrypted nor authenticated.
    Insecure,
    /// By mutual TLS, as this.
    As(Role),
}

impl Access {
    /// Whether nobody knows who it is.
    pub fn is_insecure(self) -> bool {
        self == Self::Insecure
    }

    /// Whether it may describe, watch, and ask for the past.
    ///
    /// # Errors
    /// In words, where it may not.
    pub fn look(self) -> Result<(), String> {
        match self {
            Self::Local | Self::Insecure | Self::As(Role::Viewer | Role::Operator | Role::Hub) => Ok(()),
            Self::As(Role::Agent) => {
                Err("an agent does not look at others; come with the certificate of a viewer or an operator".into())
            }
        }
    }

    /// Whether it may put marks on the time line of all.
    ///
    /// # Errors
    /// In words, where it may not.
    pub fn mark(self) -> Result<(), String> {
        match self {
            Self::Local | Self::Insecure | Self::As(Role::Operator | Role::Hub) => Ok(()),
            Self::As(role) => Err(needs_operator("marks", role)),
        }
    }

    /// Whether it may ask for what is dear or secret. `insecure` is why nobody may who is not known.
    ///
    /// # Errors
    /// In words, where it may not.
    pub fn operate(self, what: &str, insecure: &str) -> Result<(), String> {
        match self {
            Self::Local | Self::As(Role::Operator | Role::Hub) => Ok(()),
            Self::Insecure => Err(insecure.to_owned()),
            Self::As(role) => Err(needs_operator(what, role)),
        }
    }
}

fn needs_operator(what: &str, role: Role) -> String {
    let article = if role == Role::Agent { "an" } else { "a" };
    format!("{what} are for operators, and your certificate is that of {article} {role}; come with an operator's")
}

#[cfg(test)]
mod tests;
