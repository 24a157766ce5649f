//! One sample as JSON, for scripts and for a first look.
