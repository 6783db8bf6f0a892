use std::cmp::Ordering;

use bytes::Bytes;
use k8s_store::{KeyRange, KeyValue, Page, RangeOptions, Revision};
use k8s_store_etcd_proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use k8s_store_etcd_proto::etcdserverpb::{RangeRequest, RangeResponse, ResponseHeader};
use tonic::Status;

use super::{key_range, key_value};
use crate::status;

/// A read as the store does it, and what is done with its answer.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) range: KeyRange,
    pub(crate) options: RangeOptions,
    arrange: Option<Box<Arrange>>,
}

/// What etcd does with the items of a range that no index helps with.
#[derive(Debug)]
struct Arrange {
    limit: usize,
    keys_only: bool,
    sort: Option<(SortTarget, SortOrder)>,
    /// The revisions wanted: modification, creation; zero is no bound.
    modified: (i64, i64),
    created: (i64, i64),
}

impl Read {
    /// # Errors
    /// What etcd refuses whatever it holds.
    pub(crate) fn decode(request: RangeRequest) -> Result<Self, Status> {
        if request.key.is_empty() {
            return Err(status::empty_key());
        }
        // An order that does not exist is none to etcd; such a target is the end of its process.
        let order = SortOrder::try_from(request.sort_order).unwrap_or(SortOrder::None);
        let target = SortTarget::try_from(request.sort_target).map_err(|_| status::invalid_sort_option())?;
        let limit = usize::try_from(request.limit).unwrap_or(0);
        let mut options = RangeOptions {
            revision: u64::try_from(request.revision).ok().filter(|revision| *revision > 0).map(Revision),
            limit,
            keys_only: request.keys_only,
            count_only: request.count_only,
        };
        // Keys come in ascending order by themselves.
        let sort = match (target, order) {
            (SortTarget::Key, SortOrder::None | SortOrder::Ascend) => None,
            (target, SortOrder::None) => Some((target, SortOrder::Ascend)),
            sort => Some(sort),
        };
        let modified = (request.min_mod_revision, request.max_mod_revision);
        let created = (request.min_create_revision, request.max_create_revision);
        let bounded = (modified, created) != ((0, 0), (0, 0));
        if (sort.is_none() && !bounded) || options.count_only {
            return Ok(Self { range: key_range(request.key, request.range_end), options, arrange: None });
        }
        // An order or bounds need all items. With a target alone etcd sorts what the limit leaves, and one more.
        if order != SortOrder::None || bounded {
            options.limit = 0;
        } else if limit > 0 {
            options.limit = limit.saturating_add(1);
        }
        options.keys_only = request.keys_only && target != SortTarget::Value;
        let arrange = Arrange { limit, keys_only: request.keys_only, sort, modified, created };
        let range = key_range(request.key, request.range_end);
        Ok(Self { range, options, arrange: Some(Box::new(arrange)) })
    }

    /// What the store is asked, and what is then done with its answer.
    pub(crate) fn split(self) -> (KeyRange, RangeOptions, Answer) {
        (self.range, self.options, Answer(self.arrange))
    }
}

/// What is done with the answer to a read.
#[derive(Debug)]
pub(crate) struct Answer(Option<Box<Arrange>>);

impl Answer {
    pub(crate) fn encode(self, mut page: Page, header: ResponseHeader) -> RangeResponse {
        if let Some(arrange) = self.0 {
            arrange.apply(&mut page);
        }
        RangeResponse {
            header: Some(header),
            kvs: page.items.into_iter().map(key_value).collect(),
            more: page.more,
            count: page.count as i64,
        }
    }
}

impl Arrange {
    fn apply(&self, page: &mut Page) {
        let within = |revision: Revision, (min, max): (i64, i64)| {
            let revision = revision.0 as i64;
            (min == 0 || revision >= min) && (max == 0 || revision <= max)
        };
        page.items.retain(|kv| within(kv.mod_revision, self.modified) && within(kv.create_revision, self.created));
        if let Some((target, order)) = self.sort {
            page.items.sort_by(|a, b| match order {
                SortOrder::Descend => compare(target, b, a),
                _ => compare(target, a, b),
            });
        }
        if self.limit > 0 && page.items.len() > self.limit {
            page.items.truncate(self.limit);
            page.more = true;
        }
        if self.keys_only {
            page.items.iter_mut().for_each(|kv| kv.value = Bytes::new());
        }
    }
}

fn compare(target: SortTarget, a: &KeyValue, b: &KeyValue) -> Ordering {
    match target {
        SortTarget::Key => a.key.cmp(&b.key),
        SortTarget::Version => a.version.cmp(&b.version),
        SortTarget::Create => a.create_revision.cmp(&b.create_revision),
        SortTarget::Mod => a.mod_revision.cmp(&b.mod_revision),
        SortTarget::Value => a.value.cmp(&b.value),
    }
}
