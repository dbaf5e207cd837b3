//! What a release needs: packages that are whole, and that work for who imports one of them alone.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{
    shell,
    tidy::{Package, Workspace},
};

/// No file of a package is larger, in bytes: who builds a crate downloads its test data too.
const LONGEST_FILE: u64 = 1024 * 1024;

/// What each package carries.
const PACKAGED: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// A project that depends on one crate alone.
struct Importer {
    of: &'static str,
    /// Whether with its default features.
    default: bool,
    features: &'static [&'static str],
    /// What must not come along.
    without: &'static [&'static str],
    /// Further dependencies of the project itself.
    own: &'static str,
    main: &'static str,
}

/// The domain model, the database and the server: none of them comes with a provider's client.
const TOOLKIT: &[&str] = &["comms-core", "comms-engine", "diesel", "actix-web"];

const IMPORTERS: &[Importer] = &[
    Importer {
        of: "comms-http",
        default: true,
        features: &[],
        without: &["reqwest", "tokio", "hyper", "rustls"],
        own: "",
        main: include_str!("../importers/comms_http.rs"),
    },
    Importer {
        of: "comms-core",
        default: true,
        features: &[],
        without: &["diesel", "reqwest", "tokio", "actix-web"],
        own: "",
        main: include_str!("../importers/comms_core.rs"),
    },
    Importer {
        of: "comms-client",
        default: true,
        features: &[],
        without: TOOLKIT,
        own: "comms-http = { version = \"0.1\", features = [\"client\"] }\n\
              futures-util = { version = \"0.3\", default-features = false }\n\
              reqwest = { version = \"0.13\", default-features = false }\n",
        main: include_str!("../importers/comms_client.rs"),
    },
    Importer {
        of: "comms-mime",
        default: true,
        features: &[],
        without: OFFLINE,
        own: "time = \"0.3\"\n",
        main: include_str!("../importers/comms_mime.rs"),
    },
    Importer {
        of: "gmail-client",
        default: true,
        features: &[],
        without: TOOLKIT,
        own: "comms-http = { version = \"0.1\", features = [\"client\"] }\n\
              reqwest = { version = \"0.13\", default-features = false }\n",
        main: include_str!("../importers/gmail_client.rs"),
    },
    Importer {
        of: "sendgrid-client",
        default: true,
        features: &[],
        without: TOOLKIT,
        own: "comms-http = { version = \"0.1\", features = [\"client\"] }\n\
              reqwest = { version = \"0.13\", default-features = false }\n",
        main: include_str!("../importers/sendgrid_client.rs"),
    },
    Importer {
        of: "sendgrid-client",
        default: false,
        features: &[],
        without: OFFLINE,
        own: "comms-http = \"0.1\"\n",
        main: include_str!("../importers/sendgrid_client_webhooks.rs"),
    },
    Importer {
        of: "elevenlabs-client",
        default: true,
        features: &[],
        without: TOOLKIT,
        own: "comms-http = { version = \"0.1\", features = [\"client\"] }\n\
              reqwest = { version = \"0.13\", default-features = false }\n",
        main: include_str!("../importers/elevenlabs_client.rs"),
    },
    Importer {
        of: "elevenlabs-client",
        default: false,
        features: &[],
        without: OFFLINE,
        own: "comms-http = \"0.1\"\n",
        main: include_str!("../importers/elevenlabs_client_webhooks.rs"),
    },
    Importer {
        of: "elevenlabs-client",
        default: true,
        features: &["channel"],
        without: &["comms-engine", "diesel", "actix-web"],
        own: "comms-core = \"0.1\"\n",
        main: include_str!("../importers/elevenlabs_client_channel.rs"),
    },
    Importer {
        of: "whatsapp-cloud",
        default: true,
        features: &[],
        without: TOOLKIT,
        own: "comms-http = { version = \"0.1\", features = [\"client\"] }\n\
              reqwest = { version = \"0.13\", default-features = false }\n",
        main: include_str!("../importers/whatsapp_cloud.rs"),
    },
    Importer {
        of: "whatsapp-cloud",
        default: true,
        features: &["channel"],
        without: &["comms-engine", "diesel", "actix-web"],
        own: "comms-core = \"0.1\"\n",
        main: include_str!("../importers/whatsapp_cloud_channel.rs"),
    },
    Importer {
        of: "twilio-core",
        default: true,
        features: &[],
        without: TOOLKIT,
        own: "comms-http = { version = \"0.1\", features = [\"client\"] }\n\
              http = \"1\"\n\
              reqwest = { version = \"0.13\", default-features = false }\n\
              serde_json = \"1\"\n",
        main: include_str!("../importers/twilio_core.rs"),
    },
    Importer {
        of: "twilio-voice",
        default: false,
        features: &[],
        without: OFFLINE,
        own: "comms-http = \"0.1\"\n\
              time = \"0.3\"\n\
              twilio-core = { version = \"0.1\", default-features = false }\n",
        main: include_str!("../importers/twilio_voice.rs"),
    },
    Importer {
        of: "twilio-voice",
        default: true,
        features: &[],
        without: TOOLKIT,
        own: TWILIO_CLIENT,
        main: include_str!("../importers/twilio_voice_client.rs"),
    },
    Importer {
        of: "twilio-messaging",
        default: true,
        features: &[],
        without: TOOLKIT,
        own: TWILIO_CLIENT,
        main: include_str!("../importers/twilio_messaging.rs"),
    },
];

/// What a project has beside a client of Twilio.
const TWILIO_CLIENT: &str = "comms-http = { version = \"0.1\", features = [\"client\"] }\n\
                             reqwest = { version = \"0.13\", default-features = false }\n\
                             twilio-core = \"0.1\"\n";

/// What needs a network, and the domain model.
const OFFLINE: &[&str] = &["reqwest", "tokio", "hyper", "rustls", "comms-core", "comms-engine", "diesel", "actix-web"];

/// Packages every published crate, looks into the packages, and builds the importers' projects against them.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let workspace = Workspace::load(root)?;
    let published: Vec<&Package> = workspace.published().collect();
    let unpacked = package(root, &published)?;
    let mut problems = Vec::new();
    for package in &published {
        problems.extend(look_into(package, &unpacked.path().join(package.full_name()))?);
    }
    for importer in importers(&published)? {
        println!("\nimporting {} {:?} alone", importer.of, importer.features);
        problems.extend(import(root, &published, unpacked.path(), &importer)?);
    }
    for problem in &problems {
        println!("error: {problem}");
    }
    println!("release-check: {} packages, {} problems", published.len(), problems.len());
    Ok(problems.is_empty())
}

/// Packages the crates together, as they depend on each other, and unpacks them again.
fn package(root: &Path, published: &[&Package]) -> Result<TempDir> {
    let mut package = shell::cargo(root);
    package.args(["package", "--no-verify", "--allow-dirty"]);
    for name in published.iter().map(|package| &package.name) {
        package.args(["--package", name]);
    }
    shell::run(&mut package)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    for package in published {
        let archive = shell::target_folder(root).join(format!("package/{}.crate", package.full_name()));
        shell::output(shell::command("tar", folder.path()).arg("-xzf").arg(archive))?;
    }
    Ok(folder)
}

/// Lists the files of an unpacked crate and says what is missing or too large.
fn look_into(package: &Package, folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let names: BTreeSet<String> =
        files.iter().filter_map(|(path, _)| Some(path.strip_prefix(folder).ok()?.display().to_string())).collect();
    let bytes: u64 = files.iter().map(|(_, bytes)| bytes).sum();
    println!("\n{}: {} files, {} KiB", package.full_name(), files.len(), bytes / 1024);
    for name in &names {
        println!("  {name}");
    }
    let missing = PACKAGED
        .iter()
        .filter(|file| !names.contains(**file))
        .map(|file| format!("{} is packaged without {file}", package.name));
    let large = files
        .iter()
        .filter(|(_, bytes)| *bytes > LONGEST_FILE)
        .map(|(path, bytes)| format!("{} has {bytes} bytes; the limit is {LONGEST_FILE}", path.display()));
    Ok(missing.chain(large).collect())
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, u64)>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push((entry.path(), entry.metadata()?.len()));
        }
    }
    Ok(())
}

/// The projects of the table, and a plain one for each further crate.
fn importers(published: &[&Package]) -> Result<Vec<Importer>> {
    let mut all = Vec::new();
    for importer in IMPORTERS {
        ensure!(
            published.iter().any(|package| package.name == importer.of),
            "{} is in the table of importers and is not published",
            importer.of
        );
        all.push(Importer { ..*importer });
    }
    for package in published {
        if !IMPORTERS.iter().any(|importer| importer.of == package.name) {
            all.push(Importer {
                of: package.name.clone().leak(),
                default: true,
                features: &[],
                without: if package.is_provider() { TOOLKIT } else { &["actix-web"] },
                own: "",
                main: "fn main() {}\n",
            });
        }
    }
    Ok(all)
}

/// Checks one project outside of the workspace, against the unpacked crates and with the versions of our lock file.
fn import(root: &Path, published: &[&Package], unpacked: &Path, importer: &Importer) -> Result<Vec<String>> {
    let project = tempfile::tempdir().context("no temporary folder")?;
    fs::create_dir(project.path().join("src"))?;
    fs::write(project.path().join("src/main.rs"), importer.main)?;
    fs::write(project.path().join("Cargo.toml"), manifest(importer, published, unpacked))?;
    fs::copy(root.join("Cargo.lock"), project.path().join("Cargo.lock"))?;
    let cargo = || {
        let mut cargo = shell::cargo(project.path());
        cargo.env("CARGO_TARGET_DIR", shell::target_folder(root));
        cargo
    };
    let default = if importer.default { "" } else { " without its default features" };
    let name = format!("{} {:?}{default}", importer.of, importer.features);
    let mut problems = Vec::new();
    if !shell::succeeds(cargo().args(["check", "--quiet"]))? {
        problems.push(format!("a project that depends on {name} alone does not compile"));
    }
    let tree = shell::output(cargo().args(["tree", "--edges=normal", "--prefix=none", "--format={p}"]))?;
    let packages: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    println!("{} packages", packages.len());
    problems.extend(
        importer
            .without
            .iter()
            .filter(|unwanted| packages.contains(**unwanted))
            .map(|unwanted| format!("{name} brings {unwanted} along")),
    );
    Ok(problems)
}

fn manifest(importer: &Importer, published: &[&Package], unpacked: &Path) -> String {
    let mut manifest = format!(
        "[package]\nname = \"importer\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         {} = {{ version = \"*\", default-features = {}, features = {:?} }}\n{}\n[workspace]\n\n[patch.crates-io]\n",
        importer.of, importer.default, importer.features, importer.own
    );
    for package in published {
        let folder = unpacked.join(package.full_name());
        manifest.push_str(&format!("{} = {{ path = {:?} }}\n", package.name, folder.display().to_string()));
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_lacks_is_named() {
        let workspace = Workspace::sample(&[("crates/a/Cargo.toml", "[package]\nname = 'a'")]);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("README.md"), "").unwrap();
        fs::create_dir(folder.path().join("tests")).unwrap();
        fs::write(folder.path().join("tests/data.json"), vec![b' '; 1024 * 1024 + 1]).unwrap();

        let problems = look_into(&workspace.packages[0], folder.path()).unwrap();

        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.ends_with("without LICENSE-MIT")));
        assert!(problems.iter().any(|problem| problem.contains("data.json has 1048577 bytes")));
    }
}
