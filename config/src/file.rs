//! What stands in a file: sections, keys and values as text, each with its line.

use std::{fmt, fs, path::Path, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::ConfigError;

/// A file is not read beyond so many bytes.
const FILE_BYTES: u64 = 1 << 20;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: Arc<Path>,
    /// Its line, from 1.
    pub line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Its sections, in order.
    pub sections: Vec<Read>,
}

/// A section of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub at: Origin,
    /// Its keys, in order.
    pub entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// Where it stands.
    pub at: Origin,
}

/// A value, as it would be written after a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Whether a flag without a value is given.
    Switch(bool),
    /// A text or a number.
    One(String),
    /// Some of these.
    List(Vec<String>),
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// That it cannot be read, or all that is no TOML or cannot be a value of a flag.
    pub fn read(path: &Path) -> Result<Self, Vec<ConfigError>> {
        let cannot = |why: String| vec![ConfigError::Read { file: path.to_owned(), why }];
        let found = fs::metadata(path).map_err(|error| cannot(error.to_string()))?;
        if !found.is_file() || found.len() > FILE_BYTES {
            return Err(cannot("it is no file of a few kilobytes".to_owned()));
        }
        let text = fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
        Self::parse(path, &text)
    }

    /// The same, of what stands in it.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Vec<ConfigError>> {
        let file: Arc<Path> = path.into();
        let at = |byte: usize| Origin { file: Arc::clone(&file), line: line(text, byte) };
        let wrong = |byte: usize, why: String| ConfigError::Wrong { place: at(byte), why };
        let table = DeTable::parse(text)
            .map_err(|error| vec![wrong(error.span().map_or(0, |span| span.start), error.message().to_owned())])?
            .into_inner();
        let (mut sections, mut errors) = (Vec::new(), Vec::new());
        for (name, section) in sorted(&table) {
            let DeValue::Table(entries) = section.get_ref() else {
                let why = format!("{} stands in no section; begin one with [agent], for example", name.get_ref());
                errors.push(wrong(name.span().start, why));
                continue;
            };
            let mut read = Read { name: name.get_ref().to_string(), at: at(name.span().start), entries: Vec::new() };
            for (key, value) in sorted(entries) {
                let at = at(key.span().start);
                match value_of(value.get_ref()) {
                    Ok(value) => read.entries.push(Entry { key: key.get_ref().to_string(), value, at }),
                    Err(what) => {
                        let why = format!("{} is {what}; write a text, a number, true, false or a list", key.get_ref());
                        errors.push(ConfigError::Wrong { place: at, why });
                    }
                }
            }
            sections.push(read);
        }
        if errors.is_empty() { Ok(Self { sections }) } else { Err(errors) }
    }
}

/// In the order in which they stand there.
fn sorted<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<toml::de::DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(key, _)| key.span().start);
    all
}

fn value_of(value: &DeValue<'_>) -> Result<Value, &'static str> {
    match value {
        DeValue::Boolean(is_on) => Ok(Value::Switch(*is_on)),
        DeValue::Array(values) => {
            let one = |value: &Spanned<DeValue<'_>>| text_of(value.get_ref());
            values.iter().map(one).collect::<Option<_>>().map(Value::List).ok_or("a list of other things than texts")
        }
        DeValue::Table(_) => Err("a table"),
        DeValue::Datetime(_) => Err("a date"),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) => text_of(value).map(Value::One).ok_or("no text"),
    }
}

fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn line(text: &str, byte: usize) -> usize {
    1 + text.as_bytes().iter().take(byte).filter(|byte| **byte == b'\n').count()
}
