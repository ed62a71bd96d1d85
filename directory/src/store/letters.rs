//! The letter box.

use protocol::ids::{DeviceId, LetterId};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use super::{Store, broken, entity, is_unique, stored_ms};

/// A letter that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub letter: LetterId,
    pub sealed: Vec<u8>,
}

/// A letter that was brought.
#[derive(Debug)]
pub(crate) struct NewLetter<'a> {
    pub letter: LetterId,
    pub recipient: &'a str,
    pub device: DeviceId,
    pub sender: &'a str,
    pub sealed: Vec<u8>,
    pub now: u64,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    Stored,
    /// It lay there already.
    Again,
    /// Another letter of this pair lies there.
    PairWaits,
    Full,
}

impl Store {
    /// Puts a letter into the box if there are fewer than `most` that are not older than `oldest`.
    pub(crate) async fn put_letter(&self, new: NewLetter<'_>, most: u64, oldest: u64) -> Result<Put, DbErr> {
        let step = self.begin().await?;
        let all =
            || entity::letter::Entity::find().filter(entity::letter::Column::Recipient.eq(new.recipient));
        entity::letter::Entity::delete_many()
            .filter(entity::letter::Column::Recipient.eq(new.recipient))
            .filter(entity::letter::Column::Created.lt(stored_ms(oldest)))
            .exec(&step)
            .await?;
        let of_pair = all().filter(entity::letter::Column::Sender.eq(new.sender)).one(&step).await?;
        let put = match of_pair {
            Some(row) if row.id == new.letter.to_string() => Put::Again,
            Some(_) => Put::PairWaits,
            None if all().count(&step).await? >= most => Put::Full,
            None => {
                let row = entity::letter::ActiveModel {
                    recipient: Set(new.recipient.to_owned()),
                    id: Set(new.letter.to_string()),
                    device: Set(new.device.to_string()),
                    sender: Set(new.sender.to_owned()),
                    sealed: Set(new.sealed),
                    created: Set(stored_ms(new.now)),
                };
                match entity::letter::Entity::insert(row).exec_without_returning(&step).await {
                    Ok(_) => Put::Stored,
                    // Somebody else brought the same letter: only the sealer knows its id, so it was passed on.
                    Err(error) if is_unique(&error) => Put::Again,
                    Err(error) => return Err(error),
                }
            }
        };
        step.commit().await?;
        Ok(put)
    }

    /// The letters that wait for a device, oldest first.
    pub(crate) async fn letters(
        &self,
        recipient: &str,
        device: DeviceId,
        oldest: u64,
    ) -> Result<Vec<Letter>, DbErr> {
        let rows = entity::letter::Entity::find()
            .filter(entity::letter::Column::Recipient.eq(recipient))
            .filter(entity::letter::Column::Device.eq(device.to_string()))
            .filter(entity::letter::Column::Created.gte(stored_ms(oldest)))
            .order_by_asc(entity::letter::Column::Created)
            .all(&self.read)
            .await?;
        rows.into_iter()
            .map(|row| {
                let letter = row.id.parse().map_err(|_| broken("letter"))?;
                Ok(Letter { letter, sealed: row.sealed })
            })
            .collect()
    }

    pub(crate) async fn take_letter_out(&self, recipient: &str, letter: LetterId) -> Result<(), DbErr> {
        entity::letter::Entity::delete_by_id((recipient.to_owned(), letter.to_string()))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Throws letters away that are older than `oldest`.
    pub(crate) async fn drop_old_letters(&self, oldest: u64) -> Result<u64, DbErr> {
        let dropped = entity::letter::Entity::delete_many()
            .filter(entity::letter::Column::Created.lt(stored_ms(oldest)))
            .exec(&self.write)
            .await?;
        Ok(dropped.rows_affected)
    }

    /// Letters to devices that an account no longer has can't be opened by anybody.
    pub(crate) async fn drop_letters_to_other_devices(
        &self,
        recipient: &str,
        devices: &[DeviceId],
    ) -> Result<(), DbErr> {
        entity::letter::Entity::delete_many()
            .filter(entity::letter::Column::Recipient.eq(recipient))
            .filter(entity::letter::Column::Device.is_not_in(devices.iter().map(ToString::to_string)))
            .exec(&self.write)
            .await?;
        Ok(())
    }
}
