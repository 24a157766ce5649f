use super::*;

fn tagged(name: &'static str, values: &[Term]) -> Term {
    Term::Tuple([&[Term::atom(name)], values].concat())
}

fn pool(name: &'static str, carriers: i64, blocks: i64) -> Term {
    let size = tagged("size", &[blocks.into(), 900.into(), 1_000.into()]);
    let types = Term::list([tagged("eheap_alloc", &[Term::list([size])])]);
    let carriers = tagged("carriers_size", &[carriers.into(), 9_000.into(), 10_000.into()]);
    tagged(name, &[Term::list([tagged("blocks", &[types]), carriers])])
}

#[test]
fn what_is_held_now_is_summed_over_all_instances_and_pools() {
    let instance = |number: i64, pools: &[Term]| tagged("instance", &[number.into(), Term::List(pools.to_vec())]);
    let first = instance(0, &[pool("mbcs", 100, 10), pool("sbcs", 200, 190)]);
    let second = instance(1, &[pool("mbcs_pool", 50, 1)]);
    let eheap = Term::tuple([Term::atom("eheap_alloc"), Term::list([first, second])]);
    let off = Term::tuple([Term::atom("temp_alloc"), Term::atom("false")]);
    let said = Term::tuple([7.into(), 8.into(), 9.into(), Term::list([eheap, off])]);
    let allocation = reading(&said).unwrap();
    let expected = Allocator { name: "eheap_alloc".into(), carrier_bytes: 350, block_bytes: 201 };
    assert_eq!(allocation.allocators, [expected]);
    assert_eq!((allocation.carrier_bytes(), allocation.block_bytes()), (Some(350), Some(201)));
    assert_eq!((allocation.at_us, allocation.took_us, allocation.total_bytes), (7, Some(8), Some(9)));
}

#[test]
fn where_none_told_the_sum_is_unknown() {
    for garbage in
        [Term::atom("x"), Term::tuple([]), Term::List(vec![]), Term::list([Term::tuple([1.into(), 2.into()])])]
    {
        let allocation = reading(&Term::tuple([1.into(), garbage.clone(), garbage.clone(), garbage.clone()])).unwrap();
        assert_eq!((allocation.carrier_bytes(), allocation.block_bytes()), (None, None));
        assert_eq!(reading(&garbage), None);
    }
}
