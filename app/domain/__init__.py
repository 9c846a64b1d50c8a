"""What the system knows about users, messages and presence; no socket, file or clock of its own."""
