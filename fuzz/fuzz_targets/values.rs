//! Values that are bound. The reader of Arrow's messages panics over damaged ones, which the decoder catches: so only a
//! panic that it does not catch ends the run.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| starmart::fuzzing::values(bytes)
);
