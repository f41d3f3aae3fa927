//! Raw sections of the configuration, as native firmware sent them (captures
//! 11 and 12): settings of a fresh node, nothing personal.

/// Version, capabilities, position flags, hardware, excluded modules.
pub(super) const METADATA_2_7: &[u8] =
    b"\x0a\x0e2.7.26.54e0d8d\x10\x18\x20\x01\x40\xab\x06\x48\x25\x58\x01\x60\xc6\x7b";
/// The same of 2.8.
pub(super) const METADATA_2_8: &[u8] =
    b"\x0a\x0d2.8.0.7754068\x10\x19\x20\x01\x40\xab\x06\x48\x25\x58\x01\x60\xd6\x7b";
/// A part of the table that 2.8 sends in field 19.
pub(super) const REGION_PRESETS: &[u8] = &[
    0x0a, 0x0c, 0x0a, 0x0a, 0, 1, 3, 4, 5, 6, 7, 8, 9, 16, 0x12, 2, 8, 1, 0x12, 2, 8, 2,
];
pub(super) const POSITION: &[u8] = &[
    0x08, 0x90, 0x1c, 0x10, 0x01, 0x28, 0x78, 0x38, 0xab, 0x06, 0x50, 0x64, 0x58, 0xac, 0x02, 0x68,
    0x02,
];
pub(super) const POWER: &[u8] = &[
    0x20, 0x3c, 0x30, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x38, 0xac, 0x02, 0x40, 0x0a,
];
pub(super) const NETWORK: &[u8] = b"\x2a\x17meshtastic.pool.ntp.org";
pub(super) const DISPLAY: &[u8] = &[0x08, 0xd8, 0x04];
/// `sx126x_rx_boosted_gain` and `fem_lna_mode`.
pub(super) const LORA_REST: &[u8] = &[0x68, 0x01, 0xd0, 0x06, 0x02];
pub(super) const BLUETOOTH: &[u8] = &[0x08, 0x01, 0x10, 0x01, 0x18, 0xc0, 0xc4, 0x07];
pub(super) const MODULES: [&[u8]; 13] = [
    b"\x12\x13mqtt.meshtastic.org\x1a\x07meshdev\x22\x0alarge4cats\x28\x01\x42\x06msh/US",
    &[],
    &[],
    &[],
    &[],
    &[0x08, 0xff, 0xff, 0xff, 0xff, 0x07],
    &[],
    &[],
    &[],
    &[],
    &[
        0x10, 0x0a, 0x18, 0xb2, 0x01, 0x20, 0xc3, 0x01, 0x28, 0xd4, 0x01,
    ],
    &[0x10, 0x2d, 0x38, 0x01],
    &[],
];
pub(super) const MODULES_2_8: [&[u8]; 4] = [&[], &[0x20, 0xb0, 0xb5, 0x02], &[], &[0x08, 0x05]];
