use std::collections::BTreeSet;

use crate::{Error, KeyRange, Op, Txn};

/// What a list of operations can change, whichever branches inside are taken.
#[derive(Default)]
struct Changes<'a> {
    puts: BTreeSet<&'a [u8]>,
    deletes: Vec<&'a KeyRange>,
}

pub(super) fn check(txn: &Txn) -> Result<(), Error> {
    for branch in [&txn.then, &txn.otherwise] {
        match &branch[..] {
            // The shape of nearly all transactions needs no set.
            [] | [Op::Range(..) | Op::Delete(_)] => {}
            [Op::Put(put)] => key_is_given(&put.key)?,
            ops => drop(Changes::of(ops)?),
        }
    }
    Ok(())
}

impl<'a> Changes<'a> {
    fn of(ops: &'a [Op]) -> Result<Self, Error> {
        let mut all = Self::default();
        for op in ops {
            match op {
                Op::Put(put) => {
                    key_is_given(&put.key)?;
                    all.put(&put.key)?;
                }
                Op::Delete(delete) => all.delete(&delete.range)?,
                Op::Range(..) => {}
                Op::Txn(txn) => {
                    // The two branches exclude each other, so they may change the same keys, but none that the
                    // operations around them change.
                    let (then, otherwise) = (Self::of(&txn.then)?, Self::of(&txn.otherwise)?);
                    let puts: BTreeSet<_> = then.puts.union(&otherwise.puts).copied().collect();
                    puts.into_iter().try_for_each(|key| all.conflicts_with_put(key))?;
                    then.deletes.iter().chain(&otherwise.deletes).try_for_each(|r| all.conflicts_with_delete(r))?;
                    all.puts.extend(then.puts);
                    all.puts.extend(otherwise.puts);
                    all.deletes.extend(then.deletes);
                    all.deletes.extend(otherwise.deletes);
                }
            }
        }
        Ok(all)
    }

    fn put(&mut self, key: &'a [u8]) -> Result<(), Error> {
        self.conflicts_with_put(key)?;
        self.puts.insert(key);
        Ok(())
    }

    fn delete(&mut self, range: &'a KeyRange) -> Result<(), Error> {
        self.conflicts_with_delete(range)?;
        self.deletes.push(range);
        Ok(())
    }

    fn conflicts_with_put(&self, key: &[u8]) -> Result<(), Error> {
        let twice = self.puts.contains(key) || self.deletes.iter().any(|range| range.contains(key));
        if twice { Err(changed_twice(key)) } else { Ok(()) }
    }

    fn conflicts_with_delete(&self, range: &KeyRange) -> Result<(), Error> {
        if range.is_empty() {
            return Ok(());
        }
        self.puts.range::<[u8], _>(range.bounds()).next().map_or(Ok(()), |key| Err(changed_twice(key)))
    }
}

fn key_is_given(key: &[u8]) -> Result<(), Error> {
    if key.is_empty() { Err(Error::invalid("a key is empty")) } else { Ok(()) }
}

fn changed_twice(key: &[u8]) -> Error {
    Error::invalid(format!("one transaction would change {:?} twice", String::from_utf8_lossy(key)))
}
