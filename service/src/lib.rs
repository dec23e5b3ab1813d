//! The running service and the command line.
