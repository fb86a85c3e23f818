//! Killed while rows go: the next command finishes it, and nothing is half gone.
