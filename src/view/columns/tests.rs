use super::{cgroups, cluster, cpus, host, namespaces, nodes, queues, tasks};
use crate::{app::heads, view::widget::table::Column};

fn check<R: ?Sized>(heads: &[heads::Head], columns: &[Column<R>]) {
    for head in heads {
        let n = columns.iter().filter(|column| column.title == head.title).count();
        assert_eq!(n, 1, "columns for the head {:?}", head.title);
    }
}

#[test]
fn each_head_has_one_column() {
    check(heads::NODES, nodes::Row::ALL);
    check(heads::GROUPS, cluster::GroupRow::ALL);
    check(heads::PEERS, cluster::PeerRow::ALL);
    check(heads::QUEUES, queues::Row::ALL);
    check(heads::OF_CLUSTER, tasks::Row::ALL);
    check(heads::OF_NODE, tasks::Row::ALL);
    check(heads::CHILDREN, tasks::Row::ALL);
    check(heads::ALL_QUEUES, queues::Row::ALL);
    check(heads::CGROUPS, cgroups::ALL);
    check(heads::NAMESPACES, namespaces::ALL);
    check(heads::CPUS, cpus::ALL);
    check(heads::HOST, host::ALL);
}
