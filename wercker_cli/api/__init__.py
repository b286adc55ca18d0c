"""The runs API v3: a method an endpoint, over whatever carries it."""
