use crate::cases;

/// One named case: what it checks and what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The promise of `k8s-store` that the case checks, by its number there.
    pub promise: u32,
    /// The module in [`cases`] that holds the case.
    pub group: &'static str,
    /// The name of the case, and of the test that runs it.
    pub name: &'static str,
    /// What the case takes for granted beyond the promises; nearly always nothing.
    pub needs: &'static [Capability],
}

/// What a store may lack, if it says so where it runs the kit.
///
/// The promises hold for every store. These are what some engines cannot give, each with the consequence for callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// A transaction may have 1,000 operations. Every store takes 128 (etcd's default limit).
    LargeTransactions,
    /// A lease may live for less than a second, and ends within a second of its time. Every store grants two seconds.
    ShortLeases,
    /// A watch delivers the previous version even if it was compacted before the event was delivered.
    /// Where it is lacking, [`k8s_store::Event::prev`] may then be absent, as in etcd.
    PrevAcrossCompaction,
}

/// What a store leaves out of the kit, with reasons.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeftOut {
    /// Capabilities that are lacking, and why.
    pub lacking: &'static [(Capability, &'static str)],
    /// Single cases, by name, and why.
    pub except: &'static [(&'static str, &'static str)],
}

impl LeftOut {
    /// Why `case` does not run here, if it does not.
    pub fn reason(&self, case: &Case) -> Option<&'static str> {
        let lacking = self.lacking.iter().find(|(capability, _)| case.needs.contains(capability));
        let except = self.except.iter().find(|(name, _)| *name == case.name);
        lacking.map(|(_, why)| *why).or(except.map(|(_, why)| *why))
    }

    /// Prints each case of `cases` that does not run in `module`, with its reason, past the capture of test output.
    ///
    /// # Panics
    /// When a case is excepted that does not exist, or without a reason.
    pub fn declare(&self, module: &str, cases: &[Case]) {
        for (name, why) in self.except {
            assert!(cases.iter().any(|case| case.name == *name), "there is no case {name}");
            assert!(!why.is_empty(), "{name} is left out without a reason");
        }
        let left: Vec<_> = cases.iter().filter_map(|case| self.reason(case).map(|why| (case, why))).collect();
        for (case, why) in &left {
            say(&format!("LEFT OUT of {module}: {} (promise {}): {why}", case.name, case.promise));
        }
        say(&format!("{module}: {} cases compared, {} left out", cases.len() - left.len(), left.len()));
    }
}

/// Writes a line that the test harness does not swallow: what is left out must be seen.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _nobody_reads = writeln!(std::io::stderr(), "{line}");
}

/// Every case of the kit, in the order of the lists.
pub fn all() -> Vec<Case> {
    [cases::STORE, cases::LEASES, cases::MAINTENANCE, cases::REOPENING].concat()
}
