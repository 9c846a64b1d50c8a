"""The contracts: a module each. `base` is what they share."""
