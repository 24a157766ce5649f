use super::*;
use crate::model::script::*;

#[test]
fn what_the_black_box_holds_stands_beside_it_where_there_is_room() {
    let holds = "each second of 50 min, every 10 s of 24 h, in 93 KiB on disk; ~14 h of each second fit";
    let source = Source {
        name: "black box".into(),
        health: Health::Ok,
        note: Some(holds.into()),
        cpu_us: None,
        period_ms: None,
        slow_period_ms: None,
    };
    let model = told(&[described(0.0, "a"), sample_with(1.0, "a", |sample| sample.sources = vec![source])]);
    let node = model.node(&id("a")).unwrap();
    let text = |told| parts(node, told).into_iter().map(|part| part.text).collect::<Vec<_>>();
    assert_eq!(text(Told::Notes)[1..], [format!("black box ok: {holds}")]);
    assert_eq!(text(Told::Health)[1..], ["black box ok"]);
}
