//! The command line of `midair-agent`.
