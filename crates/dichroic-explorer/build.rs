//! Embeds the page anew when it was built anew.
fn main() {
    println!("cargo::rerun-if-changed=page");
}
