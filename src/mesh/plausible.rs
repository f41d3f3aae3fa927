//! What a measured value can be. Sensors fail, memory is read before it is
//! written, and some say nonsense on purpose: what is outside its bounds is
//! unknown. It is never made to fit, which would invent a measurement.
//!
//! One table for everything that is read off the mesh.

use std::ops::RangeInclusive;

/// Degrees north × 10⁷.
pub const LATITUDE_E7: RangeInclusive<i32> = -900_000_000..=900_000_000;
/// Degrees east × 10⁷.
pub const LONGITUDE_E7: RangeInclusive<i32> = -1_800_000_000..=1_800_000_000;
/// Metres above the sea: from the shore of the Dead Sea, with what GPS is off
/// there, to as high as balloons fly.
pub const ALTITUDE_M: RangeInclusive<i32> = -500..=40_000;
/// Per cent of a charge.
const CHARGE: RangeInclusive<u32> = 0..=100;
/// "Powered from outside": whatever is more than full (protocol.md §3.15). It is
/// kept as 101, which is what firmware sends.
const POWERED: RangeInclusive<u32> = 101..=255;
/// Volts of a supply; 0 is sent where nothing measures them.
const VOLTS: RangeInclusive<f32> = 0.1..=100.0;
/// Volts at which no battery is empty. Firmware calls a cell empty at 3.1 V (fw:
/// the last of `OCV_ARRAY` in power.h), and a board without a battery circuit says
/// 0 % all the same.
const NOT_EMPTY_VOLTS: f32 = 3.2;
/// Shares of the time in per cent.
const PERCENT: RangeInclusive<f32> = 0.0..=100.0;
/// Seconds since a start: ten years. What is more has not been running since it
/// was built.
const UPTIME_S: RangeInclusive<u32> = 0..=10 * 365 * 24 * 3_600;
/// SNR in quarters of a dB, as radios measure it: in one byte. −128 is "not
/// measured" in a traceroute (protocol.md §3.6).
pub const SNR_Q: RangeInclusive<i32> = -127..=128;
/// The same in dB.
const SNR_DB: RangeInclusive<f32> = -31.75..=32.0;
/// Received power in dBm: from below every noise to what would burn a receiver. 0
/// is "not measured".
const RSSI_DBM: RangeInclusive<i32> = -200..=30;
/// Relays on a way: the field in the header has three bits (protocol.md §3.3).
pub const HOPS: u32 = 7;
/// Nodes between the ends of a traceroute.
pub const ROUTE: usize = 8;

/// Metres above the sea.
#[must_use]
#[inline]
pub fn altitude(metres: i32) -> Option<i32> {
    Some(metres).filter(|it| ALTITUDE_M.contains(it))
}

/// Per cent, 101 for powered from outside. That a battery is empty is believed
/// only while its voltage does not contradict it; a node that talks has some.
#[must_use]
#[inline]
pub fn battery(level: u32, volts: Option<f32>) -> Option<u8> {
    let is_empty = || volts.is_none_or(|it| it > 0.0 && it < NOT_EMPTY_VOLTS);
    match level {
        0 if !is_empty() => None,
        level if CHARGE.contains(&level) => u8::try_from(level).ok(),
        level if POWERED.contains(&level) => Some(101),
        _ => None,
    }
}

/// Volts.
#[must_use]
#[inline]
pub fn voltage(volts: f32) -> Option<f32> {
    Some(volts).filter(|it| VOLTS.contains(it))
}

/// A share of the time.
#[must_use]
#[inline]
pub fn percent(percent: f32) -> Option<f32> {
    Some(percent).filter(|it| PERCENT.contains(it))
}

/// Seconds since a start.
#[must_use]
#[inline]
pub fn uptime(seconds: u32) -> Option<u32> {
    Some(seconds).filter(|it| UPTIME_S.contains(it))
}

/// An SNR in dB.
#[must_use]
#[inline]
pub fn snr(db: f32) -> Option<f32> {
    Some(db).filter(|it| SNR_DB.contains(it))
}

/// An SNR in quarters of a dB.
#[must_use]
#[inline]
pub fn snr_q(quarters: i32) -> Option<i16> {
    let plausible = Some(quarters).filter(|it| SNR_Q.contains(it))?;
    i16::try_from(plausible).ok()
}

/// A received power in dBm.
#[must_use]
#[inline]
pub fn rssi(dbm: i32) -> Option<i32> {
    Some(dbm).filter(|it| *it != 0 && RSSI_DBM.contains(it))
}

/// Relays.
#[must_use]
#[inline]
pub fn hops(hops: u32) -> Option<u8> {
    u8::try_from(hops).ok().filter(|_| hops <= HOPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W8.
    #[test]
    fn what_nothing_can_measure_is_unknown() {
        assert_eq!(altitude(42_949_000), None);
        assert_eq!(altitude(i32::MIN), None);
        assert_eq!(altitude(-430), Some(-430));
        assert_eq!(altitude(40_000), Some(40_000));
        assert_eq!([snr(-123.0), snr(f32::NAN), snr(64.0)], [None; 3]);
        assert_eq!(snr(-20.25), Some(-20.25));
        assert_eq!(
            [snr_q(-128), snr_q(129), snr_q(-127)],
            [None, None, Some(-127)]
        );
        assert_eq!(
            [rssi(0), rssi(i32::MIN), rssi(-97)],
            [None, None, Some(-97)]
        );
        assert_eq!(
            [percent(-0.1), percent(100.5), percent(f32::NAN)],
            [None; 3]
        );
        assert_eq!([voltage(0.0), voltage(-1.0), voltage(1e9)], [None; 3]);
        assert_eq!(voltage(3.7), Some(3.7));
        assert_eq!([uptime(u32::MAX), uptime(9)], [None, Some(9)]);
        assert_eq!([hops(8), hops(263), hops(7)], [None, None, Some(7)]);
    }

    /// W12.
    #[test]
    fn a_board_without_a_battery_circuit_has_no_empty_battery() {
        for volts in [3.2, 3.3, 4.9, 0.0, f32::NAN] {
            assert_eq!(battery(0, Some(volts)), None, "{volts}");
        }
        assert_eq!(battery(0, Some(3.0)), Some(0), "really empty");
        assert_eq!(battery(0, None), Some(0), "nothing contradicts it");
        assert_eq!(battery(1, Some(3.3)), Some(1));
        assert_eq!(battery(250, None), Some(101), "powered");
        assert_eq!(battery(4_000, None), None);
    }
}
