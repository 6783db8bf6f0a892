use crate::cases;

/// One named case: what it checks and what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case<A: 'static = Ability> {
    /// The promise that the case checks, by its number on the front page of the crate that makes it.
    pub promise: u32,
    /// The module in [`cases`] that holds the case.
    pub group: &'static str,
    /// The name of the case, and of the test that runs it.
    pub name: &'static str,
    /// What the case needs beyond a server and its administrator; nearly always nothing.
    pub needs: &'static [A],
}

/// What a [`Subject`](crate::Subject) may lack; cases that need it are left out, which is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// Requests of others than the administrator: [`Subject::stranger()`](crate::Subject::stranger()).
    Strangers,
    /// A revision that the server has forgotten: [`Subject::forgotten()`](crate::Subject::forgotten()).
    Forgetting,
    /// A node whose agent is a [`Talker`](crate::Talker): [`Subject::node()`](crate::Subject::node()).
    Logs,
}

/// Every case of the kit, in the order of the lists.
pub fn all() -> Vec<Case> {
    [cases::TRANSPORT, cases::NODES].concat()
}
