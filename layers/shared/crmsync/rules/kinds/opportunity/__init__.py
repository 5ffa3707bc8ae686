"""Rules of deals and opportunities."""
