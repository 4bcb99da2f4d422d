//! The benches on this machine: `./dev bench native`.
#![allow(clippy::print_stdout)]

#[path = "mod.rs"]
mod benches;

fn main() {
    print!("{}", benches::run(benches::FULL));
}
