//! Groups to text: log lines, trace trees, causes
