//! `include_dir` notices edits of the files it knows, but not new files.

fn main() {
    println!("cargo::rerun-if-changed=../../templates");
}
