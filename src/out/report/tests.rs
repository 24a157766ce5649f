use std::{fs, path::Path};

use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;

use super::*;
use crate::{
    entry::{Entry, Item},
    feed::file::Note,
    model::Vital,
    session::tests::played::{START_US, cluster, recorded},
};

fn options(file: &Path, name: &str) -> Options {
    Options {
        file: file.to_owned(),
        out: file.with_file_name(name),
        is_forced: false,
        from: None,
        to: None,
        notebook: Notebook::default(),
    }
}

fn written(file: &Path, name: &str) -> String {
    let options = Options { is_forced: true, ..options(file, name) };
    report(&options, Clock::system()).unwrap();
    fs::read_to_string(options.out).unwrap()
}

/// The played cluster, and a note that is up to no good.
fn hostile() -> Vec<Entry> {
    let mark = v1::Mark {
        wall_us: Some(START_US + 30_000_000),
        text: Some("<script>alert(1)</script> | \"a\" 'b' \u{1b}[31m".into()),
        author: Some("ann<b>@laptop".into()),
        ..v1::Mark::default()
    };
    let envelope = v1::Envelope {
        node: Some("node-1".into()),
        epoch: Some(7),
        payload: Some(v1::Payload { kind: Some(Kind::Mark(mark)) }.encode_to_vec().into()),
        ..v1::Envelope::default()
    };
    let mut all = cluster();
    let at = Stamp(START_US + 30_000_500);
    let place = all.iter().position(|entry| entry.at > at).unwrap();
    all.insert(place, Entry { at, item: Item::Envelope("node-1:7070".into(), envelope.into()) });
    all
}

/// What a range comes to.
fn read_page(file: &Path, from: Option<&str>, to: Option<&str>) -> Page {
    let mut telling = Telling::open(file, from, to, &Notebook::default()).unwrap();
    let mut progress = Progress::new("report", Clock::system()).unwrap();
    read(&options(file, "a.html"), &mut telling, &mut progress).unwrap()
}

#[test]
fn a_page_says_who_hurt_how_long_and_when() {
    let (_dir, file) = recorded(&cluster());
    let page = read_page(&file, None, None);
    let nodes = page.hurts.nodes();
    let first = nodes.first().unwrap();
    assert_eq!(first.vital, Vital::Queue, "its agent says up to 623 per mille");
    assert_eq!(first.worst.per_mille(), 89 * 7);
    // Its memory is above 20 % all the time; its queue, seven per mille a second, above 50 % from the 72nd second on.
    assert_eq!(first.above_us, [89_000_000, (90 - 72) * 1_000_000, 0]);
    assert_eq!(page.line.worst(Vital::Queue), Some(first.worst));
    let tasks = page.hurts.tasks();
    let mailbox = tasks.iter().find(|hurt| hurt.task.starts_with("task-0 ")).unwrap();
    assert!(mailbox.words.as_deref().is_some_and(|words| words.contains("task-0")), "{mailbox:?}");
    assert_eq!(page.n_notes, page.notes.len());
    assert!(page.notes.iter().any(|note| &*note.text == "release 417" && note.nodes.len() == 2), "{:?}", page.notes);
    assert_eq!(page.shots.len(), page.notes.len().min(SHOTS_MAX));
    assert!(page.shots.iter().all(|shot| shot.svg.contains("REPLAY") && shot.svg.contains("node-")));
}

#[test]
fn a_range_tells_of_the_range() {
    let (_dir, file) = recorded(&cluster());
    let page = read_page(&file, Some("50s"), Some("60s"));
    assert!(page.notes.iter().all(|note| note.at >= Stamp(START_US + 50_000_000)));
    assert_eq!((page.hurts.nodes()[0].vital, page.hurts.nodes()[0].worst.per_mille()), (Vital::Mem, 467));
    assert!(!page.notes.iter().any(|note| &*note.text == "release 417"));
}

#[test]
fn html_holds_all_of_it_and_takes_nothing_from_outside_for_itself() {
    let (_dir, file) = recorded(&hostile());
    let html = written(&file, "a.html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("ann&lt;b&gt;@laptop"));
    for never in ["<script", "<b>", "src=", "href=", "@import", "\u{1b}"] {
        assert!(!html.contains(never), "{never}");
    }
    let n_open = html.matches("<svg ").count();
    assert_eq!(n_open, html.matches("</svg>").count());
    assert_eq!(html.matches("<figure>").count() + 1, n_open, "a time line and the screens");
    for tag in ["table", "tr", "td", "th", "figure", "g", "text", "body", "div", "details", "ul", "li"] {
        let opened = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn markdown_stands_beside_its_pictures() {
    let (_dir, file) = recorded(&hostile());
    let text = written(&file, "a.md");
    assert!(text.starts_with("# a test\n") && !text.contains("<script"));
    assert!(text.contains("&lt;script&gt;alert\\(1\\)"), "{text}");
    let pictures: Vec<&str> = text.split("](a/").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(pictures.contains(&"timeline.svg") && pictures.contains(&"screen-1.svg"), "{pictures:?}");
    let folder = file.with_file_name("a");
    for picture in &pictures {
        assert!(fs::read_to_string(folder.join(picture)).unwrap().starts_with("<svg "));
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), pictures.len());
}

#[test]
fn a_page_is_refused_in_words_and_leaves_nothing() {
    let (dir, file) = recorded(&cluster());
    let said = |options: Options| format!("{:#}", report(&options, Clock::system()).unwrap_err());
    assert!(said(options(&file, "a.pdf")).contains("ends with .html or .md"));
    let late = Options { from: Some("9h".into()), ..options(&file, "a.md") };
    assert!(said(late).contains("outside of the recording"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    written(&file, "a.html");
    assert!(said(options(&file, "a.html")).contains("--force"));
}

#[test]
fn force_replaces_pictures_and_nothing_else_in_their_folder() {
    let (_dir, file) = recorded(&hostile());
    let folder = file.with_file_name("a");
    fs::create_dir_all(folder.join("screen-2.svg")).unwrap();
    let mine = ["thesis.txt", "screen-x.svg", "screen-013.svg", "timeline.svg.bak", "screen-2.svg/deep.txt"];
    for name in mine {
        fs::write(folder.join(name), "mine").unwrap();
    }
    fs::write(folder.join("screen-12.svg"), "of an earlier page").unwrap();
    let forced = Options { is_forced: true, ..options(&file, "a.md") };
    let told = format!("{:#}", report(&forced, Clock::system()).unwrap_err());
    assert!(told.contains("cannot write"), "a folder that has the name of a picture is nobody's to remove: {told}");
    fs::rename(folder.join("screen-2.svg"), folder.join("screens")).unwrap();
    report(&forced, Clock::system()).unwrap();
    for name in mine.map(|name| name.replace("screen-2.svg/", "screens/")) {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "mine");
    }
    assert!(fs::read_to_string(folder.join("timeline.svg")).unwrap().starts_with("<svg "));
    let n_screens = fs::read_to_string(&forced.out).unwrap().matches("](a/screen-").count();
    assert_eq!(folder.join("screen-12.svg").exists(), n_screens >= 12, "{n_screens} screens");
    let told = format!("{:#}", report(&options(&file, "a.md"), Clock::system()).unwrap_err());
    assert!(told.contains("--force"), "{told}");
}

#[test]
fn a_file_where_the_folder_goes_is_not_replaced() {
    let (_dir, file) = recorded(&cluster());
    fs::write(file.with_file_name("a"), "mine").unwrap();
    let forced = Options { is_forced: true, ..options(&file, "a.md") };
    let told = format!("{:#}", report(&forced, Clock::system()).unwrap_err());
    assert!(told.contains("is no folder"), "{told}");
    assert_eq!(fs::read_to_string(file.with_file_name("a")).unwrap(), "mine");
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 2, "no half page");
}

#[test]
fn a_mark_stands_at_the_moment_that_it_is_about_and_notes_put_later_with_it() {
    let (dir, file) = recorded(&cluster());
    let id = Film::open(&file).unwrap().id();
    let notebook = Notebook::default().in_file(dir.path().join("own"));
    let at = Stamp(START_US + 33_000_000);
    let note = Note { at, text: "seen in the replay".into(), author: Some("ann".into()), ..Note::default() };
    notebook.clone().on(&file, id).keep(&note).unwrap();
    let page = |from: &str, to: &str| {
        let mut telling = Telling::open(&file, Some(from), Some(to), &notebook).unwrap();
        let mut progress = Progress::new("report", Clock::system()).unwrap();
        read(&options(&file, "a.html"), &mut telling, &mut progress).unwrap()
    };
    let noted = |page: &Page| page.notes.iter().any(|note| note.at == at && &*note.text == "seen in the replay");
    assert!(noted(&page("30s", "40s")) && !noted(&page("40s", "60s")));
    let all = page("0s", "89s");
    assert!(all.notes.is_sorted_by_key(|note| note.at));
    assert!(all.shots.iter().any(|shot| shot.title == "seen in the replay"));
    let silence = all.notes.iter().find(|note| note.text.starts_with("silent")).unwrap();
    assert!(silence.is_automatic && silence.nodes.iter().eq(["node-2"]), "{silence:?}");
}

#[test]
fn a_page_says_in_short_what_was_worst_and_marks_stand_by_the_time_line() {
    let (_dir, file) = recorded(&cluster());
    let short = words::in_short(&read_page(&file, None, None));
    let queue = short.iter().find(|line| line.starts_with("queue: ")).unwrap();
    assert!(
        queue.contains(" on node-1 was at or above 80 % for 9 s; worst at ") && queue.contains(", 81 %: "),
        "{queue}"
    );
    let html = written(&file, "a.html");
    let places = ["<h1>a test</h1>", "In short", "Time line", "Marks", "Nodes that hurt", "Tasks that hurt", "Screens"];
    assert!(places.map(|word| html.find(word).unwrap()).is_sorted(), "in this order");
}

#[test]
fn no_number_of_a_mark_stands_over_another() {
    let (_dir, file) = recorded(&cluster());
    let mut page = read_page(&file, None, None);
    let one = super::Note { is_automatic: true, ..page.notes[0].clone() };
    // Of many at once some go without, for there is only so much room.
    page.notes = (0..300).map(|n| super::Note { at: Stamp(START_US + n * 250_000), ..one.clone() }).collect();
    page.notes[200].is_automatic = false;
    let svg = line::svg(&page);
    assert!(svg.contains(">201</text>"), "what people noted has its number");
    let attribute = |text: &str, name: &str| -> f64 {
        let (_, rest) = text.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let mut boxes: Vec<(f64, f64, f64)> = Vec::new();
    for text in svg.split("<text ").skip(1).filter(|text| text.contains("#3b82f6")) {
        let (x, y) = (attribute(text, "x"), attribute(text, "y"));
        let figures = text.split('>').nth(1).unwrap().split('<').next().unwrap().len();
        let half = figures as f64 * 3.5;
        assert!(boxes.iter().all(|(left, right, at)| (at - y).abs() > 11.0 || x - half > *right || x + half < *left));
        boxes.push((x - half, x + half, y));
    }
    assert!(boxes.len() >= 100, "{} numbers", boxes.len());
}

#[test]
fn what_damage_took_is_among_what_was_not_recorded() {
    let (_dir, file) = recorded(&cluster());
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&file, bytes).unwrap();
    let page = read_page(&file, None, None);
    let hole = page.holes.iter().find(|hole| hole.why.contains("damaged") || hole.why.contains("chunk")).unwrap();
    assert!(hole.from < hole.to && hole.node.is_none(), "{hole:?}");
    let (_, said) = page.about.iter().find(|(word, _)| *word == "damage").unwrap();
    assert!(said.contains(" is lost (") && said.contains("of all nodes: "), "{said}");
}
