use midair_vitals::{QueueKind, TaskReading, Unit};

use super::*;
use crate::{event::Stamped, model::script::*};

/// A node at an address whose task 7 has a queue with such a label.
fn with_socket(node: &str, label: &str) -> Vec<Stamped> {
    let queue =
        Queue { depth: Some(9), label: Some(label.into()), ..Queue::unknown(QueueKind::TcpReceive, Unit::Bytes) };
    let task = TaskReading { queues: Some([queue].into()), ..task(7, 1.0, 0.0, 0.0) };
    vec![up(0.0, node), described(0.1, node), sample(1.0, node, vec![task])]
}

fn beyond(label_of_a: &str, label_of_b: &str) -> Option<String> {
    let model = told(&[with_socket("10.0.0.1", label_of_a), with_socket("10.0.0.2", label_of_b)].concat());
    let node = model.node(&id("10.0.0.1"))?;
    let (queue, _) = node.tasks.values().next()?.queues().next()?;
    model.beyond(node, queue).map(|beyond| model.beyond_name(&beyond))
}

#[test]
fn a_socket_leads_to_the_task_that_holds_its_other_end() {
    let mine = "10.0.0.1:9100 < 10.0.0.2:40112";
    assert_eq!(beyond(mine, "10.0.0.2:40112 > 10.0.0.1:9100").as_deref(), Some("task-7 (7) on 10.0.0.2"));
    assert_eq!(beyond(mine, "10.0.0.2:40113 > 10.0.0.1:9100").as_deref(), Some("host 10.0.0.2"), "another socket");
    assert_eq!(beyond("10.0.0.1:9100 < 10.0.0.3:40112", "x"), None, "nobody is known there");
    assert_eq!(beyond("> pipe:[8102]", "x"), None);
}
