//! Nothing readable outside: after a whole scenario, wire, databases and logs are searched for every secret of it.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use journeys::{directory::TestDirectory, node::TestNode, wire::Tap};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_readable_on_the_wire_on_the_disk_or_in_a_log() -> Result<()> {
    let directory = TestDirectory::start().await?;
    let tapped_directory = Tap::before(directory.url.trim_start_matches("http://").to_owned()).await?;
    let through_the_tap = format!("http://{}", tapped_directory.address);
    let mut alice = TestNode::fresh("alice", Some(&through_the_tap)).await?;
    let mut bob = TestNode::fresh("bob", Some(&through_the_tap)).await?;
    // Either may dial the other: both are known by the address of a tap alone.
    let taps = [Tap::before(alice.listen().to_owned()).await?, Tap::before(bob.listen().to_owned()).await?];
    for (node, tap) in [&mut alice, &mut bob].into_iter().zip(&taps) {
        node.announce(&tap.address.to_string()).await?;
        node.register().await?;
    }

    let texts = [
        "the harbour master keeps a violet ledger",
        "seventeen herons went north",
        "burn after reading nothing",
    ];
    let chat = alice.api.ask("bob", texts[0]).await?;
    bob.accept("alice").await?;
    let second = alice.api.send(&chat, texts[1]).await?;
    alice.reached(&chat, &second, "delivered").await?;
    bob.api.send(&chat, texts[2]).await?;
    alice.holds(&chat, &texts).await?;
    alice.api.post("lock", json!({})).await?;
    alice.api.post("unlock", json!({ "passphrase": alice.passphrase })).await?;
    alice.holds(&chat, &texts).await?;

    let link_bytes = [taps[0].heard().await, taps[1].heard().await].concat();
    ensure!(link_bytes.len() > 2_000, "the link did not go through the tap: {} bytes", link_bytes.len());
    let mut outside = vec![
        ("the link's bytes".to_owned(), link_bytes),
        ("the directory's log".to_owned(), directory.program.printed().into_bytes()),
    ];
    for node in [&mut alice, &mut bob] {
        node.program.stop().await?;
        let printed = node.program.printed().replace(&node.launch, "");
        outside.push((format!("{}'s log", node.name), printed.into_bytes()));
        gather(&node.data(), &mut outside)?;
    }
    gather(directory.data(), &mut outside)?;
    ensure!(outside.len() > 8, "the folders hold files");

    let mut secrets: Vec<(String, Vec<u8>)> = Vec::new();
    for text in texts {
        secrets.push((format!("the text {text:?}"), text.as_bytes().to_vec()));
    }
    for node in [&alice, &bob] {
        secrets.push((format!("{}'s passphrase", node.name), node.passphrase.clone().into_bytes()));
        secrets.push((format!("{}'s API token", node.name), node.api.token.clone().into_bytes()));
        let launch = node.launch.split_once('#').context("a launch link has a fragment")?.1;
        secrets.push((format!("{}'s launch token", node.name), launch.as_bytes().to_vec()));
    }
    let mut found = Vec::new();
    for (secret, bytes) in &secrets {
        for (place, content) in &outside {
            // The token file is where the token's hash is kept; the token itself must not be there either.
            for form in forms(bytes) {
                if content.windows(form.len()).any(|window| window == form) {
                    found.push(format!("{secret} stands in {place}"));
                }
            }
        }
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));

    // Content never passes the directory, in whatever form: what it heard is searched as well.
    let heard = tapped_directory.heard().await;
    for text in texts {
        for form in forms(text.as_bytes()) {
            ensure!(
                !heard.windows(form.len()).any(|window| window == form),
                "{text:?} went to the directory"
            );
        }
    }
    Ok(())
}

/// A secret as it might stand somewhere: plain, in hex, in base64 (a part that does not depend on its place).
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let whole = &secret[..secret.len() - secret.len() % 3];
    vec![
        secret.to_vec(),
        HEXLOWER.encode(secret).into_bytes(),
        BASE64.encode(whole).into_bytes(),
        BASE64URL_NOPAD.encode(whole).into_bytes(),
    ]
}

fn gather(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, into)?;
        } else if path.is_file() {
            into.push((path.display().to_string(), fs::read(&path)?));
        }
    }
    Ok(())
}
