//! Items that no single file holds, and the functions that rows of the catalogue point at.

pub mod address_space;
pub mod audit;
pub mod auxv;
pub mod cgroup_tree;
pub mod clocks;
pub mod container_config;
pub mod containers;
pub mod environment;
pub mod gate;
pub mod identity;
pub mod kernel_config;
pub mod kmsg;
pub mod mounts;
pub mod processes;
pub mod syslog;
pub mod tmpfs;
pub mod top_processes;
pub mod units;
pub mod view;
pub mod virtualisation;
pub mod vmalloc;
