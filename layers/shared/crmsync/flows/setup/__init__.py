"""Setting a connection up and checking it, part by part."""
