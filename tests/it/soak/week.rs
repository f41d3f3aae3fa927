//! Seven simulated days (features.md M4).
