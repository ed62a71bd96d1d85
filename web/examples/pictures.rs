//! Writes every sample page and the static files into a folder, for a browser to look at.
//!
//! `cargo run -p web --example pictures -- FOLDER`, then serve the folder: the pages use absolute paths.

use std::{fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("target/pictures"), PathBuf::from);
    let assets = folder.join("a/build");
    fs::create_dir_all(&assets)?;
    for file in web::assets::FILES {
        fs::write(assets.join(file.name), file.bytes)?;
    }
    for (name, html) in web::samples::all() {
        fs::write(folder.join(name).with_extension("html"), html)?;
    }
    println!("{}", folder.display());
    Ok(())
}
