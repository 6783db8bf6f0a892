use std::fmt;

use k8s_store::Revision;

/// The name of a file of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The contents as of a revision, which the log goes on from.
    Base(Revision),
    /// A part of the log, by its number.
    Log(u64),
    /// A part of the log that is not needed any more, kept to be written over.
    Spare(u64),
}

impl Name {
    /// What `name` names; none if it is no file of a store.
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, number) = name.split_once('-')?;
        let number = u64::from_str_radix(number, 16).ok()?;
        let parsed = match kind {
            "base" => Self::Base(Revision(number)),
            "log" => Self::Log(number),
            "spare" => Self::Spare(number),
            _ => return None,
        };
        (parsed.to_string() == name).then_some(parsed)
    }

    /// What a file is called while it is made.
    pub fn unfinished(self) -> String {
        format!("{self}.new")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base(revision) => write!(f, "base-{:016x}", revision.0),
            Self::Log(number) => write!(f, "log-{number:016x}"),
            Self::Spare(number) => write!(f, "spare-{number:016x}"),
        }
    }
}
