//! Tells the program for which target it is built: the header names it.

fn main() {
    println!(
        "cargo::rustc-env=OOMSCENE_TARGET={}",
        std::env::var_os("TARGET").unwrap_or_default().display()
    );
    println!("cargo::rerun-if-changed=build.rs");
}
