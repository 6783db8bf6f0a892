use std::any::{Any, TypeId};
use std::fmt;

/// What plugins remember within one attempt to schedule one pod.
///
/// A plugin writes a value of a type of its own in `PreFilter` or `PreScore` and reads it for every node after.
/// Cloning copies every value: preemption asks "what if" on such a copy, so values that `PreFilterExtensions` changes
/// must be deep.
#[derive(Default)]
pub struct CycleState {
    // A profile writes a dozen values at most, so a scan over type ids beats hashing.
    entries: Vec<(TypeId, Box<dyn Slot>)>,
}

trait Slot: Send + Sync {
    fn clone_slot(&self) -> Box<dyn Slot>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<T: Any + Clone + Send + Sync> Slot for T {
    fn clone_slot(&self) -> Box<dyn Slot> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl CycleState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes `value`, replacing an earlier value of the same type.
    pub fn insert<T: Any + Clone + Send + Sync>(&mut self, value: T) {
        let id = TypeId::of::<T>();
        let slot: Box<dyn Slot> = Box::new(value);
        match self.entries.iter_mut().find(|(known, _)| *known == id) {
            Some((_, old)) => *old = slot,
            None => self.entries.push((id, slot)),
        }
    }

    /// Reads the value of type `T`.
    pub fn get<T: Any>(&self) -> Option<&T> {
        let id = TypeId::of::<T>();
        let (_, slot) = self.entries.iter().find(|(known, _)| *known == id)?;
        (**slot).as_any().downcast_ref()
    }

    /// Changes the value of type `T`.
    pub fn get_mut<T: Any>(&mut self) -> Option<&mut T> {
        let id = TypeId::of::<T>();
        let (_, slot) = self.entries.iter_mut().find(|(known, _)| *known == id)?;
        (**slot).as_any_mut().downcast_mut()
    }
}

impl Clone for CycleState {
    fn clone(&self) -> Self {
        Self { entries: self.entries.iter().map(|(id, slot)| (*id, (**slot).clone_slot())).collect() }
    }
}

impl fmt::Debug for CycleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CycleState").field("values", &self.entries.len()).finish()
    }
}
