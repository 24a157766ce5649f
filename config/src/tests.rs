use std::{ffi::OsString, fs, path::PathBuf, time::Duration};

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use super::*;

#[derive(Debug, Parser)]
#[command(name = "prog")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[arg(conflicts_with = "list")]
    hosts: Vec<String>,

    #[arg(long, default_value = "1s", value_parser = seconds)]
    interval: Duration,

    #[arg(long)]
    list: Option<PathBuf>,

    #[arg(long, env = "MIDAIR_CONFIG_TEST_NAME")]
    name: Option<String>,

    #[arg(long = "label", value_delimiter = ',')]
    labels: Vec<String>,

    #[arg(long)]
    insecure: bool,

    #[arg(long, requires = "key")]
    cert: Option<PathBuf>,

    #[arg(long)]
    key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Hub(Hub),
    Other,
}

#[derive(Args, Debug)]
struct Hub {
    #[arg(long)]
    listen: String,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').and_then(|number| number.parse().ok());
    number.map(Duration::from_secs).ok_or_else(|| "write it as 2s".to_owned())
}

fn program() -> Program {
    let command = Cli::command();
    let hub = command.find_subcommand("hub").unwrap().clone();
    let sections = vec![Section { name: "main", command }, Section { name: "hub", command: hub }];
    let of = |name: Option<&str>| match name {
        None => Some("main"),
        Some("hub") => Some("hub"),
        Some(_) => None,
    };
    Program { sections, others: vec!["elsewhere"], of }
}

fn parse(text: &str, flags: &[&str]) -> Result<Cli, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, text).unwrap();
    let config = format!("--config={}", file.path().display());
    let args = ["prog", &config].iter().chain(flags).map(OsString::from).collect();
    let short = |error: &ConfigError| error.to_string().replace(&*file.path().to_string_lossy(), "F");
    match program().parse_from(args) {
        Ok(Ok((cli, _))) => Ok(cli),
        Ok(Err(error)) => Err(error.to_string()),
        Err(errors) => Err(errors.iter().map(short).collect::<Vec<_>>().join("\n")),
    }
}

#[test]
fn flags_come_before_files_and_these_before_defaults() {
    let text = "[main]\ninterval = '5s'\ninsecure = true\nlabel = ['a', 'b']\nname = 'n'\n[elsewhere]\nx = 1\n";
    let cli = parse(text, &[]).unwrap();
    assert_eq!((cli.interval.as_secs(), cli.insecure, cli.labels), (5, true, vec!["a".to_owned(), "b".to_owned()]));
    let cli = parse(text, &["--interval=2s", "--label=c"]).unwrap();
    assert_eq!((cli.interval.as_secs(), cli.labels, cli.name), (2, vec!["c".to_owned()], Some("n".to_owned())));
    assert_eq!(parse("", &[]).unwrap().interval.as_secs(), 1);
}

#[test]
fn what_a_flag_excludes_gives_way_and_what_is_needed_may_stand_in_the_file() {
    let text = "[main]\nlist = 'l'\n[hub]\nlisten = 'x:1'\n";
    assert!(parse(text, &[]).unwrap().list.is_some());
    let named = parse(text, &["host-1"]).unwrap();
    assert_eq!((named.list, named.hosts.len()), (None, 1));
    assert!(matches!(parse(text, &["hub"]).unwrap().command, Some(Command::Hub(hub)) if hub.listen == "x:1"));
    assert!(parse("", &["hub"]).unwrap_err().contains("--listen"), "without a file it is still needed");
}

#[test]
fn each_fault_is_told_with_its_line_and_the_way_out() {
    let wrong = |text: &str| parse(text, &[]).unwrap_err();
    assert_eq!(wrong("\n[main]\nintervall = '2s'\n"), "F:3: there is no key \"intervall\" here; is it \"interval\"?");
    assert_eq!(wrong("[mian]\n"), "F:1: there is no section [mian]; is it \"main\"?");
    assert_eq!(wrong("interval = '2s'"), "F:1: interval stands in no section; begin one with [agent], for example");
    let soon = wrong("[main]\ninterval = 'soon'\ninsecure = 'yes'\nlist = ['a']\nname = true\n");
    let lines: Vec<&str> = soon.lines().collect();
    assert!(lines[0].starts_with("F:2: invalid value 'soon' for '--interval") && lines[0].contains("write it as 2s"));
    assert_eq!(lines[1], "F:3: insecure is true or false");
    assert_eq!(lines[2], "F:4: list takes one value, not a list: list = LIST");
    assert_eq!(lines[3], "F:5: name takes a value, and neither true nor false: name = NAME");
    assert!(wrong("[main]\ncert = 'c'\n").starts_with("F:1: the following required arguments were not provided"));
    assert!(wrong("[main\n").starts_with("F:1: "));
}

#[test]
fn of_two_files_each_key_of_the_later_one_counts_and_each_value_says_where_it_is_from() {
    let of_host = File::parse("/h".as_ref(), "[main]\nname = 'host'\ninterval = '5s'\n").unwrap();
    let of_user = File::parse("/u".as_ref(), "[main]\nname = 'user'\n").unwrap();
    let shown = program().show("main", &[of_host, of_user], &["--insecure".into()]).unwrap();
    let shown: Vec<String> = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in ["name = \"user\" # /u:2", "interval = \"5s\" # /h:3", "insecure = true # flag", "# list # not set"] {
        assert!(shown.contains(&line.to_owned()), "{line} in {shown:?}");
    }
}
