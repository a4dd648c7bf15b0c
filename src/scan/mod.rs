//! Plans a scan and runs it: concurrency, deadlines, progress, resume.
