"""The three-way merge of one pair of records, and the ruleset that it follows."""
