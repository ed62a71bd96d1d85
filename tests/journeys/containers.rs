//! `docker-compose up`: a directory and four people, two of them driven from outside.

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use journeys::{api::Api, program, require};
use serde_json::json;
use tokio::process::Command;

const WHY: &str = "Debian's packages docker.io and docker-compose, and a running daemon";

#[tokio::test(flavor = "multi_thread")]
async fn the_compose_file_brings_up_four_people_who_can_talk() -> Result<()> {
    let Some(compose) = require::tool("docker-compose", WHY) else { return Ok(()) };
    if docker(&["info"]).await.is_err() {
        require::missing("the Docker daemon", WHY);
        return Ok(());
    }
    make_image().await?;
    let house = Compose { program: compose };
    house.run(&["down", "--volumes", "--remove-orphans"]).await?;
    house.run(&["up", "--detach", "--no-build"]).await?;
    let talked = house.talk().await;
    if talked.is_err() {
        eprintln!("{}", house.run(&["ps"]).await.unwrap_or_default());
        eprintln!("{}", house.run(&["logs", "--tail", "30"]).await.unwrap_or_default());
    }
    house.run(&["down", "--volumes"]).await?;
    talked
}

struct Compose {
    program: std::path::PathBuf,
}

impl Compose {
    async fn run(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .current_dir(root())
            .env("CONFAB_IMAGE", "confab:journey")
            .args(["--project-name", "confab-journey"]);
        said(command.args(args)).await
    }

    async fn talk(&self) -> Result<()> {
        let alice = self.person("alice", 7411).await?;
        let bob = self.person("bob", 7412).await?;
        let states = self.run(&["ps"]).await?;
        ensure!(!states.contains("unhealthy"), "{states}");
        let chat = alice.ask("bob", "hello from another container").await?;
        let user = bob
            .until("a request of alice", async |api| {
                let open = api.get("requests").await?;
                Ok(open["requests"][0]["user"].as_str().map(str::to_owned))
            })
            .await?;
        bob.post(&format!("requests/{user}/accept"), json!({})).await?;
        bob.send(&chat, "hello back").await?;
        for api in [&alice, &bob] {
            api.until("both texts", async |api| {
                let texts = api.texts(&chat).await?;
                Ok((texts == ["hello from another container", "hello back"]).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Waits for a person's container to be healthy and makes their account from outside.
    async fn person(&self, name: &str, port: u16) -> Result<Api> {
        let id = self.run(&["ps", "--quiet", name]).await?;
        let mut tries = 0;
        loop {
            let health = docker(&["inspect", "--format", "{{.State.Health.Status}}", id.trim()]).await?;
            match health.trim() {
                "healthy" => break,
                state => ensure!(tries < 90, "{name} is {state}"),
            }
            tries += 1;
            // Docker's health state has no event that a client of its command line could wait for.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        let token =
            self.run(&["exec", "-T", name, "peer-node", "token", "create", "--name", "journey"]).await?;
        let token = token.split_whitespace().last().context("a token is printed")?;
        let api = Api::new(&format!("http://127.0.0.1:{port}"), token);
        let account =
            json!({ "username": name, "passphrase": format!("{name} rows a green boat"), "create": true });
        api.post("account", account).await?;
        Ok(api)
    }
}

/// The real runtime stage, with the programs of this build.
async fn make_image() -> Result<()> {
    let root = root();
    let context = tempfile::tempdir()?;
    for name in ["peer-node", "directory"] {
        let mut strip = Command::new("strip");
        let stripped = context.path().join(name);
        fs::copy(program::path(name)?, &stripped)?;
        said(strip.arg("--strip-debug").arg(&stripped)).await?;
    }
    fs::copy(root.join("tests/docker/Dockerfile"), context.path().join("Dockerfile"))?;
    docker(&["build", "--target", "runtime", "--tag", "confab-base", &root.display().to_string()]).await?;
    docker(&["build", "--tag", "confab:journey", &context.path().display().to_string()]).await?;
    Ok(())
}

async fn docker(args: &[&str]) -> Result<String> {
    said(Command::new("docker").args(args)).await
}

async fn said(command: &mut Command) -> Result<String> {
    let done = command.stdin(Stdio::null()).output().await?;
    let error = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{:?}: {}\n{error}", command.as_std(), done.status);
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}
