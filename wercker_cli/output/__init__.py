"""Everything a person or a pipe sees. Writes only to the stream it is given."""
