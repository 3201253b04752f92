"""Recipes, one a file."""
