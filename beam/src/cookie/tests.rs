use std::io::Write;

use super::*;

#[test]
fn a_cookie_is_never_shown() {
    let cookie = Cookie::from_text("s3cret").unwrap();
    assert_eq!(format!("{cookie:?} {:?}", Some(&cookie)), "Cookie(hidden) Some(Cookie(hidden))");
}

#[test]
fn the_digest_is_that_of_erlang() {
    // erlang:md5(["secret" | integer_to_list(4294967295)])
    let digest = Cookie::from_text("secret").unwrap().digest(u32::MAX);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "5dfd181e69aa587cc812eb333e6536b6");
}

#[test]
fn a_file_may_end_with_a_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"secret\n").unwrap();
    let digest = Cookie::from_file(file.path()).unwrap().digest(1);
    assert_eq!(digest, Cookie::from_text("secret").unwrap().digest(1));
}

#[test]
fn what_is_missing_is_named_and_the_cookie_is_not() {
    let text = |error: Result<Cookie, CookieError>| error.unwrap_err().to_string();
    assert!(text(Cookie::from_file(Path::new("/nowhere/.erlang.cookie"))).contains("/nowhere/.erlang.cookie"));
    assert_eq!(text(Cookie::from_env("MIDAIR_NO_SUCH")), "no cookie: the variable MIDAIR_NO_SUCH is not set");
    assert_eq!(text(Cookie::from_text(" \n")), "the cookie from the text given is empty");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[b'x'; 5_000]).unwrap();
    let long = text(Cookie::from_file(file.path()));
    assert!(long.ends_with("that is no cookie") && !long.contains("xx"), "{long}");
}
