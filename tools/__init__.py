"""Programs that record what real servers say, and that write the tables in docs/."""
