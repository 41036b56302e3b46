"""Tools trained on annotated images: count, segment, classify; each is a folder with a report."""
