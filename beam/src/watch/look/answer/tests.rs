//! What a node may answer to a look, and what is made of it.

use super::*;
use crate::{
    term::{Atom, Pid, Port},
    watch::look::Party,
};

const HOME: &str = "home@h";

fn atom(name: &'static str) -> Term {
    Term::atom(name)
}

fn pair(key: &'static str, value: impl Into<Term>) -> Term {
    Term::tuple([atom(key), value.into()])
}

fn pid(node: &'static str, id: u32) -> Pid {
    Pid { node: Atom::fixed(node), creation: 1, id, serial: 0 }
}

fn cut(n: i64, some: Vec<Term>) -> Term {
    Term::tuple([n.into(), Term::List(some)])
}

fn frame() -> Term {
    let place = Term::list([pair("file", Term::string("m.erl")), pair("line", 7)]);
    Term::tuple([atom("m"), atom("f"), 2.into(), place])
}

/// An answer with everything in it.
fn whole() -> Term {
    let port = Term::Port(Box::new(Port { node: Atom::fixed(HOME), creation: 1, id: 4 }));
    let at = Term::tuple([atom("far"), atom("other@h")]);
    let here = Term::tuple([atom("near"), atom(HOME)]);
    let monitors = vec![
        pair("process", pid("other@h", 9)),
        pair("process", at),
        pair("process", here),
        pair("port", port.clone()),
    ];
    let info = Term::list([
        pair("registered_name", atom("worker")),
        pair("status", atom("suspended")),
        pair("message_queue_len", 3),
        pair("reductions", 1000),
        pair("current_stacktrace", Term::list([frame()])),
        pair("garbage_collection", Term::list([pair("minor_gcs", 5)])),
        pair("initial_call", Term::tuple([atom("proc_lib"), atom("init_p"), 5.into()])),
        pair("priority", atom("high")),
        pair("group_leader", pid(HOME, 2)),
        pair("trap_exit", atom("true")),
        pair("message_queue_data", atom("off_heap")),
        pair("parent", pid(HOME, 3)),
        pair("stack_size", 10),
        pair("links", cut(70, vec![pid(HOME, 2).into(), port.clone()])),
        pair("monitors", cut(4, monitors)),
        pair("monitored_by", cut(0, vec![])),
    ]);
    let sizes = ["heap_block_size", "old_heap_block_size", "mbuf_size", "bin_vheap_size", "bin_old_vheap_size"];
    let sizes = sizes.iter().zip(1..).map(|(size, n)| pair(size, n * 100)).collect();
    let heap = Term::list([pair("garbage_collection_info", Term::List(sizes)), pair("memory", 4000)]);
    let kin = Term::list([
        pair("$initial_call", Term::tuple([atom("m"), atom("init"), 1.into()])),
        pair("$ancestors", cut(2, vec![atom("boss"), pid(HOME, 2).into()])),
        pair(
            "process_name",
            Term::tuple([
                atom("rabbit_amqqueue_process"),
                Term::tuple([atom("resource"), Term::binary(*b"/"), atom("queue"), Term::binary(*b"q1")]),
            ]),
        ),
    ]);
    let names = Term::Map(vec![(pid(HOME, 2).into(), atom("user")), (port.clone(), atom("a_port"))]);
    let local = Term::list([Term::tuple([atom("near"), pid(HOME, 8).into()])]);
    let stat = Term::tuple([atom("ok"), 1.into(), 2.into(), 900.into()]);
    let links = Term::list([pair("slow@h", stat), pair("strange@h", Term::List(vec![]))]);
    let ports = Term::list([Term::tuple([port, pair("queue_size", 50)])]);
    Term::tuple([info, heap, kin, names, local, Term::tuple([links, ports]), atom("undefined")])
}

#[test]
fn a_whole_answer_is_read() {
    let look = read(&whole(), None, HOME).unwrap();
    assert_eq!((look.name.as_deref(), look.label.as_deref()), (Some("worker"), Some("queue q1 in vhost /")));
    assert_eq!(look.initial_call.unwrap().to_string(), "m:init/1");
    assert_eq!((look.priority.as_deref(), look.traps_exits), (Some("high"), Some(true)));
    assert_eq!((look.is_mailbox_off_heap, look.mailbox, look.reductions), (Some(true), Some(3), Some(1000)));
    assert_eq!(look.stack.iter().map(Frame::to_string).collect::<Vec<_>>(), ["m:f/2 (m.erl:7)"]);
    let heap = Heap {
        young: Some(800),
        old: Some(1600),
        stack: Some(80),
        fragments: Some(2400),
        binaries: Some(7200),
        n_minor_collections: Some(5),
        memory: Some(4000),
    };
    assert_eq!((heap.estimated(), look.heap), (Some(4800), heap));
    let texts = |near: &super::super::Neighbours| near.some.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((look.links.n, texts(&look.links)), (Some(70), vec!["<0.2.0> user".into(), "#Port<0.4> a_port".into()]));
    assert_eq!(texts(&look.monitors), ["<0.9.0> on other@h", "far on other@h", "<0.8.0> near", "#Port<0.4> a_port"]);
    assert_eq!(texts(&look.ancestors), ["boss", "<0.2.0> user"]);
    assert_eq!(look.ancestors.some[0].party, Party::Name("boss".into()));
    assert_eq!(look.parent.unwrap().pid(), Some(&pid(HOME, 3)));
    let Waits::Suspended { links, ports } = look.waits else { panic!("not suspended") };
    let told = [("slow@h", Some(900)), ("strange@h", None)];
    assert_eq!(links, told.map(|(node, pending)| BusyLink { node: node.into(), pending }));
    assert_eq!(ports.iter().map(|port| port.queued).collect::<Vec<_>>(), [50]);
}

#[test]
fn what_is_asked_seldom_stays_with_its_age() {
    let first = read(&whole(), None, HOME).unwrap();
    let Term::Tuple(mut parts) = whole() else { panic!("a tuple") };
    let Term::List(info) = &mut parts[0] else { panic!("a list") };
    info.retain(|pair| {
        !["links", "monitors", "monitored_by"].contains(&pair.as_tuple().unwrap()[0].as_atom().unwrap())
    });
    parts[2] = atom("undefined");
    let alone = read(&Term::Tuple(parts.clone()), None, HOME).unwrap();
    assert_eq!((alone.initial_call.unwrap().to_string(), alone.links.n), ("proc_lib:init_p/5".into(), None));
    let second = read(&Term::Tuple(parts), Some(first.clone()), HOME).unwrap();
    assert_eq!((second.neighbours_age, &second.links, &second.monitors), (1, &first.links, &first.monitors));
    assert_eq!((second.label, second.ancestors), (first.label, first.ancestors));
    assert_eq!(second.initial_call, first.initial_call);
}

#[test]
fn labels_of_all_kinds_are_texts() {
    let cases = [
        (pair("$process_label", Term::tuple([atom("worker"), 7.into()])), "{worker,7}"),
        (pair("label", Term::string("by name")), "by name"),
        (pair("label", Term::binary("bytes")), "bytes"),
        (pair("process_name", atom("plain")), "plain"),
        (
            pair("process_name", Term::tuple([atom("x"), Term::tuple(vec![atom("resource"); 4])])),
            "{x,{resource,resource,resource,resource}}",
        ),
    ];
    for (pair, text) in cases {
        assert_eq!(label(&Term::list([pair])).as_deref(), Some(text));
    }
    assert_eq!(label(&Term::list([pair("label", atom("undefined"))])), None);
}

/// Every part of an answer, replaced by each of these in turn: data from outside may be anything.
#[test]
fn no_answer_is_too_strange() {
    let strange =
        [atom("undefined"), Term::Int(-1), Term::List(vec![]), Term::tuple([]), Term::binary([0xff]), 1.5.into()];
    let mut n = 0;
    for with in &strange {
        for at in 0.. {
            let mut term = whole();
            if !replace(&mut term, &mut { at }, with) {
                break;
            }
            n += usize::from(read(&term, None, HOME).is_some());
        }
    }
    assert!(n > 500, "{n} answers were read");
}

/// Replaces the part with this number, counted from the outside; false where there are fewer.
fn replace(term: &mut Term, at: &mut usize, with: &Term) -> bool {
    if *at == 0 {
        *term = with.clone();
        return true;
    }
    *at -= 1;
    match term {
        Term::Tuple(parts) | Term::List(parts) => parts.iter_mut().any(|part| replace(part, at, with)),
        Term::Map(pairs) => pairs.iter_mut().any(|(key, value)| replace(key, at, with) || replace(value, at, with)),
        _ => false,
    }
}
