//! Stand-in.
/// Cleans.
#[must_use]
pub fn clean(bytes: &[u8], max_bytes: usize) -> String {
    let mut s: String = String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect();
    while s.len() > max_bytes { s.pop(); }
    s
}
