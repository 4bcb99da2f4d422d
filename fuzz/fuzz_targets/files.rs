#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| throughline_fuzz::targets::files::run(input));
