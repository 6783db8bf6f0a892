use k8s_store::engine::Fill;
use k8s_store::{Error, Revision};

use super::End;
use super::parts::Step;
use crate::failure::corrupt;
use crate::format::{Name, Record};

/// Runs the log again.
pub(super) struct Replay<'a> {
    fill: &'a mut Fill,
    base: Revision,
    pub(super) frames: u64,
    /// Of the parts that were run to their end.
    pub(super) ends: Vec<End>,
}

impl<'a> Replay<'a> {
    /// Goes on from `base`, which `fill` holds.
    pub(super) fn new(fill: &'a mut Fill, base: Revision) -> Self {
        Self { fill, base, frames: 0, ends: Vec::new() }
    }

    pub(super) fn step(&mut self, step: Step) -> Result<(), Error> {
        for (at, records) in step.frames {
            for record in records {
                let wrong = |what| corrupt(format!("{}: frame at byte {at} {what}", Name::Log(step.part)));
                self.record(record).map_err(wrong)?;
            }
            self.frames += 1;
        }
        self.ends.extend(step.end.map(|end| End { last: self.fill.revision(), ..end }));
        Ok(())
    }

    fn record(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::Txn { revision, .. } if revision <= self.base => {}
            Record::Txn { revision, changes } => {
                let expected = self.fill.revision().next();
                if revision != expected {
                    return Err(format!("has revision {revision} instead of {expected}"));
                }
                self.fill.txn(changes);
                if self.fill.revision() != revision {
                    return Err(format!("has revision {revision}, which changes nothing"));
                }
            }
            Record::Compact(revision) => self.fill.compact(revision),
            Record::Grant(id, ttl) => self.fill.grant(id, ttl).map_err(|error| error.to_string())?,
            Record::EndLease(id) => self.fill.end_lease(id),
            Record::Closed => {}
            Record::GoesOn(part) => {
                return Err(format!("says that the log goes on in {}, which is missing", Name::Log(part)));
            }
        }
        Ok(())
    }
}
