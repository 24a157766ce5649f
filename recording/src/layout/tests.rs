use super::*;

#[test]
fn heads_come_back_as_they_went() {
    let mut block = BlockHead {
        major: 1,
        minor: 0,
        is_keyed: true,
        window_log: 20,
        number: 7,
        file_id: 0x1234_5678_9ABC_DEF0,
        first_us: 1_700_000_000_000_000,
        wall_us: 1_700_000_000_000_001,
        n_before: 12_345,
        previous: 0xDEAD_BEEF,
        crc: 0,
    };
    let bytes = block.encode();
    assert_eq!(BlockHead::decode(&bytes), Some(block));
    let record =
        RecordHead { tag: TAG_CHUNK, flags: 1, n_entries: 9, length: 100, first_ms: 1, last_ms: 999, crc: 0xABCD };
    let bytes = record.encode(block.crc);
    assert_eq!(RecordHead::decode(&bytes, block.crc), Some(record));
    assert_eq!(RecordHead::decode(&bytes, block.crc ^ 1), None, "it follows something else");
}

#[test]
fn a_flipped_bit_is_no_head() {
    let bytes = BlockHead::default().encode();
    let record = RecordHead { tag: TAG_CHUNK, ..RecordHead::default() }.encode(1);
    for bit in 0..BLOCK_HEAD * 8 {
        let mut damaged = bytes;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(BlockHead::decode(&damaged), None, "bit {bit}");
    }
    for bit in 0..RECORD_HEAD * 8 {
        let mut damaged = record;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(RecordHead::decode(&damaged, 1), None, "bit {bit}");
    }
}
