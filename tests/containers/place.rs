//! Which view of the machine the collector had.
