//! Says how the program is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // 60,000 relative relocations take 1.4 MB that the loader reads at each start, and 30 kB in this form (DT_RELR;
    // glibc 2.36, musl 1.2.4). A linker that does not know the word ignores it.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
