"""Which fields correspond, how their values compare, and how a value crosses to the other side."""
