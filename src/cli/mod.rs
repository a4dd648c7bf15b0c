//! One file a subcommand, no logic of its own.
