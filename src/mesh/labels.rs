//! The field's own names for numbers, and what a signal is worth.
//!
//! Names are those of the firmware, the same in every language. Every lookup
//! takes a number of any size: what is newer than these tables is `None`.

use std::borrow::Cow;

use crate::proto::config::LoRaConfig;
use crate::proto::config::device_config::Role;

/// Hardware models, ten a row: row and place are the number (protocol.md §3.21).
const HARDWARE: [&str; 15] = [
    "UNSET TLORA_V2 TLORA_V1 TLORA_V2_1_1P6 TBEAM HELTEC_V2_0 TBEAM_V0P7 T_ECHO TLORA_V1_1P3 RAK4631",
    "HELTEC_V2_1 HELTEC_V1 LILYGO_TBEAM_S3_CORE RAK11200 NANO_G1 TLORA_V2_1_1P8 TLORA_T3_S3 NANO_G1_EXPLORER NANO_G2_ULTRA LORA_TYPE",
    "WIPHONE WIO_WM1110 RAK2560 HELTEC_HRU_3601 HELTEC_WIRELESS_BRIDGE STATION_G1 RAK11310 MAKERFABS_TRACKER MAKERFABS_RESERVED CANARYONE",
    "RP2040_LORA STATION_G2 LORA_RELAY_V1 T_ECHO_PLUS PPR GENIEBLOCKS NRF52_UNKNOWN PORTDUINO ANDROID_SIM DIY_V1",
    "NRF52840_PCA10059 DR_DEV M5STACK HELTEC_V3 HELTEC_WSL_V3 BETAFPV_2400_TX BETAFPV_900_NANO_TX RPI_PICO HELTEC_WIRELESS_TRACKER HELTEC_WIRELESS_PAPER",
    "T_DECK T_WATCH_S3 PICOMPUTER_S3 HELTEC_HT62 EBYTE_ESP32_S3 ESP32_S3_PICO CHATTER_2 HELTEC_WIRELESS_PAPER_V1_0 HELTEC_WIRELESS_TRACKER_V1_0 UNPHONE",
    "TD_LORAC CDEBYTE_EORA_S3 TWC_MESH_V4 NRF52_PROMICRO_DIY RADIOMASTER_900_BANDIT_NANO HELTEC_CAPSULE_SENSOR_V3 HELTEC_VISION_MASTER_T190 HELTEC_VISION_MASTER_E213 HELTEC_VISION_MASTER_E290 HELTEC_MESH_NODE_T114",
    "SENSECAP_INDICATOR TRACKER_T1000_E RAK3172 WIO_E5 RADIOMASTER_900_BANDIT ME25LS01_4Y10TD RP2040_FEATHER_RFM95 M5STACK_COREBASIC M5STACK_CORE2 RPI_PICO2",
    "M5STACK_CORES3 SEEED_XIAO_S3 MS24SF1 TLORA_C6 WISMESH_TAP ROUTASTIC MESH_TAB MESHLINK XIAO_NRF52_KIT THINKNODE_M1",
    "THINKNODE_M2 T_ETH_ELITE HELTEC_SENSOR_HUB MUZI_BASE HELTEC_MESH_POCKET SEEED_SOLAR_NODE NOMADSTAR_METEOR_PRO CROWPANEL LINK_32 SEEED_WIO_TRACKER_L1",
    "SEEED_WIO_TRACKER_L1_EINK MUZI_R1_NEO T_DECK_PRO T_LORA_PAGER M5STACK_RESERVED WISMESH_TAG RAK3312 THINKNODE_M5 HELTEC_MESH_SOLAR T_ECHO_LITE",
    "HELTEC_V4 M5STACK_C6L M5STACK_CARDPUTER_ADV HELTEC_WIRELESS_TRACKER_V2 T_WATCH_ULTRA THINKNODE_M3 WISMESH_TAP_V2 RAK3401 RAK6421 THINKNODE_M4",
    "THINKNODE_M6 MESHSTICK_1262 TBEAM_1_WATT T5_S3_EPAPER_PRO TBEAM_BPF MINI_EPAPER_S3 TDISPLAY_S3_PRO HELTEC_MESH_NODE_T096 MESH_TRACKER_X1 THINKNODE_M7",
    "THINKNODE_M8 THINKNODE_M9 HELTEC_V4_R8 HELTEC_MESH_NODE_T1 STATION_G3 T_IMPULSE_PLUS T_ECHO_CARD SEEED_WIO_TRACKER_L2 CROWPANEL_P4 HELTEC_MESH_TOWER_V2",
    "MESHNOLOGY_W10 HELTEC_RC32 HELTEC_RC52 HELTEC_RCC6 SEEED_WIO_TRACKER_L1_PRO_1W MESHNOLOGY_W12 MESHPAGER_X2",
];

/// Regions from 0 up (protocol.md §3.14).
const REGIONS: [&str; 38] = [
    "UNSET",
    "US",
    "EU_433",
    "EU_868",
    "CN",
    "JP",
    "ANZ",
    "KR",
    "TW",
    "RU",
    "IN",
    "NZ_865",
    "TH",
    "LORA_24",
    "UA_433",
    "UA_868",
    "MY_433",
    "MY_919",
    "SG_923",
    "PH_433",
    "PH_868",
    "PH_915",
    "ANZ_433",
    "KZ_433",
    "KZ_863",
    "NP_865",
    "BR_902",
    "ITU1_2M",
    "ITU2_2M",
    "EU_866",
    "EU_874",
    "EU_917",
    "EU_N_868",
    "ITU3_2M",
    "ITU1_70CM",
    "ITU2_70CM",
    "ITU3_70CM",
    "ITU2_125CM",
];

/// Modem presets from 0 up: the name that a channel without one shows
/// (protocol.md §3.13) and the spreading factor (protocol.md §6.2). 2 is
/// treated as 0 by current firmware (protocol.md §3.14).
const PRESETS: [(&str, u8); 17] = [
    ("LongFast", 11),
    ("LongSlow", 12),
    ("LongFast", 11),
    ("MediumSlow", 10),
    ("MediumFast", 9),
    ("ShortSlow", 8),
    ("ShortFast", 7),
    ("LongMod", 11),
    ("ShortTurbo", 7),
    ("LongTurbo", 11),
    ("LiteFast", 9),
    ("LiteSlow", 10),
    ("NarrowFast", 7),
    ("NarrowSlow", 8),
    ("TinyFast", 7),
    ("TinySlow", 8),
    ("MediumTurbo", 9),
];

/// The firmware's name of a hardware model, if it is in the table.
#[must_use]
pub fn hardware_name(model: u32) -> Option<&'static str> {
    if model == 255 {
        return Some("PRIVATE_HW");
    }
    let model = usize::try_from(model).ok()?;
    HARDWARE.get(model / 10)?.split(' ').nth(model % 10)
}

/// The name of a hardware model, or `hardware #n` for one that is newer than
/// the table (protocol.md §3.21).
#[must_use]
pub fn hardware(model: u32) -> Cow<'static, str> {
    hardware_name(model).map_or_else(|| format!("hardware #{model}").into(), Cow::Borrowed)
}

/// The firmware's name of a role, such as `ROUTER_LATE`.
#[must_use]
pub fn role_name(role: i32) -> Option<&'static str> {
    Role::try_from(role).ok().map(|role| role.as_str_name())
}

/// The firmware's name of a region, such as `EU_868`.
#[must_use]
pub fn region_name(region: u32) -> Option<&'static str> {
    REGIONS.get(usize::try_from(region).ok()?).copied()
}

/// The display name of a modem preset, such as `LongFast`.
#[must_use]
pub fn preset_name(preset: i32) -> Option<&'static str> {
    Some(preset_entry(preset)?.0)
}

/// The spreading factor of a modem preset.
#[must_use]
pub fn preset_spread_factor(preset: i32) -> Option<u8> {
    Some(preset_entry(preset)?.1)
}

fn preset_entry(preset: i32) -> Option<(&'static str, u8)> {
    PRESETS.get(usize::try_from(preset).ok()?).copied()
}

/// What a channel without a name of its own is called under these settings:
/// the preset's name, or `Custom` without a preset (protocol.md §3.13).
#[must_use]
pub fn modem_name(lora: &LoRaConfig) -> Option<&'static str> {
    if lora.use_preset {
        preset_name(lora.modem_preset)
    } else {
        Some("Custom")
    }
}

/// The spreading factor in force, preset or not; `None` if it is newer than
/// the table or not one that LoRa has (5 to 12).
#[must_use]
pub fn spread_factor(lora: &LoRaConfig) -> Option<u8> {
    if lora.use_preset {
        preset_spread_factor(lora.modem_preset)
    } else {
        let factor = u8::try_from(lora.spread_factor).ok()?;
        (5..=12).contains(&factor).then_some(factor)
    }
}

/// How much a link can lose before it breaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Quality {
    /// Less than 3 dB above the limit: any packet may be the last.
    Weak,
    /// 3 dB and more: works, fades with rain and leaves.
    Fair,
    /// 8 dB and more.
    Good,
    /// 15 dB and more.
    Excellent,
}

/// The lowest SNR in dB at which a packet can still be read. Semtech's data
/// sheets (SX1261/2, SX1276) give −7.5 dB for SF 7 and −20 dB for SF 12, and
/// every step doubles the chips of a symbol and so gains 2.5 dB; SF 5 and 6
/// continue that line. Outside 5 to 12 the nearest of them counts.
#[must_use]
pub fn demodulation_limit_db(spread_factor: u8) -> f32 {
    -7.5 - 2.5 * (f32::from(spread_factor.clamp(5, 12)) - 7.0)
}

/// Judges an SNR in dB by its margin over the demodulation limit. The steps
/// are our own: 3 dB is what a hand or wet foliage costs, 15 dB survives both.
#[must_use]
pub fn quality(snr: f32, spread_factor: u8) -> Quality {
    let margin = snr - demodulation_limit_db(spread_factor);
    if margin >= 15.0 {
        Quality::Excellent
    } else if margin >= 8.0 {
        Quality::Good
    } else if margin >= 3.0 {
        Quality::Fair
    } else {
        Quality::Weak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_numbers_find_their_names() {
        for (model, name) in [
            (0, "UNSET"),
            (9, "RAK4631"),
            (10, "HELTEC_V2_1"),
            (43, "HELTEC_V3"),
            (50, "T_DECK"),
            (69, "HELTEC_MESH_NODE_T114"),
            (71, "TRACKER_T1000_E"),
            (88, "XIAO_NRF52_KIT"),
            (110, "HELTEC_V4"),
            (125, "MINI_EPAPER_S3"),
            (139, "HELTEC_MESH_TOWER_V2"),
            (146, "MESHPAGER_X2"),
            (255, "PRIVATE_HW"),
        ] {
            assert_eq!(hardware_name(model), Some(name), "{model}");
        }
        assert_eq!(hardware_name(147), None);
        assert_eq!(hardware(147), "hardware #147");
        assert_eq!(hardware(u32::MAX), "hardware #4294967295");
        for row in &HARDWARE[..14] {
            assert_eq!(row.split(' ').count(), 10, "{row}");
        }
    }

    #[test]
    fn presets_regions_and_roles_have_names() {
        assert_eq!(preset_name(0), Some("LongFast"));
        assert_eq!(preset_name(7), Some("LongMod"));
        assert_eq!(preset_name(16), Some("MediumTurbo"));
        assert_eq!((preset_name(17), preset_name(-1)), (None, None));
        assert_eq!(preset_spread_factor(1), Some(12));
        assert_eq!(region_name(3), Some("EU_868"));
        assert_eq!(region_name(32), Some("EU_N_868"));
        assert_eq!(
            (region_name(37), region_name(38)),
            (Some("ITU2_125CM"), None)
        );
        assert_eq!(role_name(11), Some("ROUTER_LATE"));
        assert_eq!((role_name(13), role_name(-1)), (None, None));
    }

    #[test]
    fn custom_settings_speak_for_themselves() {
        let mut lora = LoRaConfig {
            spread_factor: 10,
            ..Default::default()
        };
        assert_eq!(
            (modem_name(&lora), spread_factor(&lora)),
            (Some("Custom"), Some(10))
        );
        lora.spread_factor = 0;
        assert_eq!(spread_factor(&lora), None);
        lora.use_preset = true;
        assert_eq!(
            (modem_name(&lora), spread_factor(&lora)),
            (Some("LongFast"), Some(11))
        );
    }

    #[test]
    fn the_same_snr_is_worth_more_at_a_higher_spreading_factor() {
        assert_eq!(demodulation_limit_db(7), -7.5);
        assert_eq!(demodulation_limit_db(11), -17.5);
        assert_eq!(demodulation_limit_db(12), -20.0);
        assert_eq!(quality(-5.0, 7), Quality::Weak);
        assert_eq!(quality(-5.0, 9), Quality::Fair);
        assert_eq!(quality(-5.0, 11), Quality::Good);
        assert_eq!(quality(-5.0, 12), Quality::Excellent);
        assert_eq!(quality(-2.5, 11), Quality::Excellent);
        assert_eq!(quality(-2.6, 11), Quality::Good);
        assert_eq!(quality(f32::NAN, 11), Quality::Weak);
        assert!(Quality::Weak < Quality::Excellent);
    }
}
