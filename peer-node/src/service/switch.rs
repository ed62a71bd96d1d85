//! Where to go: chats, people and messages that fit what was typed, the best first.

use protocol::ids::ConversationId;

use super::{Conversation, Error, Person, Relation, Service, search::Hit};
use crate::store::fold;

/// Chats, or people, that are shown.
const MOST: usize = 8;
/// Messages that are shown.
const MESSAGES: usize = 5;

/// What fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// The best first; without a query those with the newest message.
    pub chats: Vec<Conversation>,
    /// People who are known or listed and stand in no chat above.
    pub people: Vec<Person>,
    pub messages: Vec<Hit>,
}

/// What was typed, folded as in searches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish(String);

/// How well a name fits; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    Word,
    Within,
}

impl Wish {
    pub fn of(text: &str) -> Self {
        Self(fold(text).trim().trim_start_matches('@').to_owned())
    }

    /// Whether a name holds it.
    pub fn fits(&self, name: &str) -> bool {
        self.fit(&fold(name)).is_some()
    }

    /// Whether each of its words begins one of `text`'s.
    pub fn fits_all(&self, text: &str) -> bool {
        let text = fold(text);
        self.0.split_whitespace().all(|word| text.split_whitespace().any(|other| other.starts_with(word)))
    }

    fn fit(&self, name: &str) -> Option<Fit> {
        let part = |c: char| !c.is_alphanumeric();
        match name.find(&self.0) {
            None => None,
            Some(_) if name == self.0 => Some(Fit::Whole),
            Some(0) => Some(Fit::Beginning),
            Some(_) if name.split(part).any(|word| word.starts_with(&self.0)) => Some(Fit::Word),
            Some(_) => Some(Fit::Within),
        }
    }

    /// Those that fit, the best first, else in the order that they have.
    fn best<T>(&self, all: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
        let mut fitting: Vec<(Fit, T)> =
            all.into_iter().filter_map(|one| Some((self.fit(&fold(name(&one)))?, one))).collect();
        fitting.sort_by_key(|(fit, _)| *fit);
        fitting.into_iter().map(|(_, one)| one).take(MOST).collect()
    }
}

impl Service {
    /// What fits `query`: names by their folded parts, messages by their words. `here` is the chat that is open; it
    /// is not where somebody wants to go.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn switch(&self, query: &str, here: Option<ConversationId>) -> Result<Choices, Error> {
        let wish = Wish::of(query);
        let mut chats = self.conversations().await?;
        let here = here.filter(|_| wish.0.is_empty());
        chats.retain(|chat| chat.person.relation != Relation::Declined && Some(chat.id) != here);
        let known: Vec<_> = chats.iter().map(|chat| chat.person.user).collect();
        let chats = wish.best(chats, |chat| &chat.person.username);
        if wish.0.is_empty() {
            return Ok(Choices { chats, people: Vec::new(), messages: Vec::new() });
        }
        let people = self.people().await?.into_iter().filter(|person| !known.contains(&person.user));
        let people = wish.best(people.collect(), |person| &person.username);
        // A letter is in most messages, so it says nothing about them.
        let many = query.chars().nth(1).is_some() || !query.is_ascii();
        let messages = match self.search(query, None, None, MESSAGES).await {
            Ok(found) if many => found.hits,
            Err(error) if error.field() != Some("q") => return Err(error),
            Ok(_) | Err(_) => Vec::new(),
        };
        Ok(Choices { chats, people, messages })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_folded_parts_and_the_best_is_first() {
        let names = vec!["noor_lukasz", "xlukasz", "lukaszek", "lukasz", "bob"];
        let best = |typed| Wish::of(typed).best(names.clone(), |name| name);
        assert_eq!(best("Łukasz"), ["lukasz", "lukaszek", "noor_lukasz", "xlukasz"]);
        assert_eq!(best("@bob "), ["bob"]);
        assert_eq!(best("").len(), 5);
        assert!(best("zz").is_empty());
    }

    #[test]
    fn actions_are_found_by_all_words_in_any_order() {
        assert!(Wish::of("dark THEME").fits_all("Use dark colours theme night"));
        assert!(!Wish::of("dark tea").fits_all("Use dark colours theme night"));
        assert!(Wish::of("").fits_all("anything"));
    }
}
