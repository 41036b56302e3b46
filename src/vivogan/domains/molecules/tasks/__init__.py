"""What people ask of molecules: how active, how toxic. A task is one object; ``domains/tasks`` trains and opens it."""
