use k8s_store::{Compare, Error, Field, KeyRange, Op, Put, RangeOptions, Store, Txn};

use crate::Encrypted;

/// How many keys are looked at with one read.
const PAGE: usize = 500;

/// What a rewrite did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// How many keys were looked at.
    pub seen: u64,
    /// How many were encrypted anew: they were under another key than the current one, or not encrypted.
    pub rewritten: u64,
    /// How many somebody else wrote meanwhile, which encrypted them anew as well.
    pub overtaken: u64,
}

impl<S: Store> Encrypted<S> {
    /// Encrypts the values of `range` under the provider's current key where they are not, so that older keys can be
    /// taken away once the history that needs them is compacted.
    ///
    /// Each rewritten value is a new version of its key, which watches see; its lease stays. Others go on reading and
    /// writing meanwhile.
    ///
    /// # Errors
    /// Those of [`Store::txn`]. What was rewritten stays so; calling again goes on.
    ///
    /// # Cancellation
    /// Dropping the future leaves some values rewritten and the others not.
    pub async fn rewrite(&self, range: KeyRange) -> Result<Rewritten, Error> {
        let (mut range, mut done) = (range, Rewritten::default());
        loop {
            let page = self.store.range(range.clone(), RangeOptions::latest().limit(PAGE)).await?;
            for stored in &page.items {
                done.seen += 1;
                if self.keys.is_current(&stored.value) {
                    continue;
                }
                let openers = self.keys.openers(vec![stored.value.clone()]).await?;
                let value = self.keys.open(&openers, &stored.key, &stored.value)?;
                let put = Put { lease: Field::Keep, ..Put::new(stored.key.clone(), value) };
                let unchanged = Compare::unchanged(stored.key.clone(), stored.mod_revision);
                let outcome = self.txn(Txn::when([unchanged]).then(Op::Put(put))).await?;
                if outcome.succeeded {
                    done.rewritten += 1;
                } else {
                    done.overtaken += 1;
                }
            }
            match page.items.last() {
                Some(last) if page.more => range = range.after(&last.key),
                _ => return Ok(done),
            }
        }
    }
}
