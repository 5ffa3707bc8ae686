"""The settings file, its stored rows and its error texts."""
