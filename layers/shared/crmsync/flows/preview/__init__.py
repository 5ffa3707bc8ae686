"""What a sync would do, worked out on real records without writing anything."""
