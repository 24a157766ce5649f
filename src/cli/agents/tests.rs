use super::*;

#[test]
fn a_line_is_an_address_and_what_follows_a_hash_is_not() {
    let text =
        "# the fleet\n127.64.0.1:7070\n\n  10.0.0.7  # without a port\nunix:/run/midair/agent.sock\n127.64.0.1:7070\n";
    let tcp = |address: &str| Place::Tcp(address.to_owned());
    let expected = [tcp("127.64.0.1:7070"), tcp("10.0.0.7:7070"), Place::Socket("/run/midair/agent.sock".into())];
    assert_eq!(parse(text).unwrap(), expected);
    assert!(parse("a:b:c]\n").is_err());
    assert!(parse("# nobody\n").is_err(), "an empty list is one that is being written, not this host");
}

/// The addresses of a list, or the words of a trouble.
async fn told(news: &mut mpsc::Receiver<News>) -> Result<Vec<String>, String> {
    match news.recv().await.expect("it is followed") {
        News::All(targets) => Ok(targets.iter().map(|target| target.address.to_string()).collect()),
        News::Trouble(words) => Err(words.to_string()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_followed_by_what_it_says_and_what_is_wrong_with_it_is_said_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agents");
    let socket = |name: &str| Place::Socket(format!("/run/{name}.sock").into());
    let line = |name: &str| format!("unix:/run/{name}.sock\n");
    fs::write(&file, line("a")).unwrap();
    let listed = Listed { agents_file: Some(file.clone()), ..Listed::default() };
    let first = listed.read().await.unwrap();
    assert_eq!(first, [socket("a")]);
    // Before it is followed, within the same moment and of the same length.
    let modified = file.metadata().unwrap().modified().unwrap();
    fs::write(&file, line("b")).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    let (sender, mut news) = mpsc::channel(1);
    listed.follow(first, &TlsArgs::default(), Clock::system(), sender);
    assert_eq!(told(&mut news).await, Ok(vec!["unix:/run/b.sock".into()]));
    let started = Instant::now();
    fs::write(&file, "a:b:c]\n").unwrap();
    let words = told(&mut news).await.unwrap_err();
    assert!(words.contains("is no address") && words.ends_with("the list of agents stays as it was"), "{words}");
    assert_eq!(told(&mut news).await.unwrap_err(), words, "as long as it lasts");
    assert_eq!(started.elapsed().as_secs(), 62, "at the second look, and a minute later");
    fs::write(&file, line("b")).unwrap();
    tokio::time::sleep(LOOK_EVERY * 2).await;
    fs::write(&file, line("b") + &line("c")).unwrap();
    assert_eq!(told(&mut news).await, Ok(vec!["unix:/run/b.sock".into(), "unix:/run/c.sock".into()]));
}
