//! What we say that we can do (`dist.hrl`). Each bit is a promise: the VM uses what is promised.

const EXTENDED_REFERENCES: u64 = 0x4;
const DIST_MONITOR: u64 = 0x8;
const FUN_TAGS: u64 = 0x10;
const DIST_MONITOR_NAME: u64 = 0x20;
const NEW_FUN_TAGS: u64 = 0x80;
const EXTENDED_PIDS_PORTS: u64 = 0x100;
const EXPORT_PTR_TAG: u64 = 0x200;
const BIT_BINARIES: u64 = 0x400;
const NEW_FLOATS: u64 = 0x800;
const UTF8_ATOMS: u64 = 0x1_0000;
const MAP_TAG: u64 = 0x2_0000;
const BIG_CREATION: u64 = 0x4_0000;
const EXIT_PAYLOAD: u64 = 0x40_0000;
const HANDSHAKE_23: u64 = 0x100_0000;
const UNLINK_ID: u64 = 0x200_0000;
/// The bits that OTP 25 made mandatory, in one.
const MANDATORY_25_DIGEST: u64 = 1 << 36;
const SPAWN: u64 = 1 << 32;
const NAME_ME: u64 = 1 << 33;
const V4_NC: u64 = 1 << 34;

/// What [`MANDATORY_25_DIGEST`] stands for: a later OTP may leave the single bits out (`dist_util:expand_mand_25/1`).
const MANDATORY_25: u64 = EXTENDED_REFERENCES
    | FUN_TAGS
    | NEW_FUN_TAGS
    | EXTENDED_PIDS_PORTS
    | EXPORT_PTR_TAG
    | BIT_BINARIES
    | NEW_FLOATS
    | UTF8_ATOMS
    | MAP_TAG
    | BIG_CREATION
    | HANDSHAKE_23;

/// What the target must be able to do.
const NEEDED: u64 = HANDSHAKE_23 | SPAWN | BIG_CREATION | UTF8_ATOMS | MAP_TAG;

/// What a target with these flags lacks.
pub(crate) fn lacking(theirs: u64) -> u64 {
    let implied = if theirs & MANDATORY_25_DIGEST == 0 { 0 } else { MANDATORY_25 };
    NEEDED & !(theirs | implied)
}

/// What we can do. We are hidden, since `PUBLISHED` is not among it. `FRAGMENTS` and `DIST_HDR_ATOM_CACHE` are not
/// either: so each message comes as one frame that can be read by itself. With `EXIT_PAYLOAD` a reason comes after the
/// control message: where it cannot be read, it is still known whose it was. Both forms are understood.
pub(crate) const OURS: u64 =
    MANDATORY_25 | MANDATORY_25_DIGEST | DIST_MONITOR | DIST_MONITOR_NAME | EXIT_PAYLOAD | UNLINK_ID | SPAWN | V4_NC;

/// What we can do, and that we want to be given a name.
pub(crate) const OURS_WITHOUT_NAME: u64 = OURS | NAME_ME;

#[cfg(test)]
mod tests;
