#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meshbot_fuzz::understanding::run(bytes));
