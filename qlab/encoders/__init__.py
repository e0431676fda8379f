"""Frozen classical blocks: fitted once on the training images, then fixed functions from images to features."""
