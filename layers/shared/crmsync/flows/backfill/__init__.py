"""Jobs that sync many records, in turns that fit into a Lambda invocation."""
