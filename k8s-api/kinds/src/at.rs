use std::fmt;

/// Where validation stands in an object, kept on the stack: costs nothing until an error prints it.
///
/// Every step borrows the one before, so a walk over a thousand valid fields allocates no path. The constructors of
/// [`k8s_api::field::Error`] take it as it is.
///
/// ```
/// use k8s_api_kinds::At;
/// let spec = At::new("spec");
/// let ports = spec.child("ports");
/// assert_eq!(ports.index(2).child("name").to_string(), "spec.ports[2].name");
/// ```
#[derive(Clone, Copy)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Index(usize),
    Key(&'a str),
    Other(&'a dyn fmt::Display),
}

impl<'a> At<'a> {
    /// The object as a whole.
    pub const ROOT: At<'static> = At { parent: None, step: Step::Root };

    /// A field at the top.
    pub const fn new(name: &'a str) -> Self {
        Self { parent: None, step: Step::Field(name) }
    }

    /// A place that another path names, to go on from there.
    pub const fn under(path: &'a dyn fmt::Display) -> Self {
        Self { parent: None, step: Step::Other(path) }
    }

    /// A field below this place.
    pub const fn child(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Field(name) }
    }

    /// An element of the list at this place.
    pub const fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    /// An entry of the map at this place.
    pub const fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Key(key) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if matches!(self.step, Step::Field(_)) && !matches!(parent.step, Step::Root) {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key}]"),
            Step::Other(path) => path.fmt(f),
        }
    }
}

impl fmt::Debug for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At({self})")
    }
}
