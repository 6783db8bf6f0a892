use crate::cases;

/// One named case: which promise of `k8s-api-server` it checks, and what it needs.
pub type Case = k8s_api_client_testkit::Case<Ability>;

/// What a subject may lack; cases that need it are left out, which is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// An authorizer that denies something: [`Authorizing::denies`](crate::Authorizing::denies).
    Denials,
    /// An authenticator that does not know everybody: all but those of
    /// [`Authenticating::knows_everybody`](crate::Authenticating::knows_everybody).
    Strangers,
    /// A plugin that accepts something: [`Admitting::accepts`](crate::Admitting::accepts).
    Acceptances,
    /// A plugin that refuses something: [`Admitting::refuses`](crate::Admitting::refuses).
    Refusals,
    /// A plugin that has nothing to say of a kind that it does not know: all but those of
    /// [`Admitting::minds_every_kind`](crate::Admitting::minds_every_kind).
    ForeignKinds,
}

/// Every case of the kit, in the order of the lists.
pub fn all() -> Vec<Case> {
    [cases::AUTHORIZER, cases::AUTHENTICATOR, cases::ADMISSION].concat()
}
