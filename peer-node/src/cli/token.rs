//! `token`: works on the file of tokens, so a node needs neither run nor have an account.

use serde_json::{Value, json};

use super::Token;
use crate::{
    clock::Clock,
    service::tokens::{self, Scope, Tokens},
};

pub(super) fn run(what: Token) -> anyhow::Result<()> {
    let now = Clock::start().wall();
    match what {
        Token::Create { plain, name, scopes } => {
            let scopes: Vec<Scope> = scopes.iter().map(|scope| scope.parse()).collect::<Result<_, _>>()?;
            let (token, secret) = Tokens::new(&plain.data.path()?).create(&name, &scopes, now, None)?;
            if plain.json {
                let mut about = describe(&token);
                about["token"] = Value::from(secret.reveal());
                println!("{about}");
            } else {
                println!("{}", secret.reveal());
            }
        }
        Token::List(plain) => {
            let tokens = Tokens::new(&plain.data.path()?).list(now)?;
            if plain.json {
                println!("{}", Value::from(tokens.iter().map(describe).collect::<Vec<_>>()));
            } else {
                for token in tokens {
                    println!("{}  {:24} {}", token.id, token.name, words(&token).join(","));
                }
            }
        }
        Token::Revoke { plain, id } => {
            Tokens::new(&plain.data.path()?).revoke(&id)?;
            if plain.json {
                println!("{}", json!({ "revoked": id }));
            } else {
                println!("Revoked. Nothing is answered to it any more.");
            }
        }
    }
    Ok(())
}

fn words(token: &tokens::Token) -> Vec<&'static str> {
    token.scopes.iter().map(|scope| scope.word()).collect()
}

fn describe(token: &tokens::Token) -> Value {
    json!({ "id": token.id, "name": token.name, "scopes": words(token), "created_ms": token.created.0.to_string() })
}
