//! Takes one snapshot of a machine and writes one bundle.
