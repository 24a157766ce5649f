//! Lines, words and numbers of the kernel's text files.

/// Lines of a text, without their ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| *b == b'\n').filter(|line| !line.is_empty())
}

/// Words of a line, separated by spaces or tabs.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// An unsigned decimal number. `None` if it is empty, holds anything but digits, or does not fit.
pub(super) fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() {
        return None;
    }
    word.iter().try_fold(0u64, |sum, b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// An unsigned hexadecimal number, as `/proc/net/tcp` writes them.
pub(super) fn hex(word: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(word).ok()?;
    u64::from_str_radix(text, 16).ok()
}

/// What stands after `key` at the start of a line: `value(b"VmRSS:", text)`.
pub(super) fn value<'t>(key: &[u8], text: &'t [u8]) -> Option<&'t [u8]> {
    lines(text).find_map(|line| line.strip_prefix(key)).map(<[u8]>::trim_ascii)
}

/// The first number after `key` at the start of a line.
pub(super) fn value_number(key: &[u8], text: &[u8]) -> Option<u64> {
    number(words(value(key, text)?).next()?)
}

/// The number after `key` on a line that ends in `kB`, in bytes.
pub(super) fn value_kib(key: &[u8], text: &[u8]) -> Option<u64> {
    value_number(key, text)?.checked_mul(1024)
}

/// The total of a kind of pressure (Documentation/accounting/psi.rst), microseconds:
/// `some avg10=1.66 avg60=3.26 avg300=1.61 total=24646923`.
pub(super) fn pressure(kind: &[u8], text: &[u8]) -> Option<u64> {
    words(value(kind, text)?).find_map(|word| word.strip_prefix(b"total=")).and_then(number)
}

#[cfg(test)]
mod tests;
