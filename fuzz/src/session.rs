//! A session whose node sends any bytes in any pieces.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};

use super::link_rig::{Rig, Wish};

/// The input is a list of steps: one byte says which, what follows belongs to
/// it. Bytes of the node stand in it as they are, after their number.
fn live(rig: &mut Rig, input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    while !input.is_empty() {
        match u8::arbitrary(input)? % 12 {
            0..=3 => {
                let count = usize::from(u8::arbitrary(input)?).min(input.len());
                rig.receive(input.bytes(count)?);
            }
            4 => rig.connect(),
            5 => rig.take_all(),
            6 => rig.take(u8::arbitrary(input)?.into()),
            7 => rig.wait(Duration::from_millis(u16::arbitrary(input)?.into())),
            8 => rig.wait(Duration::from_secs(u16::arbitrary(input)?.into())),
            9 => rig.wish(&Wish::arbitrary(input)?),
            10 => rig.set_clock(u32::arbitrary(input)?),
            _ => rig.lose(),
        }
    }
    Ok(())
}

/// Lives through the steps in `bytes`.
pub fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let (Ok(seed), Ok(full)) = (u8::arbitrary(&mut input), bool::arbitrary(&mut input)) else {
        return;
    };
    let mut rig = Rig::new(seed, full);
    // An input that ends in the middle of a step ends there.
    let _ = live(&mut rig, &mut input);
    rig.finish();
}
