"""How long each page of the console takes while much is stored."""
