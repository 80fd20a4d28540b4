//! What is written to disk: runs, trials, attempts, usage, cost, scores.
