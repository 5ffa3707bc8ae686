"""Jobs that walk through many records, in turns that fit into a Lambda invocation."""
