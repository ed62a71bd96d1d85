//! The letter box: sealed letters for people who are away. The directory sees who writes to whom, never what.

use protocol::{
    codec,
    directory::{Code, MAX_LETTER, PostLetter},
    identity::Profile,
    ids::{DeviceId, LetterId},
};

use crate::{
    Directory,
    accounts::Who,
    refusal::Refusal,
    store::{self, NewLetter, Put},
};

/// An account is new for a week.
const NEW_MS: u64 = 7 * 24 * 3600 * 1000;

impl Directory {
    /// Takes a letter in, and gives it to the recipient at once if they are here.
    pub(crate) async fn post(
        &self,
        who: &Who,
        sender: &store::Account,
        asked: PostLetter,
    ) -> Result<(), Refusal> {
        let PostLetter { to, device, letter, sealed } = asked;
        let sealed = sealed.0;
        if sealed.is_empty() || sealed.len() > MAX_LETTER {
            return Err(Refusal::invalid("sealed", format!("a letter has 1 to {MAX_LETTER} bytes")));
        }
        let now = self.clock.now();
        let slow = |wait| Refusal::too_many("too many letters; wait a while", wait);
        self.limits.letters.take(who.account.clone(), now).map_err(slow)?;
        let is_new = now.saturating_sub(sender.created) < NEW_MS;
        if is_new {
            self.limits.letters_new.check(who.account.clone(), now).map_err(slow)?;
        }
        // Hidden people, people who block the sender, and people who don't exist take no letters, in the same words.
        let recipient = self.store.person(to, &who.account).await?.ok_or_else(Refusal::not_found)?;
        if recipient.account.id == who.account {
            return Err(Refusal::invalid("to", "a letter to yourself"));
        }
        let profile: Profile = codec::from_bytes(&recipient.profile)
            .map_err(|_| Refusal::internal(&"a stored profile can't be read"))?;
        if profile.device_with(device).is_none() {
            return Err(Refusal { field: Some("device".into()), ..Refusal::not_found() });
        }
        let limits = &self.config.limits;
        let new = NewLetter {
            letter,
            recipient: &recipient.account.id,
            device,
            sender: &who.account,
            sealed: sealed.clone(),
            now,
        };
        let oldest = now.saturating_sub(limits.letters_wait_ms());
        match self.store.put_letter(new, limits.letters_waiting, oldest).await? {
            Put::Stored => {
                if is_new {
                    // Only a letter that lies in a box counts: a repeated or refused one is not another.
                    let _ = self.limits.letters_new.take(who.account.clone(), now);
                }
                self.presence.letter(&recipient.account.id, device, letter, sealed);
                Ok(())
            }
            Put::Again => Ok(()),
            Put::PairWaits => {
                Err(Refusal::new(Code::LetterWaiting, "a letter of yours waits for this person already"))
            }
            Put::Full => Err(Refusal::new(Code::BoxFull, "the letter box of this person is full")),
        }
    }

    pub(crate) async fn letters_for(
        &self,
        account: &str,
        device: DeviceId,
    ) -> Result<Vec<store::Letter>, Refusal> {
        let oldest = self.clock.now().saturating_sub(self.config.limits.letters_wait_ms());
        Ok(self.store.letters(account, device, oldest).await?)
    }

    pub(crate) async fn take_out(&self, account: &str, letter: LetterId) -> Result<(), Refusal> {
        Ok(self.store.take_letter_out(account, letter).await?)
    }
}
