use std::{collections::BTreeMap, fs, path::Path};

use ::parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::Field,
};
use midair_proto::v1;
use midair_recording::{Body, Writer};
use prost::Message as _;
use serde_json::Value;

use super::{text::Lines, *};
use crate::{
    app::utc,
    entry::{Entry, Item},
    event::{self, Event, Stamp},
    feed::file::{Film, Note, Notebook},
    model::{Model, TaskValue},
    session::tests::played::{SECONDS, START_US, cluster, recorded},
    wire::Decoder,
};

fn options(file: &Path, format: Format) -> Options {
    Options::all_of(file, format, Some(file.with_extension("out")))
}

/// What is written, with changed options.
fn written(file: &Path, format: Format, change: impl FnOnce(&mut Options)) -> anyhow::Result<String> {
    let mut options = Options { is_forced: true, ..options(file, format) };
    change(&mut options);
    let n_rows = export(&options, Clock::system())?;
    let text = fs::read_to_string(options.out.unwrap()).unwrap();
    let n_names = usize::from(format == Format::Csv);
    assert_eq!(text.lines().count() - n_names, usize::try_from(n_rows).unwrap(), "a row is a line");
    Ok(text)
}

fn objects(file: &Path, change: impl FnOnce(&mut Options)) -> Vec<Value> {
    let text = written(file, Format::Jsonl, change).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn said(result: anyhow::Result<String>) -> String {
    format!("{:#}", result.unwrap_err())
}

/// But for the last digit, which the parser of JSON is free in.
fn is_same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * b.abs(),
        (a, b) => a == b,
    }
}

fn count(rows: &[Value], kind: &str, node: &str) -> usize {
    rows.iter().filter(|row| row["kind"] == kind && row["node"] == node).count()
}

/// The same entries, folded by hand.
fn folded(entries: &[Entry], mut look: impl FnMut(&Model, Stamp, &Event)) {
    let (mut decoder, mut model) = (Decoder::default(), Model::new(1_000_000));
    for entry in entries {
        for stamped in decoder.decode(entry) {
            model.apply(&stamped);
            look(&model, stamped.at, &stamped.event);
        }
    }
}

#[test]
fn there_is_a_row_for_each_node_task_and_vm_of_each_sample() {
    let all = cluster();
    let (_dir, file) = recorded(&all);
    let rows = objects(&file, |_| {});
    assert_eq!(count(&rows, "node", "node-1"), SECONDS as usize);
    assert_eq!(count(&rows, "node", "node-2"), SECONDS as usize - 12, "it was cut off for 12 s");
    let (mut n_tasks, mut n_vms, mut n_sums, mut n_marks) = (0, 0, 0, 0);
    folded(&all, |_, _, event| match event {
        Event::Sample(sample) => {
            n_tasks += sample.tasks.len();
            n_vms += sample.vms.len();
            n_sums += sample.reading.sums.len();
        }
        Event::Mark(_) => n_marks += 1,
        _ => {}
    });
    let of = |kinds: &[&str]| rows.iter().filter(|row| kinds.contains(&row["kind"].as_str().unwrap())).count();
    assert_eq!(of(&["process", "thread", "kernel thread", "erlang", "tokio"]), n_tasks);
    assert_eq!((of(&["vm"]), of(&["queue"]), of(&["mark"])), (n_vms, n_sums, n_marks));
    assert!(n_tasks > 500 && n_vms > 50 && n_marks > 2, "{n_tasks} tasks, {n_vms} VMs, {n_marks} marks");
}

#[test]
fn values_are_those_that_screens_show() {
    let all = cluster();
    let (_dir, file) = recorded(&all);
    let rows = objects(&file, |_| {});
    let mut nodes = rows.iter().filter(|row| row["kind"] == "node");
    let mut tasks = rows.iter().filter(|row| row["kind"] == "process");
    let mut n_known = 0;
    folded(&all, |model, at, event| {
        let Event::Sample(sample) = event else { return };
        let node = model.node(&sample.node).unwrap();
        let vitals = &node.latest.as_ref().unwrap().vitals;
        let row = nodes.next().unwrap();
        assert_eq!(row["time"], columns::moment_text(at.0));
        assert!(is_same(row["cpu_cores"].as_f64(), vitals.cpu));
        assert!(is_same(row["run_delay_s_per_s"].as_f64(), vitals.delay));
        assert_eq!(row["mem_used_bytes"].as_u64(), vitals.mem_used_bytes);
        let percent = |s: Option<midair_vitals::Severity>| s.map(|s| f64::from(s.per_mille()) / 10.0);
        assert_eq!(row["sched_severity_percent"].as_f64(), percent(vitals.severities.sched));
        assert_eq!(row["worst_severity_percent"].as_f64(), percent(vitals.severities.worst()));
        for reading in sample.tasks.iter().filter(|task| task.id.runtime == 0) {
            let (task, row) = (&node.tasks[&reading.id], tasks.next().unwrap());
            assert_eq!(row["task"].as_str(), Some(&*task.number()));
            assert!(is_same(row["cpu_cores"].as_f64(), task.vitals.cpu));
            assert_eq!(row["queue_depth"].as_u64(), task.worst_queue().and_then(|(queue, _)| queue.depth));
            let growth = task.worst_queue().and_then(|(_, vitals)| vitals.growth);
            assert!(is_same(row["queue_growth_per_s"].as_f64(), growth));
            n_known +=
                usize::from(task.series.points().next_back().unwrap().values.get(TaskValue::Cpu as usize).is_some());
        }
    });
    assert!(nodes.next().is_none() && tasks.next().is_none());
    assert!(n_known > 500, "{n_known} rates are known");
}

#[test]
fn unknown_is_null_and_what_a_kind_does_not_have_is_left_out() {
    let (_dir, file) = recorded(&cluster());
    let rows = objects(&file, |_| {});
    let first = rows.iter().find(|row| row["kind"] == "node").unwrap().as_object().unwrap();
    assert_eq!(first.get("cpu_cores"), Some(&Value::Null), "one sample has no rate");
    assert_eq!(first.get("reductions_per_s"), None);
}

#[test]
fn csv_says_the_same_as_json() {
    let (_dir, file) = recorded(&cluster());
    let objects = objects(&file, |_| {});
    let text = written(&file, Format::Csv, |_| {}).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), objects.len());
    for (record, object) in records.iter().zip(&objects) {
        let of_record: BTreeMap<&str, &str> = names.iter().zip(record).filter(|(_, text)| !text.is_empty()).collect();
        let known = object.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
        let mut n_known = 0;
        for (name, value) in known {
            n_known += usize::from(value.as_str() != Some(""));
            match value {
                Value::String(text) => assert_eq!(of_record.get(&**name).copied().unwrap_or_default(), text),
                Value::Number(number) => assert!(is_same(of_record[&**name].parse().ok(), number.as_f64()), "{name}"),
                Value::Bool(flag) => assert_eq!(of_record[&**name], flag.to_string()),
                other => panic!("{name}: {other}"),
            }
        }
        assert_eq!(of_record.len(), n_known);
    }
}

#[test]
fn parquet_says_the_same_as_json() {
    let (_dir, file) = recorded(&cluster());
    let objects = objects(&file, |_| {});
    let options = Options { is_forced: true, ..options(&file, Format::Parquet) };
    assert_eq!(export(&options, Clock::system()).unwrap(), objects.len() as u64);
    let reader = SerializedFileReader::new(fs::File::open(options.out.unwrap()).unwrap()).unwrap();
    let mut n_rows = 0;
    for (row, object) in reader.get_row_iter(None).unwrap().zip(&objects) {
        n_rows += 1;
        for (name, field) in row.unwrap().get_column_iter() {
            let value = &object[name];
            match field {
                Field::Null => assert!(value.is_null(), "{name}"),
                Field::Str(text) => assert_eq!(value, text),
                Field::Long(n) => assert_eq!(value.as_i64(), Some(*n)),
                Field::Double(number) => assert!(is_same(Some(*number), value.as_f64()), "{name}"),
                Field::TimestampMicros(us) => assert_eq!(value, &*columns::moment_text(us.cast_unsigned())),
                Field::Bool(flag) => assert_eq!(value, flag),
                other => panic!("{name}: {other}"),
            }
        }
    }
    assert_eq!(n_rows, objects.len());
}

/// One entry of these rows, in the form that a sink takes.
fn made<F: Form>(mut form: F, rows: impl IntoIterator<Item = Row<'static>>) -> F::Rows {
    rows.into_iter().for_each(|row| form.row(&row).unwrap());
    form.end().unwrap();
    form.take().unwrap()
}

#[test]
fn many_rows_are_several_groups() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut sink = Parquet::new(file.reopen().unwrap(), None).unwrap();
    for first in (0..140_000_u64).step_by(1_000) {
        let row = |n: u64| {
            let mut row = Row::new(None);
            row.count(columns::Column::Process, (!n.is_multiple_of(3)).then_some(if n == 1 { u64::MAX } else { n }));
            row.text(columns::Column::Name, n.is_multiple_of(5).then_some("a"));
            row
        };
        sink.put(&mut made(Columns::new(None), (first..first + 1_000).map(row))).unwrap();
    }
    sink.finish().unwrap();
    let reader = SerializedFileReader::new(file.reopen().unwrap()).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 3);
    let mut n_rows = 0;
    for (n, row) in reader.get_row_iter(None).unwrap().enumerate() {
        let row = row.unwrap();
        let is_null = n.is_multiple_of(3) || n == 1;
        let expected = if is_null { Field::Null } else { Field::Long(n as i64) };
        let of = |name| row.get_column_iter().find(|(column, _)| *column == name).unwrap().1;
        assert_eq!(*of("process"), expected, "what does not fit is not known");
        assert_eq!(*of("name"), if n.is_multiple_of(5) { Field::Str("a".into()) } else { Field::Null });
        n_rows += 1;
    }
    assert_eq!(n_rows, 140_000);
}

#[test]
fn however_many_derive_the_rows_the_file_is_the_same() {
    let (dir, file) = recorded(&cluster());
    let id = Film::open(&file).unwrap().id();
    let notebook = Notebook::default().in_file(dir.path().join("own"));
    let nodes = ["node-1", "node-2"].map(|node| (event::NodeId::new(node), START_US + 30_000_000));
    let note = Note { nodes: nodes.into(), at: Stamp(START_US + 30_000_000), text: "here".into(), ..Note::default() };
    notebook.clone().on(&file, id).keep(&note).unwrap();
    for format in [Format::Jsonl, Format::Csv, Format::Parquet] {
        let by = |n_workers| {
            let notebook = notebook.clone();
            let options = Options { is_forced: true, n_workers, notebook, ..options(&file, format) };
            let n_rows = export(&options, Clock::system()).unwrap();
            (n_rows, fs::read(options.out.unwrap()).unwrap())
        };
        let one = by(1);
        assert!(one.0 > 1_000);
        for n_workers in [2, 3, 5] {
            assert!(by(n_workers) == one, "{format:?} by {n_workers}");
        }
    }
    let asked = |node: &str| written(&file, Format::Csv, |o| (o.nodes, o.n_workers) = (vec![node.into()], 3));
    assert!(asked("node-2").is_ok() && said(asked("node-9")).contains("node-1, node-2"), "none of them has met it");
}

#[test]
fn only_what_is_asked_for_is_written() {
    let (_dir, file) = recorded(&cluster());
    let rows = objects(&file, |o| o.nodes = vec!["node-2".into()]);
    assert!(rows.iter().all(|row| row["node"] == "node-2") && count(&rows, "node", "node-2") > 70);
    let rows = objects(&file, |o| o.task = Some("103".into()));
    assert!(!rows.is_empty() && rows.iter().all(|row| row["task"] == "103"));
    let rows = objects(&file, |o| o.task = Some("TASK-1".into()));
    assert!(!rows.is_empty() && rows.iter().all(|row| row["name"] == "task-1"), "six rows travel in the stream");
    let by_id = objects(&file, |o| o.task = Some("0/101/5".into()));
    assert_eq!(rows, by_id);
    let rows = objects(&file, |o| o.task = Some("!task-1".into()));
    assert!(rows.iter().all(|row| row["task"].is_string() && row["name"] != "task-1") && !rows.is_empty());
    let rows = objects(&file, |o| o.vital = Some(Vital::Mem));
    let node = rows.iter().find(|row| row["kind"] == "node").unwrap();
    assert!(
        node["mem_used_bytes"].is_u64() && node.get("cpu_cores").is_none() && node.get("agent_rss_bytes").is_none()
    );
    let names = written(&file, Format::Csv, |o| o.vital = Some(Vital::Mem)).unwrap();
    assert!(names.lines().next().unwrap().contains(",mem_used_bytes,") && !names.contains("cpu_cores"));
}

#[test]
fn a_range_has_the_rows_that_all_of_it_has_there() {
    let (_dir, file) = recorded(&cluster());
    let all = objects(&file, |_| {});
    let range = objects(&file, |o| (o.from, o.to) = (Some("45s".into()), Some("60s".into())));
    let text = |seconds: u64| columns::moment_text(START_US + seconds * 1_000_000);
    let is_in = |row: &&Value| (text(45)..=text(60)).contains(&row["time"].as_str().unwrap().to_owned());
    let same: Vec<Value> = all.iter().filter(is_in).cloned().collect();
    assert!(same.len() > 100);
    assert_eq!(range, same, "rates, growth and all");
}

#[test]
fn hostile_names_stay_one_line_and_one_field() {
    let hostile = "a,\"b\"\n=1+1\u{1b}[31m\r;";
    let mut row = Row::new(None);
    row.text(columns::Column::Name, Some(hostile));
    let lines = |lines: &Lines| lines.bytes.clone();
    let csv = [Csv::new(None).names().as_bytes().to_vec(), lines(&made(Csv::new(None), [row.clone()]))].concat();
    let jsonl = lines(&made(Jsonl::default(), [row]));
    assert_eq!(csv.iter().filter(|byte| **byte == b'\n').count(), 2);
    let record = ::csv::Reader::from_reader(&csv[..]).into_records().next().unwrap().unwrap();
    assert!(record.iter().any(|field| field == "a,\"b\"\u{fffd}=1+1\u{fffd}[31m\u{fffd};"), "{record:?}");
    assert_eq!(jsonl.iter().filter(|byte| byte.is_ascii_control()).count(), 1, "the end of the line");
    assert_eq!(serde_json::from_slice::<Value>(&jsonl).unwrap()["name"], hostile);
}

#[test]
fn what_is_not_there_is_said_and_nothing_is_left() {
    let (dir, file) = recorded(&cluster());
    let told = said(written(&file, Format::Csv, |o| o.nodes = vec!["node-9".into()]));
    assert!(told.contains("no node is called \"node-9\"") && told.contains("node-1, node-2"), "{told}");
    let told = said(written(&file, Format::Csv, |o| (o.from, o.to) = (Some("60s".into()), Some("45s".into()))));
    assert!(told.contains("ends before it begins"), "{told}");
    let told = said(written(&file, Format::Csv, |o| o.from = Some("3h".into())));
    assert!(told.contains("--from") && told.contains("outside of the recording"), "{told}");
    let other = dir.path().join("other");
    fs::write(&other, "no recording").unwrap();
    let told = said(written(&other, Format::Csv, |_| {}));
    assert!(told.contains("no midair recording"), "{told}");
    let told = said(written(&file, Format::Parquet, |o| o.out = None));
    assert!(told.contains("name one with --out"), "{told}");
    let told = said(written(&file, Format::Csv, |o| o.out = Some(dir.path().join("no/where"))));
    assert!(told.contains("cannot write"), "{told}");
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.midair", "other"], "no half file stays");
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_forced() {
    let (_dir, file) = recorded(&cluster());
    let options = options(&file, Format::Jsonl);
    let out = options.out.clone().unwrap();
    fs::write(&out, "mine").unwrap();
    let told = format!("{:#}", export(&options, Clock::system()).unwrap_err());
    assert!(told.contains("is there already") && told.contains("--force"), "{told}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    export(&Options { is_forced: true, ..options }, Clock::system()).unwrap();
    assert!(fs::read_to_string(&out).unwrap().starts_with('{'));
}

#[test]
fn damage_costs_its_block_and_the_rest_is_written() {
    let (_dir, file) = recorded(&cluster());
    let all = objects(&file, |_| {});
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    fs::write(&file, bytes).unwrap();
    let rows = objects(&file, |_| {});
    assert!(rows.len() > all.len() / 10 && rows.len() < all.len(), "{} of {}", rows.len(), all.len());
    assert!(rows.iter().filter(|row| row["kind"] == "node").all(|row| all.contains(row) || row["cpu_cores"].is_null()));
}

#[test]
fn every_column_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recording/EXPORT.md");
    let document = fs::read_to_string(&path).unwrap();
    let line = |column: &columns::Meta| {
        let holds = match column.holds {
            columns::Holds::Moment => "moment",
            columns::Holds::Text => "text",
            columns::Holds::Count => "count",
            columns::Holds::Number => "number",
            columns::Holds::Flag => "flag",
        };
        let part = match column.part {
            columns::Part::All => "",
            columns::Part::Of(vital) => vital.word(),
            columns::Part::Rest => "-",
        };
        let (of, doc) = column.doc;
        format!("| `{}` | {holds} | {part} | {of} | {doc} |\n", column.name)
    };
    let table: String = columns::COLUMNS.iter().map(line).collect();
    let (begin, end) = (document.find("| `time`").unwrap(), document.rfind("|\n").unwrap() + 2);
    if std::env::var_os("MIDAIR_BLESS").is_some() {
        fs::write(&path, format!("{}{table}{}", &document[..begin], &document[end..])).unwrap();
        return;
    }
    assert_eq!(&document[begin..end], table, "MIDAIR_BLESS=1 writes it anew");
}

#[test]
fn a_file_of_a_black_box_is_told_by_the_wall_clock_everywhere() {
    let (dir, path) = (tempfile::tempdir().unwrap(), Path::new("box.midair"));
    let path = dir.path().join(path);
    // Its host has run for an hour, and its wall clock is set back by half an hour after the first block.
    let (up_us, back_us) = (3_600_000_000, 1_800_000_000);
    let header = v1::RecordingHeader::default();
    let mut writer = Writer::new(fs::File::create(&path).unwrap(), &header, 7, Default::default()).unwrap();
    for second in 0..100 {
        let at_us = up_us + second * 1_000_000;
        if second % 50 == 0 {
            writer.begin_block(at_us, START_US + second * 1_000_000 - second / 50 * back_us, true).unwrap();
        }
        let mark = v1::Mark { text: Some(format!("mark {second}")), ..v1::Mark::default() };
        let mark = v1::RecordedMark { at_us: Some(at_us), node: None, mark: Some(mark) };
        writer.push(at_us, false, &Body::Mark(mark)).unwrap();
    }
    writer.finish().unwrap();
    let expected: Vec<u64> = (0..100).map(|second| START_US + second * 1_000_000).collect();
    let mut film = Film::open(&path).unwrap();
    assert_eq!(film.range(), (Stamp(expected[0]), Stamp(expected[99])));
    assert_eq!(film.marks().unwrap().into_iter().map(|(at, _)| at.0).collect::<Vec<_>>(), expected);
    let times = |rows: Vec<Value>| rows.iter().map(|row| row["time"].clone()).collect::<Vec<_>>();
    let texts: Vec<String> = expected.iter().map(|at| columns::moment_text(*at)).collect();
    assert_eq!(times(objects(&path, |_| {})), texts);
    let part = objects(&path, |o| (o.from, o.to) = (Some("55s".into()), Some("58s".into())));
    assert_eq!(times(part), &texts[55..=58]);
    let info = crate::cli::Info::read(&path).unwrap().to_string();
    assert!(info.contains(&utc(Stamp(START_US))) && info.contains("0:01:39 later"), "{info}");
}

#[test]
fn notes_that_were_put_later_are_rows_at_their_moment() {
    let (dir, file) = recorded(&cluster());
    let id = Film::open(&file).unwrap().id();
    let own = dir.path().join("own");
    let at = |seconds: u64| START_US + seconds * 1_000_000;
    let of_user = serde_json::json!({"at_us": at(50), "text": "of the user's", "nodes": [], "recording": id});
    let of_other = serde_json::json!({"at_us": at(50), "text": "of another", "nodes": [], "recording": "12"});
    fs::write(&own, format!("{of_user}\n{of_other}\n")).unwrap();
    let notebook = Notebook::default().in_file(own);
    let beside = Note {
        nodes: vec![(event::NodeId::new("node-1"), at(30) + 1_000)],
        at: Stamp(at(30)),
        text: "beside it".into(),
        author: Some("ann".into()),
        ..Note::default()
    };
    notebook.clone().on(&file, id).keep(&beside).unwrap();
    let marks = |from: Option<&str>| -> Vec<Value> {
        let rows = objects(&file, |o| (o.notebook, o.from) = (notebook.clone(), from.map(Into::into)));
        assert!(rows.is_sorted_by_key(|row| row["time"].as_str().unwrap().to_owned()), "in the order of time");
        rows.into_iter().filter(|row| row["kind"] == "mark").collect()
    };
    let all = marks(None);
    let noted = |text: &str| all.iter().find(|row| row["text"] == text).unwrap();
    let row = noted("beside it");
    assert_eq!((&row["time"], &row["node"]), (&columns::moment_text(at(30)).into(), &"node-1".into()));
    assert_eq!((&row["node_time"], &row["author"]), (&columns::moment_text(at(30) + 1_000).into(), &"ann".into()));
    let row = noted("of the user's");
    assert_eq!((&row["time"], &row["node"]), (&columns::moment_text(at(50)).into(), &Value::Null));
    assert!(all.iter().all(|row| row["text"] != "of another"));
    assert!(marks(Some("40s")).iter().all(|row| row["text"] != "beside it"), "before the range");
}

#[test]
fn a_rollup_tells_of_vms_and_tasks() {
    let span = |n| Some(v1::Span { min: Some(n), mean: Some(n * 2), max: Some(n * 3) });
    let id = |runtime, number| Some(v1::TaskId { runtime: Some(runtime), number: Some(number), start: Some(5) });
    let task = |id, name: &str| v1::TaskRollup {
        task: id,
        name: Some(name.into()),
        cpu: span(100_000),
        queue: span(50),
        ..v1::TaskRollup::default()
    };
    let rollup = v1::Rollup {
        window_us: Some(10_000_000),
        wall_us: Some(START_US + 10),
        vms: vec![v1::VmRollup { name: Some("chat@a".into()), ets_bytes: span(1_000), ..v1::VmRollup::default() }],
        tasks: vec![task(id(0, 77), "postgres"), task(id(3, 5 << 32 | 812), "chat_room")],
        ..v1::Rollup::default()
    };
    let payload = v1::Payload { kind: Some(v1::payload::Kind::Rollup(rollup)) }.encode_to_vec();
    let envelope =
        v1::Envelope { node: Some("node-1".into()), payload: Some(payload.into()), ..v1::Envelope::default() };
    let (_dir, file) = recorded(&[Entry { at: Stamp(START_US), item: Item::Envelope("".into(), envelope.into()) }]);
    let rows = objects(&file, |_| {});
    let told = |row: &Value| {
        [&row["kind"], &row["task"], &row["name"], &row["value"]].map(|v| v.as_str().unwrap_or("-").to_owned())
    };
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [
            ["vm rollup", "-", "chat@a", "mem_ets_bytes"],
            ["task rollup", "77", "postgres", "cpu_cores"],
            ["task rollup", "77", "postgres", "queue_severity_percent"],
            ["task rollup", "<0.812.5>", "chat_room", "cpu_cores"],
            ["task rollup", "<0.812.5>", "chat_room", "queue_severity_percent"],
        ]
    );
    let numbers = |row: &Value| ["min", "mean", "max", "window_s"].map(|name| row[name].as_f64().unwrap());
    assert_eq!(numbers(&rows[0]), [1_000.0, 2_000.0, 3_000.0, 10.0]);
    assert!(is_same(Some(numbers(&rows[1])[1]), Some(0.2)) && is_same(Some(numbers(&rows[2])[2]), Some(15.0)));
    assert_eq!(objects(&file, |o| o.task = Some("<0.812.5>".into())).len(), 2);
    assert_eq!(objects(&file, |o| o.task = Some("!postgres".into())).len(), 2, "of VMs no rows are asked for");
    assert_eq!(objects(&file, |o| o.vital = Some(Vital::Mem)).len(), 1);
}
