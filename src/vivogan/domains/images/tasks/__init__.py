"""What people ask of images: count, segment, classify. A task is one object; ``domains/tasks`` trains and opens it."""
