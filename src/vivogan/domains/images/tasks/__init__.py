"""What people ask of images: count, segment, classify. A task is one object; training and opening are written once."""
