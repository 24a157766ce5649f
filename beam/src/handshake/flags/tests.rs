use super::*;

#[test]
fn a_digest_stands_for_the_bits_of_otp_25() {
    assert_eq!(lacking(MANDATORY_25_DIGEST | SPAWN), 0);
    assert_eq!(lacking(MANDATORY_25_DIGEST), SPAWN);
    assert_eq!(lacking(0), NEEDED);
    // What OTP 25 was seen to send.
    assert_eq!(lacking(0xf_07df_7fbc), 0);
}

#[test]
fn we_are_hidden_and_whole_frames_come() {
    let (published, atom_cache, fragments) = (0x1, 0x2000, 0x80_0000);
    assert_eq!(OURS_WITHOUT_NAME & (published | atom_cache | fragments), 0);
    assert_eq!(OURS & MANDATORY_25, MANDATORY_25);
}
