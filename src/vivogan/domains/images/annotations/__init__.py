"""What people draw on images (dots, boxes, outlines, masks): read from every common format, checked, written."""
