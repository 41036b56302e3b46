"""What people ask of sequences: how active they are. A task is one object; ``domains/tasks`` trains and opens it."""
