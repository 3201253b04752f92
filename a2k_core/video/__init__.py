"""Clips: what the frames of one video share, and what a frame takes from the one before."""
