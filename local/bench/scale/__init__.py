"""How cost grows with contacts, mapped fields and connections, and what a Bulk API would save."""
