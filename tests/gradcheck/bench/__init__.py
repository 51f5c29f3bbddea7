"""A bench of wrong and right backwards, to measure gradient checkers with."""
