//! The strategies through their public interface, against what a real server answered.

mod golden;
